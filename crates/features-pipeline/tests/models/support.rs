//! The tables, their parts, and comparisons.

use std::path::Path;

use features_pipeline::models::{ModelSpecification, ProfitPredictor, Split, TrainingConfig};
use features_pipeline::tables::{self, ReadOptions};
use polars::prelude::*;

/// A table of `tests/data`.
pub(crate) fn table(name: &str) -> DataFrame {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name);
    tables::read(&path, &ReadOptions::default()).unwrap()
}

/// The rows to train on, and every fourth row, to test on.
pub(crate) fn parts(table: &DataFrame) -> (DataFrame, DataFrame) {
    let (test, training) = (0..IdxSize::try_from(table.height()).unwrap()).partition(|row| row % 4 == 0);
    Split { training, test }.apply(table).unwrap()
}

pub(crate) fn config(target: &str, features: &[&str], model: &str) -> TrainingConfig {
    TrainingConfig {
        target_column: target.to_owned(),
        feature_columns: features.iter().map(|&name| name.to_owned()).collect(),
        model: specification(model),
        test_size: 0.25,
        seed: 7,
    }
}

pub(crate) fn specification(json: &str) -> ModelSpecification {
    serde_json::from_str(json).unwrap()
}

pub(crate) fn coefficients(predictor: &ProfitPredictor) -> Vec<f64> {
    predictor.model().coefficients().into_iter().map(|coefficient| coefficient.value).collect()
}

/// Each number within a share of the greatest expected one.
#[track_caller]
pub(crate) fn assert_close(actual: &[f64], expected: &[f64], share: f64) {
    assert_eq!(actual.len(), expected.len());
    let greatest = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    for (one, other) in actual.iter().zip(expected) {
        assert!((one - other).abs() <= share * greatest, "{actual:?} is not {expected:?}");
    }
}
