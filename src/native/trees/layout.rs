//! From the trees of a file to those that are walked.

use std::collections::{HashMap, VecDeque};

use super::super::invalid;
use super::read::{Child, Forest, Inner, Test};
use super::sets::Sets;
use super::{Branch, MEMBERSHIP, SEVERAL, Slot, Tree, Trees};
use crate::LexLearningError;

/// Lays each tree out in one piece, level by level. Refuses nodes that two others lead to, so that every walk ends.
pub(super) fn lay_out(forest: &Forest) -> Result<Trees, LexLearningError> {
    let mut builder = Builder {
        forest,
        seen: vec![false; forest.inner.len()],
        branches: Vec::with_capacity(forest.inner.len() + forest.leaves.len()),
        leaf_targets: Vec::new(),
        slots: Vec::new(),
        numbers: HashMap::new(),
        sets: Sets::new(forest),
    };
    let mut trees = forest.roots.iter().map(|&root| builder.add(root)).collect::<Result<Vec<_>, _>>()?;
    trees.sort_by_key(|tree| tree.depth);
    if trees.iter().all(|tree| tree.target != SEVERAL) {
        builder.leaf_targets = Vec::new();
    }
    // The slot of the leaves is the one after all others.
    let leaf_slot = u32::try_from(builder.slots.len()).unwrap_or(LEAF);
    for branch in builder.branches.iter_mut().filter(|branch| branch.slot == LEAF) {
        branch.slot = leaf_slot;
    }
    Ok(Trees {
        branches: builder.branches,
        leaf_targets: builder.leaf_targets,
        slots: builder.slots,
        sets: builder.sets,
        columns: forest.columns,
        targets: forest.targets,
        divisor: if forest.is_mean { trees.len() as f64 } else { 1.0 },
        forest: trees,
    })
}

/// Stands for the slot of the leaves until it is known.
const LEAF: u32 = MEMBERSHIP - 1;

struct Builder<'a> {
    forest: &'a Forest,
    seen: Vec<bool>,
    branches: Vec<Branch>,
    leaf_targets: Vec<u32>,
    slots: Vec<Slot>,
    numbers: HashMap<Slot, u32>,
    sets: Sets,
}

impl Builder<'_> {
    fn add(&mut self, root: usize) -> Result<Tree, LexLearningError> {
        let start = self.reserve(1)?;
        let mut tree = Tree { root: start, depth: 0, target: SEVERAL };
        let mut targets = None;
        let mut waiting = VecDeque::from([(Child::Inner(root), start, 0)]);
        while let Some((child, place, depth)) = waiting.pop_front() {
            tree.depth = tree.depth.max(depth);
            match child {
                Child::Leaf(leaf) => {
                    let leaf = self.forest.leaves[leaf];
                    self.branches[place as usize] = Branch { threshold: leaf.value, child: place, slot: LEAF };
                    self.leaf_targets[place as usize] = leaf.target;
                    targets =
                        Some(if targets.is_none_or(|target| target == leaf.target) { leaf.target } else { SEVERAL });
                }
                Child::Inner(number) => {
                    if std::mem::replace(&mut self.seen[number], true) {
                        return Err(invalid(&format!("two branches of trees lead to node {number}")));
                    }
                    let inner = &self.forest.inner[number];
                    let children = self.reserve(2)?;
                    let (branch, first, second) = self.branch(inner, children)?;
                    self.branches[place as usize] = branch;
                    waiting.push_back((first, children, depth + 1));
                    waiting.push_back((second, children + 1, depth + 1));
                }
            }
        }
        tree.target = targets.unwrap_or(SEVERAL);
        Ok(tree)
    }

    /// The branch, where it leads if its comparison holds, and where if not.
    fn branch(&mut self, inner: &Inner, child: u32) -> Result<(Branch, Child, Child), LexLearningError> {
        let (threshold, slot) = match (&inner.test, inner.missing_passes) {
            (Test::Member(levels), missing_passes) => {
                let (column, start) = self.sets.add(inner.column, levels, missing_passes)?;
                (f64::from_bits(start as u64), MEMBERSHIP | column)
            }
            (&Test::AtMost(threshold), false) => (threshold, self.slot(inner.column, false)),
            (&Test::Below(threshold), false) => (below(threshold), self.slot(inner.column, false)),
            // Where NaN passes, ask of the negative whether the value fails: x > t where -x < -t.
            (&Test::AtMost(threshold), true) => {
                let branch = Branch { threshold: below(-threshold), child, slot: self.slot(inner.column, true) };
                return Ok((branch, inner.failed, inner.passed));
            }
            (&Test::Below(threshold), true) => {
                let branch = Branch { threshold: -threshold, child, slot: self.slot(inner.column, true) };
                return Ok((branch, inner.failed, inner.passed));
            }
        };
        Ok((Branch { threshold, child, slot }, inner.passed, inner.failed))
    }

    fn slot(&mut self, column: usize, negated: bool) -> u32 {
        let slot = Slot { column, negated };
        let next = u32::try_from(self.slots.len()).unwrap_or(LEAF);
        let number = *self.numbers.entry(slot).or_insert(next);
        if number == next {
            self.slots.push(slot);
        }
        number
    }

    fn reserve(&mut self, count: usize) -> Result<u32, LexLearningError> {
        let start = u32::try_from(self.branches.len()).ok().filter(|&start| start < LEAF - 2);
        let start = start.ok_or_else(|| invalid("the trees of a TreeEnsemble are too large"))?;
        let empty = Branch { threshold: 0.0, child: start, slot: LEAF };
        self.branches.resize(self.branches.len() + count, empty);
        self.leaf_targets.resize(self.branches.len(), 0);
        Ok(start)
    }
}

/// The greatest number below another; NaN, which nothing is at most, where there is none.
fn below(number: f64) -> f64 {
    if number == f64::NEG_INFINITY { f64::NAN } else { number.next_down() }
}
