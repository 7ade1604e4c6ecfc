//! Prediction of rows and tables, beside the words of the Python package.

use std::thread;

use lex_learning::{LexLearningError, NativeModel};
use polars::prelude::*;
use serde_json::{Value, json};

use crate::passengers::{bytes, description, passenger, survival, titanic};

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, LexLearningError>, expected: &str) {
    match result.unwrap_err() {
        LexLearningError::InferenceError(message) => assert_eq!(message, expected),
        other => panic!("{other:?}"),
    }
}

fn with(name: &str, value: Value) -> Value {
    let mut row = passenger();
    row[name] = value;
    row
}

#[test]
fn a_row_gets_a_label_and_probabilities() {
    let prediction = survival().predict(&passenger()).unwrap();
    let odds: f64 = 3.5 - 2.0 * 1.1 - 2.5 - 25.0 * 0.04;
    assert_eq!(prediction.label.as_deref(), Some("died"));
    assert!((prediction.probabilities["survived"] - 1.0 / (1.0 + (-odds).exp())).abs() < 1e-12);
    assert!((prediction.probabilities.values().sum::<f64>() - 1.0).abs() < 1e-12);
    assert_eq!((prediction.value, prediction.warnings.len()), (None, 0));
}

#[test]
fn single_rows_equal_the_batch_in_any_order_of_columns() {
    let model = survival();
    let table = titanic();
    let mut names = table.get_column_names_owned();
    names.reverse();
    let batch = model.predict_batch(&table).unwrap();
    assert!(batch.equals(&model.predict_batch(&table.select(names).unwrap()).unwrap()));
    assert_eq!(batch.get_column_names(), ["prediction", "probability_died", "probability_survived"]);
    let shares = batch.column("probability_survived").unwrap().f64().unwrap();
    let labels = batch.column("prediction").unwrap().str().unwrap();
    for index in (0..table.height()).step_by(37) {
        let value = |name: &str| table.column(name).unwrap().get(index).unwrap();
        let text = |name: &str| value(name).get_str().unwrap().to_owned();
        let row = json!({"pclass": text("pclass"), "sex": text("sex"), "age": value("age").extract::<f64>(),
                         "sibsp": value("sibsp").extract::<i64>(), "parch": value("parch").extract::<i64>()});
        let single = model.predict(&row).unwrap();
        assert_eq!(Some(single.probabilities["survived"]), shares.get(index));
        assert_eq!(single.label.as_deref(), labels.get(index));
    }
}

