//! Prediction of rows and tables.

use std::thread;

use lex_learning::{LexLearningError, ProblemType};
use polars::prelude::*;
use serde_json::{Value, json};

use crate::fixtures::{SALES, SURVIVAL, passenger, quick, table, train};

#[track_caller]
fn assert_refused(row: &Value, words: &[&str]) {
    let error = SURVIVAL.predict(row).unwrap_err();
    assert!(matches!(error, LexLearningError::InferenceError(_)), "{error:?}");
    for word in words {
        assert!(error.to_string().contains(word), "{error} should name {word}");
    }
}

#[test]
fn a_row_gets_a_label_and_probabilities() {
    let prediction = SURVIVAL.predict(&passenger()).unwrap();
    assert_eq!(prediction.label.as_deref(), Some("died"));
    assert_eq!(prediction.value, None);
    assert!((prediction.probabilities.values().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(prediction.probabilities["died"] > 0.7);
    assert!(prediction.warnings.is_empty());
}

#[test]
fn a_regression_gives_a_value() {
    let row = json!({"CompPrice": 138, "Income": 73, "Advertising": 11, "Population": 276, "Price": 120,
                     "ShelveLoc": "Bad", "Age": 42, "Education": 17, "Urban": "Yes", "US": "Yes"});
    let prediction = SALES.predict(&row).unwrap();
    assert_eq!(prediction.label, None);
    assert!(prediction.probabilities.is_empty());
    assert!((2.0..12.0).contains(&prediction.value.unwrap()));
}

#[test]
fn single_rows_equal_the_batch() {
    let titanic = table("titanic").head(Some(25));
    let batch = SURVIVAL.predict_batch(&titanic).unwrap();
    let died = batch.column("probability_died").unwrap().f64().unwrap();
    for (index, expected) in died.into_no_null_iter().enumerate() {
        let value = |name: &str| titanic.column(name).unwrap().get(index).unwrap();
        let text = |name: &str| value(name).get_str().unwrap().to_owned();
        let row = json!({"pclass": text("pclass"), "sex": text("sex"), "age": value("age").extract::<f64>(),
                         "sibsp": value("sibsp").extract::<i64>(), "parch": value("parch").extract::<i64>()});
        let single = SURVIVAL.predict(&row).unwrap();
        assert!((single.probabilities["died"] - expected).abs() < 1e-9);
    }
}

#[test]
fn columns_may_come_in_any_order_and_with_the_target() {
    let titanic = table("titanic");
    let mut reversed = titanic.get_column_names_owned();
    reversed.reverse();
    let shuffled = titanic.select(reversed).unwrap();
    assert!(SURVIVAL.predict_batch(&titanic).unwrap().equals(&SURVIVAL.predict_batch(&shuffled).unwrap()));
}

#[test]
fn rows_that_do_not_fit_are_refused_by_column() {
    let without = |name: &str| {
        let mut row = passenger();
        row.as_object_mut().unwrap().remove(name);
        row
    };
    let with = |name: &str, value: Value| {
        let mut row = passenger();
        row[name] = value;
        row
    };
    assert_refused(&without("age"), &["'age'", "missing"]);
    assert_refused(&with("cabin", json!("C85")), &["'cabin'"]);
    assert_refused(&with("age", json!("old")), &["'age'", "number"]);
    assert_refused(&with("age", json!(true)), &["'age'"]);
    assert_refused(&with("age", Value::Null), &["'age'"]);
    assert_refused(&with("sex", json!(1)), &["'sex'", "text"]);
    for shape in [json!([1, 2]), json!("row"), json!(3), Value::Null] {
        assert_refused(&shape, &["object"]);
    }
}

#[test]
fn an_unseen_category_predicts_and_says_so() {
    let mut row = passenger();
    row["pclass"] = json!("steerage");
    let prediction = SURVIVAL.predict(&row).unwrap();
    assert!(prediction.label.is_some());
    assert!(prediction.warnings[0].contains("'pclass'") && prediction.warnings[0].contains("'steerage'"));
}

#[test]
fn unseen_categories_in_a_table_are_told() {
    let mut titanic = table("titanic").head(Some(3));
    titanic.with_column(Column::new("pclass".into(), vec!["1st", "steerage", "steerage"])).unwrap();
    let (predictions, warnings) = SURVIVAL.predict_batch_with_warnings(&titanic).unwrap();
    assert_eq!(predictions.height(), 3);
    assert!(warnings.len() == 1 && warnings[0].contains("'pclass'"), "{warnings:?}");
}

#[test]
fn numbers_outside_the_training_range_are_told() {
    let mut row = passenger();
    row["age"] = json!(130);
    let prediction = SURVIVAL.predict(&row).unwrap();
    assert_eq!(prediction.warnings, ["column 'age': 130 is outside the training range 0.166700006 to 80"]);
    assert!(prediction.label.is_some());
    let mut titanic = table("titanic").head(Some(3));
    titanic.with_column(Column::new("age".into(), vec![30.0, 130.0, -1.0])).unwrap();
    let (_, warnings) = SURVIVAL.predict_batch_with_warnings(&titanic).unwrap();
    assert_eq!(warnings, ["column 'age': a value outside the training range 0.166700006 to 80 in 2 rows"]);
}

#[test]
fn tables_that_do_not_fit_are_refused_by_column() {
    let titanic = table("titanic");
    let refused = |frame: &DataFrame| match SURVIVAL.predict_batch(frame).unwrap_err() {
        LexLearningError::InferenceError(message) => message,
        other => panic!("{other:?}"),
    };
    assert!(refused(&titanic.drop("age").unwrap()).contains("'age'"));
    let mut extra = titanic.clone();
    extra.with_column(Column::new("cabin".into(), vec![1; titanic.height()])).unwrap();
    assert!(refused(&extra).contains("'cabin'"));
    let mut wrong = titanic.clone();
    wrong.with_column(Column::new("age".into(), vec!["old"; titanic.height()])).unwrap();
    assert!(refused(&wrong).contains("'age'"));
    let mut null = titanic.clone();
    null.with_column(Column::new("age".into(), vec![None::<f64>; titanic.height()])).unwrap();
    assert!(refused(&null).contains("'age'"));
}

#[test]
fn empty_and_one_row_tables_keep_their_shape() {
    let titanic = table("titanic");
    for rows in [0, 1] {
        let predictions = SURVIVAL.predict_batch(&titanic.head(Some(rows))).unwrap();
        assert_eq!(predictions.height(), rows);
        assert_eq!(predictions.get_column_names(), ["prediction", "probability_died", "probability_survived"]);
    }
    let sales = SALES.predict_batch(&table("carseats").head(Some(0))).unwrap();
    assert_eq!(sales.column("prediction").unwrap().dtype(), &DataType::Float64);
}

#[test]
fn many_threads_predict_while_a_training_runs() {
    let expected = SURVIVAL.predict(&passenger()).unwrap();
    thread::scope(|scope| {
        let training =
            scope.spawn(|| train(quick(ProblemType::Classification).algorithm("lightgbm"), &table("titanic")));
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert_eq!(SURVIVAL.predict(&passenger()).unwrap(), expected);
                }
            });
        }
        training.join().unwrap();
    });
}

#[test]
fn a_model_knows_itself() {
    let info = SURVIVAL.get_info().unwrap();
    assert_eq!(info.problem_type, ProblemType::Classification);
    assert_eq!(info.target_column, "survived");
    assert_eq!(info.feature_names, ["pclass", "sex", "age", "sibsp", "parch"]);
    assert_eq!(info.class_labels, Some(vec!["died".to_owned(), "survived".to_owned()]));
    assert_eq!(info.best_model_name, "logistic_regression");
    assert_eq!(info.schema[0].levels, ["1st", "2nd", "3rd"]);
    assert_eq!((info.schema[2].minimum, info.schema[2].maximum), (Some(0.166_700_006), Some(80.0)));
    assert_eq!(info.training_rows, 1047);
    assert_eq!(SURVIVAL.problem_type().unwrap(), info.problem_type);
    assert_eq!(SURVIVAL.class_labels().unwrap(), info.class_labels);
    assert_eq!(SURVIVAL.best_model_name().unwrap(), info.best_model_name);
    assert_eq!(SURVIVAL.metrics().unwrap(), info.metrics);
    assert_eq!(SURVIVAL.feature_importance().unwrap(), info.feature_importance);
    assert_eq!(SALES.class_labels().unwrap(), None);
}
