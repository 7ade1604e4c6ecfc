//! What is saved or exported as ONNX predicts the same without the interpreter.

use std::time::Duration;

use lex_learning::{LexLearningError, NativeModel, PipelineConfig, ProblemType, TrainedModel};
use polars::prelude::*;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::fixtures::{SALES, SURVIVAL, passenger, quick, table, trained};

fn exported(model: &TrainedModel) -> NativeModel {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    model.export_onnx(&path).unwrap();
    NativeModel::load(&path).unwrap()
}

#[track_caller]
fn assert_close(ours: f64, theirs: f64) {
    // XGBoost adds up values of this size in single precision.
    assert!((ours - theirs).abs() <= 1e-5 * theirs.abs().max(1.0), "{ours} is not {theirs}");
}

#[track_caller]
fn assert_same_table(native: &NativeModel, model: &TrainedModel, rows: &DataFrame) {
    let (ours, theirs) = (native.predict_batch(rows).unwrap(), model.predict_batch(rows).unwrap());
    assert_eq!(ours.get_column_names(), theirs.get_column_names());
    for (ours, theirs) in ours.columns().iter().zip(theirs.columns()) {
        assert_eq!(ours.dtype(), theirs.dtype());
        match (ours.f64(), theirs.f64()) {
            (Ok(ours), Ok(theirs)) => {
                for (ours, theirs) in ours.iter().zip(theirs.iter()) {
                    assert_close(ours.unwrap(), theirs.unwrap());
                }
            }
            _ => assert!(ours.equals(theirs), "{} differs", ours.name()),
        }
    }
}

#[track_caller]
fn assert_same_row(native: &NativeModel, model: &TrainedModel, row: &Value) {
    let (ours, theirs) = (native.predict(row).unwrap(), model.predict(row).unwrap());
    assert_eq!((&ours.label, &ours.warnings), (&theirs.label, &theirs.warnings));
    for (label, share) in &theirs.probabilities {
        assert_close(ours.probabilities[label], *share);
    }
    assert_eq!(ours.value.is_some(), theirs.value.is_some());
    if let (Some(ours), Some(theirs)) = (ours.value, theirs.value) {
        assert_close(ours, theirs);
    }
}

#[test]
fn linear_models_answer_the_same() {
    let native = exported(&SURVIVAL);
    assert_eq!(native.info(), &SURVIVAL.get_info().unwrap());
    assert_same_table(&native, &SURVIVAL, &table("titanic"));
    let mut strange = passenger();
    strange["sex"] = json!("unknown");
    strange["age"] = json!(130);
    for row in [passenger(), strange] {
        assert_same_row(&native, &SURVIVAL, &row);
    }
    assert_same_table(&exported(&SALES), &SALES, &table("carseats"));
}

#[test]
fn classes_keep_their_type() {
    let mut passengers = table("titanic");
    let survived = passengers.column("survived").unwrap().str().unwrap().equal("survived");
    passengers.replace("survived", survived.clone().into_series().into_column()).unwrap();
    let truths = trained(quick(ProblemType::Classification), &passengers);
    assert_same_table(&exported(&truths), &truths, &passengers);
    let numbers = survived.cast(&DataType::Int64).unwrap().into_column();
    passengers.replace("survived", numbers).unwrap();
    let integers = trained(quick(ProblemType::Classification), &passengers);
    assert_same_table(&exported(&integers), &integers, &passengers);
}

#[test]
fn more_than_two_classes_answer_the_same() {
    let penguins = table("penguins");
    for algorithm in ["logistic_regression", "lightgbm", "svm"] {
        let model = trained(quick(ProblemType::Classification).algorithm(algorithm), &penguins);
        assert_same_table(&exported(&model), &model, &penguins);
    }
}

#[test]
fn a_model_file_answers_the_same() {
    let folder = tempdir().unwrap();
    for (model, name) in [(&SURVIVAL, "titanic"), (&SALES, "carseats")] {
        let path = folder.path().join(name);
        model.save(&path).unwrap();
        let native = NativeModel::load(&path).unwrap();
        assert_eq!(native.info(), &model.get_info().unwrap());
        assert_same_table(&native, model, &table(name));
        let again = TrainedModel::load(&path).unwrap().to_bytes().unwrap();
        assert_same_table(&NativeModel::from_bytes(&again).unwrap(), model, &table(name));
    }
}

#[test]
fn model_files_that_hold_no_document_say_so() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.pkl");
    SURVIVAL.save(&path).unwrap();
    let error = NativeModel::load(&path).unwrap_err();
    assert!(error.to_string().contains("it is a pickle"), "{error}");
    let stored = concat!(env!("CARGO_MANIFEST_DIR"), "/python/lex_learning/tests/data/models/v1-titanic.lex");
    let error = NativeModel::load(stored).unwrap_err();
    assert!(matches!(&error, LexLearningError::ExportError(_)), "{error}");
}

#[test]
fn refusals_are_the_same() {
    let native = exported(&SURVIVAL);
    let mut rows = vec![json!([1]), json!({}), passenger(), passenger(), passenger()];
    rows[2]["age"] = json!("old");
    rows[3]["age"] = Value::Null;
    rows[4]["cabin"] = json!("B5");
    for row in rows {
        assert_eq!(native.predict(&row).unwrap_err(), SURVIVAL.predict(&row).unwrap_err(), "{row}");
    }
}

#[test]
fn an_ensemble_answers_the_same() {
    let config = PipelineConfig::builder()
        .problem_type(ProblemType::Classification)
        .time_limit(Duration::from_secs(10))
        .enable_explainability(false);
    let (passengers, model) = (table("titanic"), trained(config, &table("titanic")));
    let native = NativeModel::from_bytes(&model.to_bytes().unwrap()).unwrap();
    assert_same_table(&native, &model, &passengers);
    assert_same_row(&native, &model, &passenger());
}

#[test]
fn boosters_and_neighbors_answer_the_same() {
    for algorithm in ["lightgbm", "xgboost", "catboost", "knn", "extra_trees"] {
        let seats = table("carseats");
        let model = trained(quick(ProblemType::Regression).algorithm(algorithm).interval_coverage(0.9), &seats);
        assert_same_table(&exported(&model), &model, &seats);
    }
}
