//! Operators that move elements and compute nothing.

use super::super::invalid;
use super::super::onnx::Node;
use super::super::tensor::{Kind, Size, Tensor, Type, broadcast, place, strides};
use super::runs::runs;
use super::{Built, Inputs, Operator, whole};
use crate::LexLearningError;

/// An operator that moves elements.
#[derive(Debug)]
pub(in super::super) enum Movement {
    /// The same elements in another shape.
    View,
    /// Repeats elements.
    Stretch,
    /// The input's dimension for each of the output's.
    Transpose(Vec<usize>),
    /// Along an axis.
    Concatenate(usize),
    /// Elements of the first input along an axis, by the indices in the second.
    Gather(usize),
}

pub(super) fn build(node: &Node<'_>, inputs: &Inputs<'_>) -> Result<Built, LexLearningError> {
    let given = inputs.at(0)?.kind;
    let (movement, count, shape) = match inputs.name {
        "Identity" => (Movement::View, 1, given.shape.clone()),
        "Reshape" if node.integer("allowzero")?.unwrap_or_default() == 0 => {
            (Movement::View, 1, reshaped(given, &inputs.integers(1)?)?)
        }
        "Unsqueeze" => (Movement::View, 1, unsqueezed(given, &inputs.integers(1)?)?),
        "Squeeze" => (Movement::View, 1, squeezed(given, &inputs.integers(1)?)?),
        "Expand" => {
            let sizes = inputs.integers(1)?;
            let sizes = sizes.iter().map(|&size| usize::try_from(size).map(Size::Fixed)).collect::<Result<Vec<_>, _>>();
            let sizes = sizes.map_err(|_| invalid("an operator Expand has a negative size"))?;
            (Movement::Stretch, 1, broadcast(&given.shape, &sizes)?)
        }
        "Transpose" => {
            let order = order(&node.integers("perm").collect::<Result<Vec<_>, _>>()?, given.shape.len())?;
            let shape = order.iter().map(|&place| given.shape[place]).collect();
            (Movement::Transpose(order), 1, shape)
        }
        "Concat" => {
            let (axis, shape) = concatenated(node, inputs)?;
            (Movement::Concatenate(axis), inputs.given.len(), shape)
        }
        "Gather" => {
            let (axis, _) = given.axis(node.integer("axis")?.unwrap_or_default())?;
            let indices = inputs.at(1)?.kind;
            if indices.kind != Kind::Integer {
                return inputs.refuse(1);
            }
            let shape = [&given.shape[..axis], &indices.shape, &given.shape[axis + 1..]].concat();
            (Movement::Gather(axis), 2, shape)
        }
        name => return Err(invalid(&format!("an operator {name} has a setting that is not supported"))),
    };
    Ok(Built::new(Operator::Movement(movement), count, Type::new(given.kind, shape)?))
}

/// A size of 0 keeps the input's, and -1 is what remains.
fn reshaped(given: &Type, sizes: &[i64]) -> Result<Vec<Size>, LexLearningError> {
    let unfit = || invalid(&format!("the shape {:?} cannot become {sizes:?}", given.shape));
    let mut shape = Vec::with_capacity(sizes.len());
    let mut open = None;
    for (place, &size) in sizes.iter().enumerate() {
        shape.push(match size {
            0 => *given.shape.get(place).ok_or_else(unfit)?,
            -1 if open.is_none() => {
                open = Some(place);
                Size::Fixed(1)
            }
            size => Size::Fixed(usize::try_from(size).map_err(|_| unfit())?),
        });
    }
    let product = |shape: &[Size]| {
        let fixed = shape.iter().map(|&size| if let Size::Fixed(size) = size { size } else { 1 });
        fixed.into_iter().try_fold(1_usize, usize::checked_mul).ok_or_else(unfit)
    };
    let rows = |shape: &[Size]| shape.iter().position(|&size| size == Size::Rows);
    let (elements, known) = (given.elements(), product(&shape)?.max(1));
    if let Some(open) = open {
        let is_rows = rows(&given.shape).is_some() && rows(&shape).is_none();
        shape[open] = if is_rows { Size::Rows } else { Size::Fixed(elements / known) };
    }
    // The elements of a row must stay together.
    let before = |shape: &[Size]| rows(shape).map(|place| product(&shape[..place])).transpose();
    if product(&shape)? != elements || before(&shape)? != before(&given.shape)? {
        return Err(unfit());
    }
    Ok(shape)
}

fn unsqueezed(given: &Type, axes: &[i64]) -> Result<Vec<Size>, LexLearningError> {
    let count = given.shape.len() + axes.len().min(8);
    let places = axes.iter().map(|&axis| place(axis, count)).collect::<Result<Vec<_>, _>>()?;
    let mut kept = given.shape.iter();
    let shape: Vec<Size> = (0..count)
        .filter_map(|place| if places.contains(&place) { Some(Size::Fixed(1)) } else { kept.next().copied() })
        .collect();
    if shape.len() == given.shape.len() + axes.len() && kept.next().is_none() {
        return Ok(shape);
    }
    Err(invalid(&format!("axes {axes:?} of an operator Unsqueeze")))
}

