//! Operators along one axis.

use super::super::invalid;
use super::super::onnx::Node;
use super::super::tensor::{Kind, Size, Tensor, Type};
use super::{Built, Inputs, Operator};
use crate::LexLearningError;

/// An operator along an axis.
#[derive(Debug)]
pub(in super::super) enum Reduction {
    Sum(usize),
    Most(usize),
    Mean(usize),
    /// Shares of the exponentials along the last axis.
    Softmax,
    Top(Top),
}

/// The least or the most elements along the last axis, in order, and where they were.
#[derive(Debug)]
pub(in super::super) struct Top {
    count: usize,
    largest: bool,
}

pub(super) fn build(node: &Node<'_>, inputs: &Inputs<'_>) -> Result<Built, LexLearningError> {
    let given = inputs.at(0)?.kind;
    let number_kind = given.kind != Kind::Truth;
    let floats = given.kind.is_float();
    match inputs.name {
        "Softmax" if floats => {
            last_axis(node, given)?;
            Ok(Built::new(Operator::Reduction(Reduction::Softmax), 1, given.clone()))
        }
        "TopK" if number_kind => top(node, inputs, given),
        name if name.starts_with("Reduce") && (floats || number_kind && name != "ReduceMean") => {
            let axes = if inputs.optional(1).is_some() {
                inputs.integers(1)?
            } else {
                node.integers("axes").collect::<Result<_, _>>()?
            };
            let [given_axis] = axes[..] else { return Err(invalid(&format!("an operator {name} has not one axis"))) };
            let (place, _) = given.axis(given_axis)?;
            let mut shape = given.shape.clone();
            if node.integer("keepdims")?.unwrap_or(1) == 0 {
                shape.remove(place);
            } else {
                shape[place] = Size::Fixed(1);
            }
            let reduction = match name {
                "ReduceSum" => Reduction::Sum(place),
                "ReduceMax" => Reduction::Most(place),
                _ => Reduction::Mean(place),
            };
            let mut built = Built::new(Operator::Reduction(reduction), 1, Type::new(given.kind, shape)?);
            built.cost = given.elements();
            Ok(built)
        }
        _ => inputs.refuse(0),
    }
}

fn last_axis(node: &Node<'_>, given: &Type) -> Result<usize, LexLearningError> {
    match given.axis(node.integer("axis")?.unwrap_or(-1))? {
        (axis, size) if axis + 1 == given.shape.len() => Ok(size),
        (axis, _) => Err(invalid(&format!("an operator {} is along axis {axis}, not the last", node.operator))),
    }
}

fn top(node: &Node<'_>, inputs: &Inputs<'_>, given: &Type) -> Result<Built, LexLearningError> {
    let size = last_axis(node, given)?;
    let count = match inputs.integers(1)?[..] {
        [count] => usize::try_from(count).ok().filter(|&count| (1..=size).contains(&count)),
        _ => None,
    };
    let count = count.ok_or_else(|| invalid(&format!("an operator TopK has not 1 to {size} elements to give")))?;
    let largest = node.integer("largest")?.unwrap_or(1) != 0;
    let mut shape = given.shape.clone();
    shape.pop();
    shape.push(Size::Fixed(count));
    let indices = Type::new(Kind::Integer, shape.clone())?;
    let mut built =
        Built::new(Operator::Reduction(Reduction::Top(Top { count, largest })), 1, Type::new(given.kind, shape)?);
    built.outputs.push(indices);
    built.cost = given.elements().saturating_mul(8);
    Ok(built)
}

impl Reduction {
    pub(super) fn evaluate(&self, tensor: &Tensor) -> Vec<f64> {
        match *self {
            Self::Sum(axis) => reduce(tensor, axis, 0.0, |sum, value| sum + value),
            Self::Most(axis) => {
                reduce(tensor, axis, f64::NEG_INFINITY, |most, value| if most > value { most } else { value })
            }
            Self::Mean(axis) => {
                let mut values = reduce(tensor, axis, 0.0, |sum, value| sum + value);
                for value in &mut values {
                    *value /= tensor.shape[axis] as f64;
                }
                values
            }
            Self::Softmax | Self::Top(_) => softmax(tensor),
        }
    }
}

fn reduce(tensor: &Tensor, axis: usize, start: f64, join: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let inner: usize = tensor.shape[axis + 1..].iter().product();
    let block = tensor.shape[axis] * inner;
    let mut values = vec![start; tensor.values.len() / block * inner];
    for (output, block) in values.chunks_exact_mut(inner).zip(tensor.values.chunks_exact(block)) {
        for row in block.chunks_exact(inner) {
            output.iter_mut().zip(row).for_each(|(output, &value)| *output = join(*output, value));
        }
    }
    values
}

fn softmax(tensor: &Tensor) -> Vec<f64> {
    let size = tensor.shape.last().copied().unwrap_or(1);
    let mut values = tensor.values.clone();
    for row in values.chunks_exact_mut(size) {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for value in &mut *row {
            *value = (*value - most).exp();
        }
        let sum: f64 = row.iter().sum();
        for value in row {
            *value /= sum;
        }
    }
    values
}

impl Top {
    pub(super) fn evaluate(&self, tensor: &Tensor, shape: &[usize]) -> Vec<Tensor> {
        let size = tensor.shape.last().copied().unwrap_or(1);
        let sign = if self.largest { -1.0 } else { 1.0 };
        let (mut values, mut indices) = (Vec::new(), Vec::new());
        let mut places: Vec<usize> = Vec::with_capacity(size);
        for row in tensor.values.chunks_exact(size) {
            places.clear();
            places.extend(0..size);
            // Of equal elements the first comes first.
            let order = |&left: &usize, &right: &usize| {
                (sign * row[left]).total_cmp(&(sign * row[right])).then(left.cmp(&right))
            };
            if self.count < size {
                places.select_nth_unstable_by(self.count - 1, order);
                places.truncate(self.count);
            }
            places.sort_unstable_by(order);
            values.extend(places.iter().map(|&place| row[place]));
            indices.extend(places.iter().map(|&place| place as f64));
        }
        let shape = shape.to_vec();
        vec![
            Tensor { kind: tensor.kind, shape: shape.clone(), values },
            Tensor { kind: Kind::Integer, shape, values: indices },
        ]
    }
}
