//! The product of matrices.

use super::super::tensor::{Size, Tensor, Type, broadcast, strides};
use super::{Built, Inputs, Operator};
use crate::LexLearningError;

/// Refuses vectors, and sums over rows.
pub(super) fn build(inputs: &Inputs<'_>) -> Result<Built, LexLearningError> {
    let (first, second) = (inputs.at(0)?.kind, inputs.at(1)?.kind);
    let ([batch @ .., height, inner], [other @ .., depth, width]) = (&first.shape[..], &second.shape[..]) else {
        return inputs.refuse(1);
    };
    let (&Size::Fixed(inner), true) = (inner, inner == depth) else { return inputs.refuse(1) };
    // The rows of the second matrix, turned, would be added up in another order where there is only one.
    if *width == Size::Rows || first.kind != second.kind || !first.kind.is_float() {
        return inputs.refuse(1);
    }
    let shape = [broadcast(batch, other)?, vec![*height, *width]].concat();
    let mut built = Built::new(Operator::Product, 2, Type::new(first.kind, shape)?);
    built.cost = built.cost.saturating_mul(inner);
    Ok(built)
}

pub(super) fn evaluate(first: &Tensor, second: &Tensor, shape: &[usize]) -> Vec<f64> {
    let (batch, [height, width]) = (&shape[..shape.len() - 2], [shape[shape.len() - 2], shape[shape.len() - 1]]);
    let inner = first.shape[first.shape.len() - 1];
    let mut values = vec![0.0; shape.iter().product()];
    let places = [first, second].map(|tensor| {
        let outer = strides(&tensor.shape[..tensor.shape.len() - 2], batch);
        (outer, tensor.shape[tensor.shape.len() - 2..].iter().product::<usize>())
    });
    for (index, output) in values.chunks_exact_mut(height * width).enumerate() {
        let start = |(outer, size): &(Vec<usize>, usize)| {
            let mut rest = index;
            let mut number = 0;
            for (&length, &stride) in batch.iter().zip(outer).rev() {
                number += rest % length * stride;
                rest /= length;
            }
            number * size
        };
        let left = &first.values[start(&places[0])..][..height * inner];
        let right = &second.values[start(&places[1])..][..inner * width];
        multiply(left, right, inner, width, output);
    }
    values
}

/// Adds up in one order, whatever the number of rows: a row alone gives what it gives among others.
fn multiply(left: &[f64], right: &[f64], inner: usize, width: usize, output: &mut [f64]) {
    for (row, output) in left.chunks_exact(inner).zip(output.chunks_exact_mut(width)) {
        if width == 1 {
            output[0] = dot(row, right);
            continue;
        }
        for (&factor, right) in row.iter().zip(right.chunks_exact(width)) {
            for (sum, value) in output.iter_mut().zip(right) {
                *sum += factor * value;
            }
        }
    }
}

/// Four sums side by side, as an addition takes four cycles.
fn dot(first: &[f64], second: &[f64]) -> f64 {
    let (heads, tail) = first.as_chunks::<4>();
    let (others, rest) = second.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (head, other) in heads.iter().zip(others) {
        for lane in 0..4 {
            sums[lane] += head[lane] * other[lane];
        }
    }
    sums.iter().sum::<f64>() + tail.iter().zip(rest).map(|(first, second)| first * second).sum::<f64>()
}
