//! From the trees of a file to those that are walked.

use super::super::invalid;
use super::read::{Child, Forest, Inner, Test};
use super::sets::Sets;
use super::{Branch, LEAF, MEMBERSHIP, SEVERAL, Slot, Tree, Trees};
use crate::LexLearningError;

/// Lays each tree out in one piece, level by level. Refuses nodes that two others lead to, so that every walk ends.
pub(super) fn lay_out(forest: &Forest) -> Result<Trees, LexLearningError> {
    let mut builder = Builder {
        forest,
        seen: vec![false; forest.inner.len()],
        branches: Vec::with_capacity(forest.inner.len() + forest.leaves.len()),
        leaf_targets: Vec::new(),
        slots: Vec::new(),
        numbers: vec![[LEAF; 2]; forest.columns],
        sets: Sets::new(forest),
        waiting: Vec::new(),
    };
    let mut trees = forest.roots.iter().map(|&root| builder.add(root)).collect::<Result<Vec<_>, _>>()?;
    trees.sort_by_key(|tree| tree.depth);
    if trees.iter().all(|tree| tree.target != SEVERAL) {
        builder.leaf_targets = Vec::new();
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

struct Builder<'a> {
    forest: &'a Forest,
    seen: Vec<bool>,
    branches: Vec<Branch>,
    /// As long as the branches, where there are several targets.
    leaf_targets: Vec<u32>,
    slots: Vec<Slot>,
    /// Of each column, the slots of its values and of their negatives; that of the leaves where there is none.
    numbers: Vec<[u32; 2]>,
    sets: Sets,
    /// The nodes of a tree, in the order in which they are laid out.
    waiting: Vec<Child>,
}

impl Builder<'_> {
    fn add(&mut self, root: u32) -> Result<Tree, LexLearningError> {
        let start = self.branches.len();
        let mut tree = Tree { root: place(start)?, depth: 0, target: SEVERAL };
        let mut target = None;
        self.waiting.clear();
        self.waiting.push(Child::Inner(root));
        let (mut next, mut level_end) = (0, 1);
        while let Some(&child) = self.waiting.get(next) {
            if next == level_end {
                tree.depth += 1;
                level_end = self.waiting.len();
            }
            let branch = match child {
                Child::Leaf(leaf) => {
                    let leaf = self.forest.leaves[leaf as usize];
                    target =
                        Some(if target.is_none_or(|target| target == leaf.target) { leaf.target } else { SEVERAL });
                    if self.forest.targets > 1 {
                        self.leaf_targets.resize(self.branches.len(), 0);
                        self.leaf_targets.push(leaf.target);
                    }
                    Branch { threshold: leaf.value, child: place(start + next)?, slot: LEAF }
                }
                Child::Inner(number) => {
                    if std::mem::replace(&mut self.seen[number as usize], true) {
                        return Err(invalid(&format!("two branches of trees lead to node {number}")));
                    }
                    let children = place(start + self.waiting.len())?;
                    let (branch, first, second) = self.branch(&self.forest.inner[number as usize], children)?;
                    self.waiting.extend([first, second]);
                    branch
                }
            };
            self.branches.push(branch);
            next += 1;
        }
        tree.target = target.unwrap_or(SEVERAL);
        Ok(tree)
    }

    /// The branch, where it leads if its comparison holds, and where if not.
    fn branch(&mut self, inner: &Inner, child: u32) -> Result<(Branch, Child, Child), LexLearningError> {
        let (threshold, slot) = match (&inner.test, inner.missing_passes) {
            (Test::Member(levels), missing_passes) => {
                let levels = self.forest.levels(levels);
                let (column, start) = self.sets.add(inner.column, levels, missing_passes)?;
                (f64::from_bits(start as u64), MEMBERSHIP | column)
            }
            (&Test::AtMost(threshold), false) => (threshold, self.slot(inner.column, false)?),
            (&Test::Below(threshold), false) => (below(threshold), self.slot(inner.column, false)?),
            // Where NaN passes, ask of the negative whether the value fails: x > t where -x < -t.
            (&Test::AtMost(threshold), true) => {
                let branch = Branch { threshold: below(-threshold), child, slot: self.slot(inner.column, true)? };
                return Ok((branch, inner.failed, inner.passed));
            }
            (&Test::Below(threshold), true) => {
                let branch = Branch { threshold: -threshold, child, slot: self.slot(inner.column, true)? };
                return Ok((branch, inner.failed, inner.passed));
            }
        };
        Ok((Branch { threshold, child, slot }, inner.passed, inner.failed))
    }

    fn slot(&mut self, column: u32, is_negated: bool) -> Result<u32, LexLearningError> {
        let column = column as usize;
        let number = &mut self.numbers[column][usize::from(is_negated)];
        if *number == LEAF {
            self.slots.push(Slot { column, is_negated });
            *number = place(self.slots.len())?;
        }
        Ok(*number)
    }
}

/// An index of what is laid out; the bit that marks memberships stays free.
fn place(index: usize) -> Result<u32, LexLearningError> {
    let place = u32::try_from(index).ok().filter(|&place| place < MEMBERSHIP - 1);
    place.ok_or_else(|| invalid("the trees of a TreeEnsemble are too large"))
}

/// The greatest number below another; NaN, which nothing is at most, where there is none.
fn below(number: f64) -> f64 {
    if number == f64::NEG_INFINITY { f64::NAN } else { number.next_down() }
}
