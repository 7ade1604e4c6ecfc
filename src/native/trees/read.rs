//! The attributes of a `TreeEnsemble`, checked one by one.
//!
//! See <https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html>.

use std::ops::Range;

use super::super::invalid;
use super::super::onnx::Node;
use super::super::wire::Integers;
use crate::LexLearningError;

/// Trees as the file has them: inner nodes and leaves in two lists.
#[derive(Debug)]
pub(super) struct Forest {
    pub(super) inner: Vec<Inner>,
    /// Of all sets, one after the other: whole numbers from 0.
    pub(super) levels: Vec<u32>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) roots: Vec<u32>,
    pub(super) columns: usize,
    pub(super) targets: usize,
    pub(super) is_mean: bool,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) test: Test,
    pub(super) column: u32,
    /// Whether a missing value passes the test.
    pub(super) missing_passes: bool,
    pub(super) passed: Child,
    pub(super) failed: Child,
}

#[derive(Debug)]
pub(super) enum Test {
    AtMost(f64),
    Below(f64),
    /// Where the levels of the set are.
    Member(Range<u32>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Child {
    Inner(u32),
    Leaf(u32),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    pub(super) value: f64,
    pub(super) target: u32,
}

/// The greatest level that a set may hold.
const MAX_LEVEL: f64 = 1_048_575.0;

impl Forest {
    /// The levels of a set.
    pub(super) fn levels(&self, set: &Range<u32>) -> &[u32] {
        &self.levels[set.start as usize..set.end as usize]
    }

    /// Reads the trees of a node over a matrix of so many columns.
    pub(super) fn read(node: &Node<'_>, columns: usize) -> Result<Self, LexLearningError> {
        let is_mean = match node.integer("aggregate_function")?.unwrap_or(1) {
            0 => true,
            1 => false,
            other => return Err(invalid(&format!("aggregate_function {other} of a TreeEnsemble is not supported"))),
        };
        if node.integer("post_transform")?.unwrap_or_default() != 0 {
            return Err(invalid("post_transform of a TreeEnsemble is not supported"));
        }
        let targets = index(node.integer("n_targets")?.unwrap_or_default(), 1 << 24, "n_targets")?;
        let leaves = leaves(node, targets as usize)?;
        let (inner, levels) = inner(node, columns, leaves.len())?;
        let mut roots = Vec::new();
        for root in node.integers("tree_roots") {
            roots.push(index(root?, inner.len(), "tree_roots")?);
        }
        if roots.is_empty() {
            return Err(invalid("a TreeEnsemble has no trees"));
        }
        Ok(Self { inner, levels, leaves, roots, columns, targets: targets as usize, is_mean })
    }
}

fn leaves(node: &Node<'_>, targets: usize) -> Result<Vec<Leaf>, LexLearningError> {
    let values = node.numbers("leaf_weights")?;
    let mut leaf_targets = List::new(node, "leaf_targetids", values.len());
    let mut leaves = Vec::with_capacity(values.len());
    for value in values {
        if !value.is_finite() {
            return Err(invalid(&format!("a leaf of a tree is {value}")));
        }
        leaves.push(Leaf { value, target: leaf_targets.index(targets)? });
    }
    leaf_targets.finish()?;
    Ok(leaves)
}

/// The inner nodes, and the levels of their sets.
fn inner(node: &Node<'_>, columns: usize, leaves: usize) -> Result<(Vec<Inner>, Vec<u32>), LexLearningError> {
    let modes = node.numbers("nodes_modes")?;
    let count = modes.len();
    // Indices into what is laid out take 32 bits, one of which is a mark.
    if count > 1 << 28 {
        return Err(invalid(&format!("a TreeEnsemble has {count} nodes")));
    }
    let splits = node.numbers("nodes_splits")?;
    same_length("nodes_splits", splits.len(), count)?;
    let members = node.numbers("membership_values")?;
    let mut sets = members.split_inclusive(|value| value.is_nan());
    let mut levels = Vec::with_capacity(members.len());
    // The lists of integers are read side by side as they stand in the file, and not copied first.
    let list = |name| List::new(node, name, count);
    let mut features = list("nodes_featureids");
    let mut missing = node.has("nodes_missing_value_tracks_true").then(|| list("nodes_missing_value_tracks_true"));
    let mut passed = (list("nodes_trueleafs"), list("nodes_truenodeids"));
    let mut failed = (list("nodes_falseleafs"), list("nodes_falsenodeids"));
    let mut inner = Vec::with_capacity(count);
    for (mode, split) in modes.into_iter().zip(splits) {
        inner.push(Inner {
            test: test(mode, split, &mut sets, &mut levels)?,
            column: features.index(columns)?,
            missing_passes: missing.as_mut().map_or(Ok(0), List::integer)? != 0,
            passed: child(&mut passed, count, leaves)?,
            failed: child(&mut failed, count, leaves)?,
        });
    }
    let lists = [features, passed.0, passed.1, failed.0, failed.1];
    lists.into_iter().chain(missing).try_for_each(List::finish)?;
    Ok((inner, levels))
}

fn test<'a>(
    mode: f64,
    split: f64,
    sets: &mut impl Iterator<Item = &'a [f64]>,
    levels: &mut Vec<u32>,
) -> Result<Test, LexLearningError> {
    let start = levels.len();
    match mode {
        0.0 if !split.is_nan() => return Ok(Test::AtMost(split)),
        1.0 if !split.is_nan() => return Ok(Test::Below(split)),
        4.0 => levels.extend(level(split)?),
        6.0 => {
            let set = sets.next().ok_or_else(|| invalid("a TreeEnsemble has too few membership_values"))?;
            for &value in set.iter().take_while(|value| !value.is_nan()) {
                levels.extend(level(value)?);
            }
        }
        _ => return Err(invalid(&format!("a branch of a tree has the mode {mode} with the threshold {split}"))),
    }
    let place = |place| u32::try_from(place).map_err(|_| invalid("a TreeEnsemble has too many membership_values"));
    Ok(Test::Member(place(start)?..place(levels.len())?))
}

/// None for -1, which the exporter writes where a set is empty.
fn level(value: f64) -> Result<Option<u32>, LexLearningError> {
    match value {
        -1.0 => Ok(None),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        0.0..=MAX_LEVEL if value.fract() == 0.0 => Ok(Some(value as u32)),
        _ => Err(invalid(&format!("a tree compares a level with {value}"))),
    }
}

/// The next of two lists: whether it is a leaf, and its place.
fn child((is_leaf, places): &mut (List<'_>, List<'_>), count: usize, leaves: usize) -> Result<Child, LexLearningError> {
    match is_leaf.integer()? {
        0 => places.index(count).map(Child::Inner),
        _ => places.index(leaves).map(Child::Leaf),
    }
}

/// A list of integers that has to be as long as others.
struct List<'a> {
    integers: Integers<'a>,
    name: &'static str,
    expected: usize,
}

