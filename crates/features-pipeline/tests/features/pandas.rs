//! `titanic.yaml` beside what pandas makes of it: see `expected.py`.

use std::collections::BTreeMap;

use features_pipeline::config::PipelineSteps;
use features_pipeline::tables;
use polars::prelude::*;
use serde_json::Value;

use crate::{numbers, table, texts};

const EVERY: usize = 13;

fn folder() -> String {
    format!("{}/tests/features", env!("CARGO_MANIFEST_DIR"))
}

fn titanic() -> PipelineSteps {
    PipelineSteps::load_from_yaml(format!("{}/titanic.yaml", folder())).unwrap()
}

fn assert_as_pandas(result: &DataFrame) {
    let text = std::fs::read_to_string(format!("{}/titanic_expected.json", folder())).unwrap();
    let expected: BTreeMap<String, Vec<Value>> = serde_json::from_str(&text).unwrap();
    for (name, expected) in &expected {
        let column = result.column(name).unwrap();
        if column.dtype() == &DataType::String {
            let found: Vec<_> = texts(column).into_iter().step_by(EVERY).collect();
            let expected: Vec<_> = expected.iter().map(|value| value.as_str().map(str::to_owned)).collect();
            assert_eq!(found, expected, "{name}");
            continue;
        }
        let found = numbers(column).into_iter().step_by(EVERY);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (row, (found, expected)) in found.zip(expected).enumerate() {
            let near = match (found, expected.as_f64()) {
                (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                (found, expected) => found == expected,
            };
            assert!(near, "{name}, row {}: {found:?}, and pandas has {expected}", row * EVERY);
        }
    }
}

#[test]
fn every_kind_agrees_with_pandas() {
    let result = titanic().apply(&table("titanic")).unwrap();
    assert_as_pandas(&result);
    // No column but those that pandas has, too.
    assert_eq!(result.width(), 6 + 65 - 1);
}

#[test]
fn one_by_one_and_from_the_disk_agree_with_pandas_as_well() {
    assert_as_pandas(&titanic().apply_sequentially(&table("titanic")).unwrap());

    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/../../tests/data/titanic.csv", env!("CARGO_MANIFEST_DIR"));
    let (_, plan) = titanic().fit_lazy(tables::scan(path, &Default::default()).unwrap()).unwrap();
    let output = folder.path().join("output.parquet");
    tables::sink(plan, &output).unwrap();
    assert_as_pandas(&tables::read(&output, &Default::default()).unwrap());
}

#[test]
fn stored_features_give_the_training_rows_the_same_columns() {
    let rows = table("titanic");
    let (fitted, result) = titanic().fit_apply(&rows).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("features.json");
    fitted.save(&path).unwrap();
    let loaded = features_pipeline::plan::FittedFeatures::load(&path).unwrap();
    let again = loaded.apply(&rows).unwrap();
    assert_eq!(again.get_column_names(), result.get_column_names());
    // Target encodings see all folds of new rows.
    let (again, result) = (again.drop("class_survival").unwrap(), result.drop("class_survival").unwrap());
    assert!(again.equals_missing(&result));
}