fn squeezed(given: &Type, axes: &[i64]) -> Result<Vec<Size>, LexLearningError> {
    let places = axes.iter().map(|&axis| place(axis, given.shape.len())).collect::<Result<Vec<_>, _>>()?;
    if places.iter().any(|&place| given.shape[place] != Size::Fixed(1)) {
        return Err(invalid(&format!("axes {axes:?} of an operator Squeeze")));
    }
    let kept = given.shape.iter().enumerate().filter(|(place, _)| !places.contains(place));
    Ok(kept.map(|(_, &size)| size).collect())
}

fn order(order: &[i64], dimensions: usize) -> Result<Vec<usize>, LexLearningError> {
    if order.is_empty() {
        return Ok((0..dimensions).rev().collect());
    }
    let places = order.iter().map(|&axis| place(axis, dimensions)).collect::<Result<Vec<_>, _>>()?;
    if places.len() == dimensions && (0..dimensions).all(|place| places.contains(&place)) {
        return Ok(places);
    }
    Err(invalid(&format!("the order {order:?} of an operator Transpose")))
}

fn concatenated(node: &Node<'_>, inputs: &Inputs<'_>) -> Result<(usize, Vec<Size>), LexLearningError> {
    let first = inputs.at(0)?.kind;
    let axis = node.integer("axis")?.ok_or_else(|| invalid("an operator Concat has no axis"))?;
    let (axis, mut total) = first.axis(axis)?;
    for index in 1..inputs.given.len() {
        let other = inputs.at(index)?.kind;
        let mut expected = first.shape.clone();
        match other.shape.get(axis) {
            Some(&Size::Fixed(size)) => {
                expected[axis] = Size::Fixed(size);
                total = total.saturating_add(size);
            }
            _ => return inputs.refuse(index),
        }
        if other.shape != expected || other.kind != first.kind {
            return inputs.refuse(index);
        }
    }
    let mut shape = first.shape.clone();
    shape[axis] = Size::Fixed(total);
    Ok((axis, shape))
}

impl Movement {
    pub(super) fn evaluate(&self, inputs: &[&Tensor], shape: &[usize]) -> Result<Vec<f64>, LexLearningError> {
        match self {
            Self::View => Ok(inputs[0].values.clone()),
            Self::Stretch => Ok(stretched(inputs[0], shape)),
            Self::Transpose(order) => Ok(transposed(inputs[0], order, shape)),
            Self::Concatenate(axis) => Ok(joined(inputs, *axis, shape)),
            Self::Gather(axis) => gathered(inputs[0], inputs[1], *axis, shape),
        }
    }
}

fn stretched(tensor: &Tensor, shape: &[usize]) -> Vec<f64> {
    let mut values = Vec::with_capacity(shape.iter().product());
    runs([tensor], shape, |[start], [step], length| {
        values.extend((0..length).map(|index| tensor.values[start + index * step]));
    });
    values
}

fn transposed(tensor: &Tensor, order: &[usize], shape: &[usize]) -> Vec<f64> {
    let own = strides(&tensor.shape, &tensor.shape);
    let mut places = vec![0];
    for (&from, &size) in order.iter().zip(shape) {
        let mut next = Vec::with_capacity(places.len() * size);
        for place in &places {
            next.extend((0..size).map(|index| place + index * own[from]));
        }
        places = next;
    }
    places.into_iter().map(|place| tensor.values[place]).collect()
}

fn joined(inputs: &[&Tensor], axis: usize, shape: &[usize]) -> Vec<f64> {
    let outer: usize = shape[..axis].iter().product();
    let widths: Vec<usize> = inputs.iter().map(|input| input.shape[axis..].iter().product()).collect();
    let mut values = Vec::with_capacity(shape.iter().product());
    for row in 0..outer {
        for (input, width) in inputs.iter().zip(&widths) {
            values.extend_from_slice(&input.values[row * width..][..*width]);
        }
    }
    values
}

fn gathered(data: &Tensor, indices: &Tensor, axis: usize, shape: &[usize]) -> Result<Vec<f64>, LexLearningError> {
    let size = data.shape[axis];
    let outer: usize = data.shape[..axis].iter().product();
    let inner: usize = data.shape[axis + 1..].iter().product();
    let places = indices.values.iter().map(|&index| place(whole(index)?, size));
    let places = places.collect::<Result<Vec<_>, _>>().map_err(|_| {
        LexLearningError::InferenceError(
            "the row leads to a place outside the model's tables. Check its values.".into(),
        )
    })?;
    let mut values = Vec::with_capacity(shape.iter().product());
    for block in data.values.chunks_exact(size * inner).take(outer) {
        if inner == 1 {
            values.extend(places.iter().map(|&place| block[place]));
        } else {
            for place in &places {
                values.extend_from_slice(&block[place * inner..][..inner]);
            }
        }
    }
    Ok(values)
}