impl<'a> List<'a> {
    fn new(node: &Node<'a>, name: &'static str, expected: usize) -> Self {
        Self { integers: node.integers(name), name, expected }
    }

    #[inline]
    fn integer(&mut self) -> Result<i64, LexLearningError> {
        if let Some(value) = self.integers.next_small() {
            return Ok(value);
        }
        let short = || invalid(&format!("{} of a TreeEnsemble has less than {} values", self.name, self.expected));
        self.integers.next().unwrap_or_else(|| Err(short()))
    }

    fn index(&mut self, count: usize) -> Result<u32, LexLearningError> {
        index(self.integer()?, count, self.name)
    }

    /// Refuses a list that goes on.
    fn finish(mut self) -> Result<(), LexLearningError> {
        match self.integers.next() {
            None => Ok(()),
            Some(_) => same_length(self.name, self.expected + 1 + self.integers.count(), self.expected),
        }
    }
}

fn index(value: i64, count: usize, name: &str) -> Result<u32, LexLearningError> {
    let index = u32::try_from(value).ok().filter(|&index| (index as usize) < count);
    index.ok_or_else(|| invalid(&format!("{value} in {name} of a TreeEnsemble, expected less than {count}")))
}

fn same_length(name: &str, length: usize, expected: usize) -> Result<(), LexLearningError> {
    if length == expected {
        return Ok(());
    }
    Err(invalid(&format!("{name} of a TreeEnsemble has {length} values, expected {expected}")))
}
