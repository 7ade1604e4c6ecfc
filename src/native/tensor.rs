//! Tensors, and their types before the number of rows is known.

use super::invalid;
use crate::LexLearningError;

/// Elements of a row in all tensors of a model together, or in all of its constants: 128 MB.
pub(super) const MAX_ELEMENTS: usize = 1 << 24;

/// What the elements are. All are kept as float64, which holds each of the others exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Double,
    Single,
    Integer,
    Truth,
}

impl Kind {
    /// By ONNX's number of an element type.
    pub(super) fn from_code(code: i64) -> Result<Self, LexLearningError> {
        match code {
            1 => Ok(Self::Single),
            7 => Ok(Self::Integer),
            9 => Ok(Self::Truth),
            11 => Ok(Self::Double),
            _ => Err(invalid(&format!("element type {code} is none of float, double, int64 and bool"))),
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::Double | Self::Single)
    }

    /// The value as this kind would hold it.
    pub(super) fn hold(self, value: f64) -> f64 {
        match self {
            Self::Double => value,
            #[expect(clippy::cast_possible_truncation, reason = "the rounding is what is asked for")]
            Self::Single => f64::from(value as f32),
            Self::Integer => value.trunc(),
            Self::Truth => f64::from(u8::from(value != 0.0)),
        }
    }
}

/// Numbers with a shape, the last dimension without gaps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) kind: Kind,
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f64>,
}

/// The length of a dimension: of one of them it may be the number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Rows,
    Fixed(usize),
}

/// What is known of a tensor when the model is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) kind: Kind,
    pub(super) shape: Vec<Size>,
}

impl Type {
    /// Refuses what would be too large, empty, or hold something for each pair of rows.
    pub(super) fn new(kind: Kind, shape: Vec<Size>) -> Result<Self, LexLearningError> {
        let given = Self { kind, shape };
        let elements = given.fixed().try_fold(1_usize, usize::checked_mul);
        let rows = given.shape.iter().filter(|&&size| size == Size::Rows).count();
        match elements {
            Some(1..=MAX_ELEMENTS) if rows <= 1 && given.shape.len() <= 8 => Ok(given),
            _ => Err(invalid(&format!("a tensor has the shape {:?}", given.shape))),
        }
    }

    pub(super) fn of(tensor: &Tensor) -> Result<Self, LexLearningError> {
        Self::new(tensor.kind, tensor.shape.iter().map(|&size| Size::Fixed(size)).collect())
    }

    fn fixed(&self) -> impl Iterator<Item = usize> {
        self.shape.iter().filter_map(|&size| if let Size::Fixed(size) = size { Some(size) } else { None })
    }

    /// Elements of one row.
    pub(super) fn elements(&self) -> usize {
        self.fixed().product()
    }

    pub(super) fn with_rows(&self, rows: usize) -> Vec<usize> {
        self.shape.iter().map(|&size| if let Size::Fixed(size) = size { size } else { rows }).collect()
    }

    /// The place of an axis that may count from the end. The rows are no axis: what one becomes must not depend on others.
    pub(super) fn axis(&self, axis: i64) -> Result<(usize, usize), LexLearningError> {
        let place = place(axis, self.shape.len())?;
        match self.shape[place] {
            Size::Fixed(size) => Ok((place, size)),
            Size::Rows => Err(invalid("an operator mixes rows")),
        }
    }
}

/// An axis that may count from the end, as an index.
pub(super) fn place(axis: i64, dimensions: usize) -> Result<usize, LexLearningError> {
    let from_end = i64::try_from(dimensions).ok().and_then(|count| axis.checked_add(count));
    let place = if axis < 0 { from_end } else { Some(axis) };
    place
        .and_then(|place| usize::try_from(place).ok())
        .filter(|&place| place < dimensions)
        .ok_or_else(|| invalid(&format!("axis {axis} of {dimensions}")))
}

/// The shape that two shapes are stretched to, counted from the last dimension, as `NumPy` does.
pub(super) fn broadcast(first: &[Size], second: &[Size]) -> Result<Vec<Size>, LexLearningError> {
    let (long, short) = if first.len() < second.len() { (second, first) } else { (first, second) };
    let mut shape = long.to_vec();
    let skipped = long.len() - short.len();
    for (size, &other) in shape[skipped..].iter_mut().zip(short) {
        if *size == Size::Fixed(1) {
            *size = other;
        } else if *size != other && other != Size::Fixed(1) {
            return Err(invalid(&format!("shapes {first:?} and {second:?} do not fit")));
        }
    }
    Ok(shape)
}

/// How far apart the elements of a tensor are, dimension by dimension of the shape that it is stretched to.
pub(super) fn strides(from: &[usize], to: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; to.len()];
    let mut stride = 1;
    for (place, &size) in from.iter().enumerate().rev() {
        if size != 1 {
            strides[place + to.len() - from.len()] = stride;
        }
        stride *= size;
    }
    strides
}
