//! What a model refuses, and what it says.

use features_pipeline::FeaturesError;
use features_pipeline::models::{
    LinearModel, Matrix, ModelConfig, ModelError, ProfitPredictor, Split, Target, TrainingConfig, train_and_test,
};
use polars::prelude::*;

use crate::support::{config, specification, table};

const LINEAR: &str = r#"{"kind": "linear"}"#;
const LOGISTIC: &str = r#"{"kind": "logistic"}"#;

#[track_caller]
fn refusal(table: &DataFrame, config: &TrainingConfig) -> ModelError {
    match ProfitPredictor::train_as(table, config) {
        Err(FeaturesError::Model(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_that_are_missing_or_not_finite_are_named() {
    let cases = [
        (Column::new("units".into(), [Some(1.0), Some(2.0), None, None]), "null", 2, 2),
        (Column::new("units".into(), [1.0, f64::NAN, 3.0, 4.0]), "NaN", 1, 1),
        (Column::new("units".into(), [1.0, 2.0, 3.0, f64::NEG_INFINITY]), "-inf", 3, 1),
        (Column::new("units".into(), [None, Some(2), Some(3), Some(4)]), "null", 0, 1),
        (Column::full_null("units".into(), 4, &DataType::Null), "null", 0, 4),
    ];
    for (units, expected, expected_row, expected_count) in cases {
        let table = DataFrame::new(4, vec![Column::new("profit".into(), [1.0, 2.0, 3.0, 5.0]), units]).unwrap();
        for (target, feature) in [("profit", "units"), ("units", "profit")] {
            let error = refusal(&table, &config(target, &[feature], LINEAR));
            let ModelError::InvalidValue { column, row, value, count } = &error else { panic!("{error:?}") };
            assert_eq!(
                (column.as_str(), *row, value.as_str(), *count),
                ("units", expected_row, expected, expected_count)
            );
            assert!(error.to_string().contains(&format!("'units' has {expected} in row {expected_row}")), "{error}");
        }
    }
}

#[test]
fn new_rows_are_held_to_the_same() {
    let seats = table("carseats.csv");
    let predictor = ProfitPredictor::train_as(&seats, &config("Sales", &["Price", "Age"], LINEAR)).unwrap();
    let new = df!("Age" => [Some(30), None], "Price" => [1.0, 2.0]).unwrap();
    let error = predictor.predict(&new).unwrap_err();
    assert!(matches!(&error, FeaturesError::Model(ModelError::InvalidValue { column, row: 1, .. }) if column == "Age"));
    assert_eq!(error.code(), "model.invalid_value");

    let error = predictor.predict(&new.drop("Age").unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the table has no column 'Age'; it has 'Price'");
    assert!(error.hint().unwrap().contains("spell"));
    // The columns' order does not matter, and others are ignored.
    let swapped = df!("Price" => [100.0], "Other" => ["x"], "Age" => [40]).unwrap();
    let straight = df!("Age" => [40], "Price" => [100.0]).unwrap();
    assert_eq!(predictor.predict(&swapped).unwrap(), predictor.predict(&straight).unwrap());
}

#[test]
fn columns_that_are_no_numbers_are_named() {
    let error = refusal(&table("carseats.csv"), &config("Sales", &["Price", "ShelveLoc"], LINEAR));
    assert_eq!(error.to_string(), "the column 'ShelveLoc' is str, and a number was expected");
    assert!(error.hint().contains("one-hot"));

    let dates = df!("day" => [1, 2, 3], "profit" => [1.0, 2.0, 3.0]).unwrap();
    let dates = dates.lazy().with_column(col("day").cast(DataType::Date)).collect().unwrap();
    assert!(
        matches!(refusal(&dates, &config("profit", &["day"], LINEAR)), ModelError::NotNumeric { dtype, .. } if dtype == "date")
    );
}

#[test]
fn targets_that_do_not_fit_the_kind_are_refused() {
    let seats = table("carseats.csv");
    let error = refusal(&seats, &config("ShelveLoc", &["Price"], LINEAR));
    assert_eq!(error.to_string(), "the target column 'ShelveLoc' is str, and a column of numbers was expected");
    assert!(error.hint().contains("logistic"));
    // Fractions are no classes, one class is nothing to tell apart, and numbers are too many.
    for (target, found) in [("Sales", "f64 with "), ("Only", "1 distinct"), ("Row", "400 distinct")] {
        let table =
            seats.clone().lazy().with_column(lit("one").alias("Only")).with_row_index("Row", None).collect().unwrap();
        let error = refusal(&table, &config(target, &["Price"], LOGISTIC));
        assert!(matches!(&error, ModelError::InvalidTarget { column, .. } if column == target), "{error}");
        assert!(error.to_string().contains(found), "{error}");
    }
    let gap = df!("class" => [Some("a"), Some("b"), None], "price" => [1, 2, 3]).unwrap();
    assert!(matches!(refusal(&gap, &config("class", &["price"], LOGISTIC)), ModelError::InvalidValue { row: 2, .. }));
}

#[test]
fn classes_that_the_model_does_not_know_are_named() {
    let known = df!("class" => ["a", "b", "a", "b"], "price" => [1, 2, 3, 5]).unwrap();
    let predictor = ProfitPredictor::train_as(&known, &config("class", &["price"], LOGISTIC)).unwrap();
    let new = df!("class" => ["a", "c"], "price" => [1, 2]).unwrap();
    let error = predictor.score(&new, "class").unwrap_err();
    assert!(error.to_string().ends_with("has the class 'c' in row 1 (from 0); the model knows 'a', 'b'"), "{error}");
    let error = predictor.evaluate(&known, "class").unwrap_err();
    assert!(matches!(error, FeaturesError::Model(ModelError::WrongKind { .. })));
}

#[test]
fn names_are_checked_before_any_value() {
    let seats = table("carseats.csv");
    let of = |target, features: &[&str]| refusal(&seats, &config(target, features, LINEAR));
    assert!(matches!(of("Sales", &["Price", "Sales"]), ModelError::TargetAmongFeatures { .. }));
    assert!(
        matches!(of("Sales", &["Price", "Age", "Price"]), ModelError::DuplicateFeature { column } if column == "Price")
    );
    assert!(matches!(of("Sales", &[]), ModelError::NoFeatures));
    assert!(matches!(of("sales", &["Price"]), ModelError::ColumnNotFound { column, .. } if column == "sales"));
    let config = ModelConfig { target_column: "Sales".into(), feature_columns: vec!["Cost".into()] };
    assert!(ProfitPredictor::train(&seats, &config).unwrap_err().to_string().contains("'Cost'"));
}

#[test]
fn settings_outside_their_range_are_named() {
    let seats = table("carseats.csv");
    for (model, setting) in [
        (r#"{"kind": "ridge", "penalty": -1}"#, "penalty"),
        (r#"{"kind": "lasso", "max_iterations": 0}"#, "max_iterations"),
        (r#"{"kind": "elastic_net", "l1_ratio": 1.5}"#, "l1_ratio"),
        (r#"{"kind": "linear", "tolerance": 1}"#, "tolerance"),
        (r#"{"kind": "logistic", "penalty": -0.5}"#, "penalty"),
    ] {
        let error = refusal(&seats, &config("Sales", &["Price"], model));
        assert!(matches!(&error, ModelError::InvalidSetting { setting: found, .. } if *found == setting), "{error}");
    }
    for test_size in [0.0, 1.0, -0.5, f64::NAN] {
        let config = TrainingConfig { test_size, ..config("Sales", &["Price"], LINEAR) };
        assert!(matches!(refusal(&seats, &config), ModelError::InvalidSetting { setting: "test_size", .. }));
        assert!(Split::shuffled(10, test_size, 1).is_err());
    }
}

#[test]
fn too_few_rows_are_refused() {
    let seats = table("carseats.csv");
    let config = config("Sales", &["Price"], LINEAR);
    assert!(matches!(refusal(&seats.slice(0, 0), &config), ModelError::TooFewRows { rows: 0, needed: 1, .. }));
    let error = train_and_test(&seats.slice(0, 1), &config).unwrap_err();
    assert!(matches!(error, FeaturesError::Model(ModelError::TooFewRows { rows: 1, needed: 2, .. })));
    let predictor = ProfitPredictor::train_as(&seats, &config).unwrap();
    assert_eq!(predictor.predict(&seats.slice(0, 0)).unwrap().len(), 0);
    assert!(predictor.score(&seats.slice(0, 0), "Sales").is_err());
}

#[test]
fn sums_that_overflow_are_an_error_and_no_coefficients() {
    let table = df!("units" => [1e300, -1e300, 5e299, 0.0], "profit" => [1.0, 2.0, 3.0, 4.0]).unwrap();
    for kind in ["linear", "ridge", "lasso", "elastic_net"] {
        let error = refusal(&table, &config("profit", &["units"], &format!(r#"{{"kind": "{kind}"}}"#)));
        assert!(matches!(&error, ModelError::NotFitted { kind: found, .. } if *found == kind), "{error}");
    }
}

#[test]
fn a_matrix_of_other_columns_is_refused() {
    let seats = table("carseats.csv");
    let specification = specification(LINEAR);
    let target = Target::from_frame(&seats, "Sales", &specification).unwrap();
    let model =
        LinearModel::fit_matrix(&specification, &Matrix::from_frame(&seats, &["Price", "Age"]).unwrap(), &target)
            .unwrap();
    let error = model.predict_matrix(&Matrix::from_frame(&seats, &["Age", "Price"]).unwrap()).unwrap_err();
    assert!(matches!(error, FeaturesError::Model(ModelError::OtherFeatures { .. })));
    let short = Matrix::from_frame(&seats.slice(0, 3), &["Price"]).unwrap();
    assert!(LinearModel::fit_matrix(&specification, &short, &target).is_err());
}

/// Of a program without the engine, the error says how to build one.
#[cfg(not(feature = "lex"))]
#[test]
fn a_model_of_the_engine_needs_the_engine() {
    let settings = r#"{"kind": "lex", "time_limit": 60, "metric": "rmse"}"#;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    let stored = serde_json::json!({
        "format": "features-pipeline model", "version": 1, "target_column": "Sales",
        "model": {"specification": {"kind": "lex"}, "file": "model.lex"}, "metrics": {},
    });
    std::fs::write(&file, stored.to_string()).unwrap();
    for error in [
        config("Sales", &["Price"], settings).validate().unwrap_err(),
        ProfitPredictor::train_as(&table("carseats.csv"), &config("Sales", &["Price"], settings)).unwrap_err(),
        ProfitPredictor::load(&file).unwrap_err(),
    ] {
        assert!(matches!(error, FeaturesError::Model(ModelError::EngineMissing)), "{error:?}");
        assert!(error.hint().unwrap().contains("--features lex"));
    }
}
