//! Sums of decision trees: ONNX's `TreeEnsemble`.
//!
//! Nodes take 16 bytes, children lie side by side, and a leaf is its own child: a step is one comparison and no branch,
//! and eight rows (or, for a single row, eight trees) take theirs together, so that none waits for another's memory.

mod layout;
mod read;
mod sets;
mod walk;

use sets::Sets;

use super::invalid;
use super::onnx::Node;
use super::operators::{Built, Operator};
use super::tensor::{Size, Type};
use crate::LexLearningError;

/// Trees, ready to be walked.
#[derive(Debug)]
pub(super) struct Trees {
    branches: Vec<Branch>,
    /// The shallowest first.
    forest: Vec<Tree>,
    /// Targets of the leaves of trees that give several; else empty.
    leaf_targets: Vec<u32>,
    /// What the trees compare: a column of the input, or its negative. Counted from 1.
    slots: Vec<Slot>,
    sets: Sets,
    /// Columns of the input.
    columns: usize,
    targets: usize,
    /// What the sum is divided by.
    divisor: f64,
}

/// Goes to `child` if the value in `slot` is at most the threshold, else to the one after it, also if it is NaN.
#[derive(Debug, Clone, Copy)]
struct Branch {
    /// Of a leaf the value; of a membership the first word of the set, as bits.
    threshold: f64,
    child: u32,
    /// With `MEMBERSHIP`, the number of a column of `Sets`.
    slot: u32,
}

/// The slot of leaves, which holds minus infinity.
const LEAF: u32 = 0;
/// Marks a slot whose branch asks whether a level is in a set.
const MEMBERSHIP: u32 = 1 << 31;
/// The target of a tree whose leaves have several.
const SEVERAL: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Tree {
    root: u32,
    depth: u32,
    target: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    column: usize,
    is_negated: bool,
}

impl Trees {
    /// Words of its sets of levels, which may be far larger than what the file says of them.
    pub(super) fn words(&self) -> usize {
        self.sets.words.len()
    }

    /// Refuses whatever is no forest over the given columns.
    pub(super) fn build(node: &Node<'_>, given: &Type) -> Result<Built, LexLearningError> {
        let [Size::Rows, Size::Fixed(columns)] = given.shape[..] else {
            return Err(invalid(&format!("an operator TreeEnsemble is given the shape {:?}", given.shape)));
        };
        if !given.kind.is_float() {
            return Err(invalid("an operator TreeEnsemble is given no numbers"));
        }
        let trees = layout::lay_out(&read::Forest::read(node, columns)?)?;
        let output = Type::new(given.kind, vec![Size::Rows, Size::Fixed(trees.targets)])?;
        let steps = trees.forest.iter().map(|tree| tree.depth as usize + 1).sum::<usize>();
        let cost = steps.saturating_add(output.elements());
        Ok(Built { operator: Operator::Trees(Box::new(trees)), inputs: 1, outputs: vec![output], cost })
    }
}
