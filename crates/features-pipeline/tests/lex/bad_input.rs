//! What cannot be trained on or predicted.

use features_pipeline::models::{ModelError, ProfitPredictor};
use features_pipeline::{FeaturesError, Result};
use polars::prelude::*;

use crate::support::{SALES, SEAT, config, path, read};

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T>, code: &str, words: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.hint().is_some(), "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{error} should name {word}");
    }
}

#[test]
fn what_the_engine_refuses_keeps_its_code() {
    let seats = read(path("carseats.csv"));
    let train = |table: &DataFrame, features: &[&str], algorithm: &str| {
        ProfitPredictor::train_as(table, &config("Sales", features, algorithm))
    };
    refused(train(&seats, &["Price", "Prize"], "ridge"), "model.column_not_found", &["'Prize'", "'Price'"]);
    refused(train(&seats, &SEAT, "oracle"), "config.invalid", &["oracle"]);
    refused(train(&seats.head(Some(0)), &SEAT, "ridge"), "data.invalid", &[]);

    let mut dated = seats.clone();
    let days = Column::new("day".into(), vec![1_i32; 400]).cast(&DataType::Date).unwrap();
    dated.with_column(days).unwrap();
    refused(train(&dated, &["Price", "day"], "ridge"), "data.invalid", &["'day'", "date"]);

    let mut gaps = seats.clone();
    let sales = seats.column("Sales").unwrap().f64().unwrap().iter().enumerate();
    let sales = sales.map(|(row, value)| value.filter(|_| row != 3)).collect::<Vec<_>>();
    gaps.with_column(Column::new("Sales".into(), sales)).unwrap();
    refused(train(&gaps, &SEAT, "ridge"), "model.invalid_value", &["'Sales'", "row 3"]);
}

#[test]
fn rows_of_other_columns_are_not_predicted() {
    let seats = read(path("carseats.csv"));
    refused(SALES.predict(&seats.drop("US").unwrap()), "model.column_not_found", &["'US'"]);
    let mut texts = seats.clone();
    texts.with_column(Column::new("Price".into(), vec!["much"; 400])).unwrap();
    refused(SALES.predict(&texts), "inference.failed", &["Price"]);
    // Columns that the model does not use may be there, and gaps and levels that the training rows did not have.
    let mut new = seats.head(Some(2));
    new.with_column(Column::new("Price".into(), [None, Some(99_i64)])).unwrap();
    new.with_column(Column::new("ShelveLoc".into(), ["On the floor", "Good"])).unwrap();
    assert!(SALES.predict(&new).unwrap().iter().all(|value| value.is_finite()));
}

#[test]
fn numbers_have_no_metrics_of_classes() {
    let error = crate::support::SURVIVAL.evaluate(&read(path("titanic.csv")), "survived").unwrap_err();
    assert!(matches!(error, FeaturesError::Model(ModelError::WrongKind { kind: "lex", .. })));
}
