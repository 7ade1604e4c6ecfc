//! Progress events.

use std::sync::{Arc, Mutex};

use lex_learning::{LexLearningError, Pipeline, PipelineConfigBuilder, ProblemType, ProgressUpdate, TrainingStage};
use polars::prelude::DataFrame;

use crate::fixtures::{quick, table};

fn events(config: PipelineConfigBuilder, table: &DataFrame) -> (Result<(), LexLearningError>, Vec<ProgressUpdate>) {
    lex_learning::initialize().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let pipeline = Pipeline::builder()
        .config(config.build().unwrap())
        .on_progress(move |update| sink.lock().unwrap().push(update))
        .build()
        .unwrap();
    let outcome = pipeline.train(table).map(drop);
    let seen = seen.lock().unwrap().clone();
    (outcome, seen)
}

#[track_caller]
fn assert_one_last(events: &[ProgressUpdate], last: TrainingStage) {
    assert!(events.is_sorted_by(|one, next| one.progress <= next.progress), "{events:?}");
    assert_eq!(events.last().unwrap().stage, last);
    assert_eq!(events.iter().filter(|event| event.stage.is_last()).count(), 1);
}

#[test]
fn every_stage_is_reported_in_order() {
    let (outcome, events) = events(quick(ProblemType::Classification).enable_explainability(true), &table("penguins"));
    outcome.unwrap();
    let mut stages: Vec<TrainingStage> = events.iter().map(|event| event.stage).collect();
    stages.dedup();
    assert_eq!(
        stages,
        [
            TrainingStage::Initializing,
            TrainingStage::Preprocessing,
            TrainingStage::AlgorithmSelection,
            TrainingStage::Training,
            TrainingStage::Evaluation,
            TrainingStage::Explainability,
            TrainingStage::Complete,
        ]
    );
    assert_one_last(&events, TrainingStage::Complete);
    assert!(events.windows(2).all(|pair| pair[0].message != pair[1].message), "{events:?}");
    assert!((events.last().unwrap().progress - 1.0).abs() < f64::EPSILON);
    let training = events.iter().find(|event| event.current_model.is_some()).unwrap();
    assert_eq!(training.current_model.as_deref(), Some("logistic_regression"));
    assert_eq!(training.models_completed, Some((0, 1)));
}

#[test]
fn a_refused_table_ends_with_failed() {
    let (outcome, events) = events(quick(ProblemType::Classification).target_column("nobody"), &table("titanic"));
    assert!(outcome.is_err());
    assert_one_last(&events, TrainingStage::Failed);
}

#[test]
fn a_callback_that_panics_is_harmless() {
    lex_learning::initialize().unwrap();
    let pipeline = Pipeline::builder()
        .config(quick(ProblemType::Classification).build().unwrap())
        .on_progress(|_| panic!("the user's code"))
        .build()
        .unwrap();
    assert!(pipeline.train(&table("titanic")).is_ok());
}

#[test]
fn a_callback_may_train() {
    lex_learning::initialize().unwrap();
    let inner = Mutex::new(None);
    let pipeline = Pipeline::builder()
        .config(quick(ProblemType::Classification).build().unwrap())
        .on_progress(move |update| {
            let mut inner = inner.lock().unwrap();
            if update.stage == TrainingStage::Evaluation && inner.is_none() {
                *inner = Some(crate::fixtures::train(quick(ProblemType::Regression), &table("carseats")));
            }
        })
        .build()
        .unwrap();
    assert!(pipeline.train(&table("titanic")).is_ok());
}
