//! Walking over several tensors at once that are stretched to one shape.

use super::super::tensor::{Tensor, strides};

/// Calls `visit` for each longest run of elements that all tensors hold at an even distance.
///
/// It gets the first place of the run in each tensor, the distance to the next in each, and the run's length.
pub(super) fn runs<const COUNT: usize>(
    tensors: [&Tensor; COUNT],
    shape: &[usize],
    mut visit: impl FnMut([usize; COUNT], [usize; COUNT], usize),
) {
    let all: [Vec<usize>; COUNT] = tensors.map(|tensor| strides(&tensor.shape, shape));
    // Neighbouring dimensions that every tensor holds without a gap are one.
    let mut merged: Vec<(usize, [usize; COUNT])> = Vec::with_capacity(shape.len());
    for (place, &size) in shape.iter().enumerate().filter(|&(_, &size)| size != 1) {
        let here = std::array::from_fn(|tensor| all[tensor][place]);
        match merged.last_mut() {
            Some((length, outer)) if (0..COUNT).all(|tensor| outer[tensor] == here[tensor] * size) => {
                *length *= size;
                *outer = here;
            }
            _ => merged.push((size, here)),
        }
    }
    let (length, steps) = merged.pop().unwrap_or((1, [0; COUNT]));
    let mut counts = vec![0; merged.len()];
    let mut places = [0; COUNT];
    loop {
        visit(places, steps, length);
        let mut dimension = merged.len();
        loop {
            let Some(next) = dimension.checked_sub(1) else { return };
            dimension = next;
            let (size, strides) = &merged[dimension];
            counts[dimension] += 1;
            for (place, stride) in places.iter_mut().zip(strides) {
                *place += stride;
            }
            if counts[dimension] < *size {
                break;
            }
            counts[dimension] = 0;
            for (place, stride) in places.iter_mut().zip(strides) {
                *place -= stride * size;
            }
        }
    }
}
