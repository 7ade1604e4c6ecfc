//! The attributes of a `TreeEnsemble`, checked one by one.
//!
//! See <https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html>.

use super::super::invalid;
use super::super::onnx::Node;
use crate::LexLearningError;

/// Trees as the file has them: inner nodes and leaves in two lists.
#[derive(Debug)]
pub(super) struct Forest {
    pub(super) inner: Vec<Inner>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) roots: Vec<usize>,
    pub(super) columns: usize,
    pub(super) targets: usize,
    pub(super) is_mean: bool,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) test: Test,
    pub(super) column: usize,
    /// Whether a missing value passes the test.
    pub(super) missing_passes: bool,
    pub(super) passed: Child,
    pub(super) failed: Child,
}

#[derive(Debug)]
pub(super) enum Test {
    AtMost(f64),
    Below(f64),
    /// Whole numbers from 0.
    Member(Vec<u32>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Child {
    Inner(usize),
    Leaf(usize),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    pub(super) value: f64,
    pub(super) target: u32,
}

/// The greatest level that a set may hold.
const MAX_LEVEL: f64 = 1_048_575.0;

impl Forest {
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
        let leaves = leaves(node, targets)?;
        let inner = inner(node, columns, leaves.len())?;
        let roots = node.integers("tree_roots")?;
        let roots = roots.iter().map(|&root| index(root, inner.len(), "tree_roots")).collect::<Result<Vec<_>, _>>()?;
        if roots.is_empty() {
            return Err(invalid("a TreeEnsemble has no trees"));
        }
        Ok(Self { inner, leaves, roots, columns, targets, is_mean })
    }
}

fn leaves(node: &Node<'_>, targets: usize) -> Result<Vec<Leaf>, LexLearningError> {
    let values = node.numbers("leaf_weights")?;
    let leaf_targets = node.integers("leaf_targetids")?;
    same_length("leaf_targetids", leaf_targets.len(), values.len())?;
    let leaves = values.into_iter().zip(leaf_targets).map(|(value, target)| {
        if !value.is_finite() {
            return Err(invalid(&format!("a leaf of a tree is {value}")));
        }
        let target = index(target, targets, "leaf_targetids")?;
        Ok(Leaf { value, target: u32::try_from(target).unwrap_or(u32::MAX) })
    });
    leaves.collect()
}

fn inner(node: &Node<'_>, columns: usize, leaves: usize) -> Result<Vec<Inner>, LexLearningError> {
    let given = node.integers("nodes_featureids")?;
    let count = given.len();
    // Indices into what is laid out take 32 bits, one of which is a mark.
    if count > 1 << 28 {
        return Err(invalid(&format!("a TreeEnsemble has {count} nodes")));
    }
    let modes = node.numbers("nodes_modes")?;
    let splits = node.numbers("nodes_splits")?;
    let missing = node.integers("nodes_missing_value_tracks_true")?;
    let members = node.numbers("membership_values")?;
    let passed = children(node, ["nodes_trueleafs", "nodes_truenodeids"], count, leaves)?;
    let failed = children(node, ["nodes_falseleafs", "nodes_falsenodeids"], count, leaves)?;
    same_length("nodes_modes", modes.len(), count)?;
    same_length("nodes_splits", splits.len(), count)?;
    if !missing.is_empty() {
        same_length("nodes_missing_value_tracks_true", missing.len(), count)?;
    }
    let mut sets = members.split_inclusive(|value| value.is_nan());
    let mut inner = Vec::with_capacity(count);
    for (place, &column) in given.iter().enumerate() {
        inner.push(Inner {
            test: test(modes[place], splits[place], &mut sets)?,
            column: index(column, columns, "nodes_featureids")?,
            missing_passes: missing.get(place).is_some_and(|&passes| passes != 0),
            passed: passed[place],
            failed: failed[place],
        });
    }
    Ok(inner)
}

fn test<'a>(mode: f64, split: f64, sets: &mut impl Iterator<Item = &'a [f64]>) -> Result<Test, LexLearningError> {
    match mode {
        0.0 if !split.is_nan() => Ok(Test::AtMost(split)),
        1.0 if !split.is_nan() => Ok(Test::Below(split)),
        4.0 => Ok(Test::Member(level(split)?.into_iter().collect())),
        6.0 => {
            let set = sets.next().ok_or_else(|| invalid("a TreeEnsemble has too few membership_values"))?;
            let levels = set.iter().take_while(|value| !value.is_nan()).map(|&value| level(value));
            Ok(Test::Member(levels.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()))
        }
        _ => Err(invalid(&format!("a branch of a tree has the mode {mode} with the threshold {split}"))),
    }
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

fn children(
    node: &Node<'_>,
    [is_leaf, places]: [&str; 2],
    count: usize,
    leaves: usize,
) -> Result<Vec<Child>, LexLearningError> {
    let given = node.integers(places)?;
    let flags = node.integers(is_leaf)?;
    same_length(places, given.len(), count)?;
    same_length(is_leaf, flags.len(), count)?;
    let children = given.into_iter().zip(flags).map(|(place, flag)| match flag {
        0 => index(place, count, places).map(Child::Inner),
        _ => index(place, leaves, places).map(Child::Leaf),
    });
    children.collect()
}

fn index(value: i64, count: usize, name: &str) -> Result<usize, LexLearningError> {
    let index = usize::try_from(value).ok().filter(|&index| index < count);
    index.ok_or_else(|| invalid(&format!("{value} in {name} of a TreeEnsemble, expected less than {count}")))
}

fn same_length(name: &str, length: usize, expected: usize) -> Result<(), LexLearningError> {
    if length == expected {
        return Ok(());
    }
    Err(invalid(&format!("{name} of a TreeEnsemble has {length} values, expected {expected}")))
}