#[test]
fn what_training_did_not_see_is_told() {
    let model = survival();
    let warnings = |row: &Value| model.predict(row).unwrap().warnings;
    let unseen = warnings(&with("pclass", json!("steerage")));
    assert_eq!(unseen, ["column 'pclass': category 'steerage' was not seen in training"]);
    assert_eq!(warnings(&with("age", json!(130))), ["column 'age': 130 is outside the training range 0 to 80"]);
    let mut table = titanic().head(Some(3));
    table.with_column(Column::new("pclass".into(), vec!["1st", "steerage", "steerage"])).unwrap();
    table.with_column(Column::new("age".into(), vec![130.0, 20.0, 30.0])).unwrap();
    let (_, warnings) = model.predict_batch_with_warnings(&table).unwrap();
    let expected = [
        "column 'pclass': a category not seen in training in 2 rows",
        "column 'age': a value outside the training range 0 to 80 in 1 row",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn rows_that_do_not_fit_are_refused_by_column() {
    let refused = |row: &Value, expected: &str| assert_refused(survival().predict(row), expected);
    let mut short = passenger();
    short.as_object_mut().unwrap().remove("age");
    let hint = "Give all columns of the training table: pclass, sex, age, sibsp, parch.";
    refused(&short, &format!("column 'age' is missing. {hint}"));
    refused(&with("cabin", json!("C85")), "column 'cabin' was not in the training table. Drop it.");
    let hint = "Give it the type that it had in training.";
    refused(&with("age", json!("old")), &format!("column 'age' is 'old', expected a finite number. {hint}"));
    refused(&with("age", json!(true)), &format!("column 'age' is True, expected a finite number. {hint}"));
    refused(&with("age", Value::Null), &format!("column 'age' is null, expected a finite number. {hint}"));
    refused(&with("sex", json!(1)), &format!("column 'sex' is 1, expected text. {hint}"));
    refused(&json!([1, 2]), "the row is [1, 2], expected a JSON object. Give {column: value, ...}.");
    assert!(survival().predict(&with("survived", json!("died"))).is_ok());
}

#[test]
fn tables_that_do_not_fit_are_refused_by_column() {
    let table = titanic();
    let refused = |name: &str, column: Series, expected: &str| {
        let mut changed = table.clone();
        changed.with_column(column.with_name(name.into()).into_column()).unwrap();
        assert_refused(survival().predict_batch(&changed), expected);
    };
    let rows = table.height();
    refused("cabin", Series::new("".into(), vec![1; rows]), "column 'cabin' was not in the training table. Drop it.");
    let nulls = format!(
        "column 'age' has a null or NaN in {rows} rows. Fill or drop them; or train with allow_missing, which takes them."
    );
    refused("age", Series::new("".into(), vec![None::<f64>; rows]), &nulls);
    refused("age", Series::new("".into(), vec![f64::NAN; rows]), &nulls);
    let infinite = "column 'age' holds an infinite value. Give finite numbers.";
    refused("age", Series::new("".into(), vec![f64::INFINITY; rows]), infinite);
    let text = "column 'age' is of type str, expected float. Give it the type that it had in training.";
    refused("age", Series::new("".into(), vec!["old"; rows]), text);
}

#[test]
fn an_empty_table_gives_an_empty_one() {
    let predictions = survival().predict_batch(&titanic().head(Some(0))).unwrap();
    assert_eq!((predictions.height(), predictions.width()), (0, 3));
    assert_eq!(predictions.column("prediction").unwrap().dtype(), &DataType::String);
}

#[test]
fn missing_values_where_training_took_them() {
    let mut facts = description();
    facts["info"]["schema"][0]["nullable"] = json!(true);
    facts["info"]["schema"][2]["nullable"] = json!(true);
    facts["info"]["schema"][2]["missing"] = json!(263);
    let model = NativeModel::from_bytes(&bytes(&facts)).unwrap();
    assert!(model.predict(&with("age", Value::Null)).unwrap().warnings.is_empty());
    let warnings = model.predict(&with("pclass", Value::Null)).unwrap().warnings;
    assert_eq!(warnings, ["column 'pclass' has no value, and none was missing in training"]);
    let mut table = titanic().head(Some(3));
    table.with_column(Column::new("pclass".into(), vec![Some("1st"), None, Some("none")])).unwrap();
    let (_, warnings) = model.predict_batch_with_warnings(&table).unwrap();
    let expected = [
        "column 'pclass': a category not seen in training in 1 row",
        "column 'pclass': no value in 1 row, and none was missing in training",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn a_threshold_and_the_classes_own_type_are_kept() {
    let mut facts = description();
    facts["info"]["class_labels"] = json!(["0", "1"]);
    facts["info"]["decision_threshold"] = json!(0.05);
    facts["classes"] = json!([0, 1]);
    let model = NativeModel::from_bytes(&bytes(&facts)).unwrap();
    assert_eq!(model.predict(&passenger()).unwrap().label.as_deref(), Some("1"));
    let predictions = model.predict_batch(&titanic()).unwrap();
    assert_eq!(predictions.column("prediction").unwrap().dtype(), &DataType::Int64);
}

#[test]
fn many_threads_share_a_model() {
    let model = survival();
    let expected = model.predict(&passenger()).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            let (model, expected) = (model.clone(), &expected);
            scope.spawn(move || (0..500).for_each(|_| assert_eq!(&model.predict(&passenger()).unwrap(), expected)));
        }
    });
}

#[test]
fn a_path_without_a_file_is_told() {
    let error = NativeModel::load("nowhere/model.onnx").unwrap_err();
    assert_eq!(error, LexLearningError::ModelNotFound { path: "nowhere/model.onnx".to_owned() });
    assert_eq!(survival().info().class_labels.as_deref(), Some(&["died".to_owned(), "survived".to_owned()][..]));
}
