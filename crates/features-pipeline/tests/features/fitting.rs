//! What is learned from training rows, and given to new ones.

use features_pipeline::plan::FittedFeatures;
use features_pipeline::tables;
use polars::prelude::*;

use crate::{numbers, steps};

fn training() -> DataFrame {
    df!(
        "country" => ["Chad", "Chad", "Fiji", "Fiji", "Fiji", "Peru"],
        "units" => [10, 20, 1, 2, 3, 100],
        "sold" => [1, 0, 1, 1, 0, 1],
    )
    .unwrap()
}

fn new_rows() -> DataFrame {
    df!("country" => [Some("Peru"), Some("Oman"), None, Some("Chad")], "units" => [1_i32, 2, 3, 4]).unwrap()
}

const LEARNED: &str = "
steps:
  - { type: group_aggregate, name: mean, column: units, by: [country], aggregate: mean }
  - { type: group_aggregate, name: most, column: units, by: [country], aggregate: max, fill: -1 }
  - { type: one_hot_encoding, name: is, column: country }
  - { type: ordinal_encoding, name: code, column: country, fill: 99 }
  - { type: frequency_encoding, name: share, column: country, fill: 0 }
  - { type: target_encoding, name: sold_rate, column: country, target: sold, folds: 2, smoothing: 0 }
  - { type: binning, name: bin, column: units, quantiles: 2 }
  - { type: scaling, name: scaled, column: units, method: min_max }
  - { type: ratio, name: to_mean, numerator: units, denominator: mean }
  - { type: arithmetic, name: later, left: is_Peru, operation: multiply, right: units }
";

#[test]
fn new_rows_get_what_the_training_rows_had() {
    let fitted = steps(LEARNED).fit(&training()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fitted.json");
    fitted.save(&path).unwrap();
    for fitted in [fitted, FittedFeatures::load(&path).unwrap()] {
        let result = fitted.apply(&new_rows()).unwrap();
        let found = |name: &str| numbers(result.column(name).unwrap());
        assert_eq!(found("mean"), [Some(100.0), None, None, Some(15.0)]);
        assert_eq!(found("most"), [Some(100.0), Some(-1.0), Some(-1.0), Some(20.0)]);
        assert_eq!(found("is_Peru"), [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);
        assert_eq!(found("is_Chad"), [Some(0.0), Some(0.0), Some(0.0), Some(1.0)]);
        assert_eq!(found("code"), [Some(2.0), Some(99.0), Some(99.0), Some(0.0)]);
        assert_eq!(found("share"), [Some(1.0 / 6.0), Some(0.0), Some(0.0), Some(2.0 / 6.0)]);
        assert_eq!(found("sold_rate"), [Some(1.0), Some(4.0 / 6.0), Some(4.0 / 6.0), Some(0.5)]);
        // The median of the training rows is 6.5.
        assert_eq!(found("bin"), [Some(0.0); 4]);
        assert_eq!(found("scaled")[1], Some(1.0 / 99.0));
        assert_eq!(found("to_mean"), [Some(0.01), None, None, Some(4.0 / 15.0)]);
        assert_eq!(found("later"), [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);
        let names = ["mean", "most", "is_Chad", "is_Fiji", "is_Peru", "code", "share", "sold_rate", "bin", "scaled"];
        assert_eq!(fitted.columns()[..10], names);
        assert_eq!(result.get_column_names()[2..12], names);
    }
}

#[test]
fn a_training_row_does_not_see_its_own_target() {
    let result = steps(LEARNED).apply(&training()).unwrap();
    // Rows 0, 2 and 4 are of fold 0. Peru is in fold 1 alone: it has the mean of fold 0.
    let expected = [0.0, 1.0, 1.0, 0.5, 1.0, 2.0 / 3.0].map(Some);
    assert_eq!(numbers(result.column("sold_rate").unwrap()), expected);
}

#[test]
fn several_numbers_of_folds() {
    let encoding = |name: &str, folds: u32| {
        format!("  - {{ type: target_encoding, name: {name}, column: country, target: sold, folds: {folds} }}\n")
    };
    let several = format!("steps:\n{}{}{}", encoding("x", 2), encoding("y", 3), encoding("z", 2));
    let result = steps(&several).apply(&training()).unwrap();
    let found = |name: &str| numbers(result.column(name).unwrap());
    assert_eq!(found("x"), found("z"));
    assert_ne!(found("x"), found("y"));
}

#[test]
fn a_row_alone_is_as_in_the_table() {
    let fitted = steps(LEARNED).fit(&training()).unwrap();
    let all = fitted.apply(&new_rows()).unwrap();
    for row in 0..4 {
        let alone = fitted.apply(&new_rows().slice(row, 1)).unwrap();
        assert!(alone.equals_missing(&all.slice(row, 1)));
    }
    assert_eq!(fitted.apply(&new_rows().clear()).unwrap().shape(), (0, all.width()));
}

#[test]
fn other_columns_than_those_of_the_training_are_refused() {
    let fitted = steps(LEARNED).fit(&training()).unwrap();
    let without = new_rows().drop("units").unwrap();
    assert_eq!(fitted.apply(&without).unwrap_err().code(), "column.unknown");
    let other_type = df!("country" => ["Chad"], "units" => ["many"]).unwrap();
    assert_eq!(fitted.apply(&other_type).unwrap_err().code(), "column.type");
    let taken = df!("country" => ["Chad"], "units" => [1], "mean" => [1.0]).unwrap();
    assert_eq!(fitted.apply(&taken).unwrap_err().code(), "configuration.duplicate_name");
}

#[test]
fn an_empty_table_teaches_nothing() {
    let error = steps(LEARNED).apply(&training().clear()).unwrap_err();
    assert_eq!(error.code(), "data.invalid");
}

#[test]
fn a_file_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fitted.json");
    steps(LEARNED).fit(&training()).unwrap().save(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    for other in [
        String::new(),
        "{}".to_owned(),
        text[..text.len() / 2].to_owned(),
        text.replacen("\"version\": 1", "\"version\": 2", 1),
        text.replacen("features-pipeline/", "other/", 1),
    ] {
        std::fs::write(&path, other).unwrap();
        assert_eq!(FittedFeatures::load(&path).unwrap_err().code(), "data.invalid");
    }
}

#[test]
fn tables_from_the_disk_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("training.parquet");
    tables::write(&training(), &input).unwrap();
    let (fitted, plan) = steps(LEARNED).fit_lazy(tables::scan(&input, &Default::default()).unwrap()).unwrap();
    let output = folder.path().join("result.arrow");
    tables::sink(plan, &output).unwrap();
    let (in_memory, expected) = steps(LEARNED).fit_apply(&training()).unwrap();
    assert!(tables::read(&output, &Default::default()).unwrap().equals_missing(&expected));
    assert!(fitted.apply(&new_rows()).unwrap().equals_missing(&in_memory.apply(&new_rows()).unwrap()));
}
