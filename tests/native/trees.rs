//! Trees beside a walk that is as plain as can be.

#![allow(clippy::cast_possible_wrap, clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::float_cmp)]

use lex_learning::NativeModel;
use polars::prelude::*;

use crate::file::{array, doubles, list, model, node, setting, small, value};

/// Random numbers (Marsaglia 2003), the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

struct Inner {
    column: usize,
    mode: u8,
    threshold: f64,
    members: Vec<f64>,
    missing_passes: bool,
    /// Places of the two children, and whether each is a leaf.
    children: [(i64, i64); 2],
}

struct Forest {
    inner: Vec<Inner>,
    leaves: Vec<f64>,
    roots: Vec<i64>,
}

impl Forest {
    /// Trees of three columns: numbers, levels below 90, and both.
    fn random(random: &mut Random, trees: usize) -> Self {
        let mut forest = Self { inner: Vec::new(), leaves: Vec::new(), roots: Vec::new() };
        for _ in 0..trees {
            let root = forest.grow(random, 0);
            forest.roots.push(root.0);
        }
        forest
    }

    fn grow(&mut self, random: &mut Random, depth: u64) -> (i64, i64) {
        if depth > 0 && random.below(8) < depth {
            self.leaves.push(random.below(1000) as f64);
            return (self.leaves.len() as i64 - 1, 1);
        }
        let column = random.below(3) as usize;
        let mode = if column == 0 { [0, 1][random.below(2) as usize] } else { [0, 1, 4, 6][random.below(4) as usize] };
        let members = (0..random.below(6)).map(|_| random.below(90) as f64).collect();
        let threshold = random.below(90) as f64;
        let missing_passes = random.below(2) == 1;
        let place = self.inner.len();
        self.inner.push(Inner { column, mode, threshold, members, missing_passes, children: [(0, 0); 2] });
        let children = [self.grow(random, depth + 1), self.grow(random, depth + 1)];
        self.inner[place].children = children;
        (place as i64, 0)
    }

    fn model(&self) -> NativeModel {
        let all = |get: fn(&Inner) -> i64| self.inner.iter().map(get).collect::<Vec<_>>();
        let members = self.inner.iter().filter(|inner| inner.mode == 6).flat_map(|inner| {
            let empty = if inner.members.is_empty() { vec![-1.0] } else { Vec::new() };
            [&inner.members[..], &empty, &[f64::NAN]].concat()
        });
        let members: Vec<f64> = members.collect();
        let flat = |values: &[f64]| doubles(&[values.len() as i64], values);
        let thresholds: Vec<f64> = self.inner.iter().map(|inner| inner.threshold).collect();
        let attributes = [
            setting("n_targets", 1),
            setting("aggregate_function", 1),
            list("tree_roots", &self.roots),
            list("nodes_featureids", &all(|inner| inner.column as i64)),
            array("nodes_modes", &small(&self.inner.iter().map(|inner| inner.mode).collect::<Vec<_>>())),
            array("nodes_splits", &flat(&thresholds)),
            list("nodes_missing_value_tracks_true", &all(|inner| i64::from(inner.missing_passes))),
            list("nodes_truenodeids", &all(|inner| inner.children[0].0)),
            list("nodes_trueleafs", &all(|inner| inner.children[0].1)),
            list("nodes_falsenodeids", &all(|inner| inner.children[1].0)),
            list("nodes_falseleafs", &all(|inner| inner.children[1].1)),
            list("leaf_targetids", &vec![0; self.leaves.len()]),
            array("leaf_weights", &flat(&self.leaves)),
            array("membership_values", &flat(&members)),
        ];
        model(3, &[node("TreeEnsemble", &["features"], &["output"], &attributes)], &[])
    }

    fn sum(&self, row: &[f64]) -> f64 {
        self.roots.iter().map(|&root| self.walk(row, root)).sum()
    }

    fn walk(&self, row: &[f64], root: i64) -> f64 {
        let mut inner = &self.inner[root as usize];
        loop {
            let value = row[inner.column];
            let passes = match inner.mode {
                _ if value.is_nan() => inner.missing_passes,
                0 => value <= inner.threshold,
                1 => value < inner.threshold,
                4 => value == inner.threshold,
                _ => inner.members.contains(&value),
            };
            let (place, is_leaf) = inner.children[usize::from(!passes)];
            if is_leaf == 1 {
                return self.leaves[place as usize];
            }
            inner = &self.inner[place as usize];
        }
    }
}

#[test]
fn trees_are_walked_as_onnx_says() {
    let mut random = Random(42);
    for trees in [1, 3, 30] {
        let forest = Forest::random(&mut random, trees);
        let model = forest.model();
        // Whole numbers meet thresholds exactly; some lie between levels, or are missing.
        let mut number = || match random.below(10) {
            0 => f64::NAN,
            1 => random.below(90) as f64 + 0.5,
            2 => -1.0,
            _ => random.below(100) as f64,
        };
        let rows: Vec<[f64; 3]> = (0..301).map(|_| [number(), number(), number()]).collect();
        let columns = (0..3).map(|column| {
            let values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
            Column::new(["a", "b", "c"][column].into(), values)
        });
        let table = DataFrame::new(rows.len(), columns.collect()).unwrap();
        let batch = model.predict_batch(&table).unwrap();
        let batch = batch.column("prediction").unwrap().f64().unwrap();
        for (row, found) in rows.iter().zip(batch.into_no_null_iter()) {
            assert_eq!(found, forest.sum(row), "{row:?}");
            assert_eq!(value(&model, row), found, "{row:?}");
        }
    }
}
