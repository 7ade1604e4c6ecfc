//! Survival on the Titanic by a logistic regression whose weights are written here.

use std::path::Path;

use lex_learning::NativeModel;
use polars::prelude::*;
use serde_json::{Value, json};

use crate::file::{doubles, file, integers, node, setting};

pub(crate) fn titanic() -> DataFrame {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/titanic.csv");
    CsvReadOptions::default().try_into_reader_with_file_path(Some(path)).unwrap().finish().unwrap()
}

pub(crate) fn description() -> Value {
    let column = |name: &str, kind: &str, levels: &[&str], most: Option<f64>| json!({"name": name, "kind": kind, "levels": levels, "minimum": most.map(|_| 0.0), "maximum": most});
    json!({"format": 1, "info": {
        "problem_type": "classification", "target_column": "survived",
        "feature_names": ["pclass", "sex", "age", "sibsp", "parch"], "class_labels": ["died", "survived"],
        "best_model_name": "logistic_regression", "metrics": {}, "feature_importance": [], "hyperparameters": {},
        "training_rows": 1046, "library_version": "0.1.0", "created": "2025-01-01T00:00:00Z",
        "schema": [column("pclass", "categorical", &["1st", "2nd", "3rd"], None),
            column("sex", "categorical", &["female", "male"], None), column("age", "float", &[], Some(80.0)),
            column("sibsp", "integer", &[], Some(8.0)), column("parch", "integer", &[], Some(9.0))]
    }})
}

pub(crate) fn bytes(description: &Value) -> Vec<u8> {
    let nodes = [
        node("IsNaN", &["features"], &["missing"], &[]),
        node("Where", &["missing", "nothing", "features"], &["known"], &[]),
        node("MatMul", &["known", "weights"], &["weighed"], &[]),
        node("Add", &["weighed", "start"], &["odds"], &[]),
        node("Neg", &["odds"], &["against"], &[]),
        node("Concat", &["against", "odds"], &["both"], &[setting("axis", 1)]),
        node("Sigmoid", &["both"], &["output"], &[]),
        node("ArgMax", &["output", "axis"], &["label"], &[]),
    ];
    let constants = [
        ("nothing", doubles(&[], &[0.0])),
        ("weights", doubles(&[5, 1], &[-1.1, -2.5, -0.04, -0.3, 0.1])),
        ("start", doubles(&[1], &[3.5])),
        ("axis", integers(&[1], &[1])),
    ];
    file(&nodes, &constants, description)
}

pub(crate) fn survival() -> NativeModel {
    NativeModel::from_bytes(&bytes(&description())).unwrap()
}

pub(crate) fn passenger() -> Value {
    json!({"pclass": "3rd", "sex": "male", "age": 25.0, "sibsp": 0, "parch": 0})
}
