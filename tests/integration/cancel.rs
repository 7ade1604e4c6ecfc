//! Cancelling: quick, typed, and nothing is left behind.

use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use lex_learning::{CancelToken, LexLearningError, PipelineConfigBuilder, ProblemType};
use polars::prelude::*;

use crate::fixtures::{pipeline, quick, table};
use crate::isolated::{assert_passes, command, descendants, descendants_of, leftovers_of, wait_until};

/// A support vector machine on noise: one fit takes minutes.
fn long_fit() -> (PipelineConfigBuilder, DataFrame) {
    let noise = |seed: u64| {
        let mut state = seed;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..20_000).map(|_| next()).collect::<Vec<f64>>()
    };
    let columns = (0..10).map(|index| Column::new(format!("x{index}").into(), noise(index))).collect();
    let mut frame = DataFrame::new_infer_height(columns).unwrap();
    let target: Vec<bool> = noise(99).into_iter().map(|value| value < 0.5).collect();
    frame.with_column(Column::new("target".into(), target)).unwrap();
    (quick(ProblemType::Classification).algorithm("svm"), frame)
}

/// Case: cancelled at several moments, a training ends and leaves nothing.
pub(crate) fn cancel_a_long_fit() {
    lex_learning::initialize().unwrap();
    let (config, frame) = long_fit();
    for (jobs, wait) in [(2, 6000), (-1, 3000), (1, 6000), (2, 500), (2, 0)] {
        let token = CancelToken::new();
        let button = token.clone();
        let training = thread::spawn({
            let (pipeline, frame) = (pipeline(config.clone().n_jobs(jobs)), frame.clone());
            move || pipeline.train_with_cancel(&frame, &token)
        });
        thread::sleep(Duration::from_millis(wait));
        assert!(!training.is_finished());
        button.cancel();
        let outcome = training.join().unwrap();
        assert!(matches!(outcome, Err(LexLearningError::Cancelled)), "{outcome:?}");
        assert!(descendants().is_empty(), "{:?}", descendants());
        assert_eq!(leftovers_of(std::process::id()), Vec::<std::path::PathBuf>::new());
    }
    let again = pipeline(quick(ProblemType::Classification).n_jobs(2)).train(&table("titanic"));
    assert!(again.is_ok());
}

#[test]
fn cancelling_a_long_fit_leaves_nothing() {
    assert_passes(&mut command("cancel_a_long_fit"));
}

#[test]
fn a_used_token_cancels_before_the_start() {
    lex_learning::initialize().unwrap();
    let token = CancelToken::new();
    token.cancel();
    let outcome = pipeline(quick(ProblemType::Classification)).train_with_cancel(&table("titanic"), &token);
    assert!(matches!(outcome, Err(LexLearningError::Cancelled)));
}

/// Case: trains until somebody kills the process.
pub(crate) fn train_for_long() {
    lex_learning::initialize().unwrap();
    let (config, frame) = long_fit();
    pipeline(config.n_jobs(2)).train(&frame).unwrap();
}

#[test]
fn a_killed_host_leaves_no_worker() {
    let mut host: Child = command("train_for_long").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let id = host.id();
    assert!(wait_until(Duration::from_secs(30), || descendants_of(id).len() >= 2));
    thread::sleep(Duration::from_secs(2));
    let workers: Vec<u32> = descendants_of(id).into_keys().collect();
    host.kill().unwrap();
    host.wait().unwrap();
    let alive = |id: &u32| std::path::Path::new(&format!("/proc/{id}")).exists();
    assert!(wait_until(Duration::from_secs(30), || !workers.iter().any(alive)), "{workers:?}");
}

#[test]
fn stopping_a_long_search_keeps_the_best_model() {
    lex_learning::initialize().unwrap();
    let token = CancelToken::new();
    let button = token.clone();
    let config = quick(ProblemType::Classification).time_limit(Duration::from_secs(600)).n_jobs(2);
    let presser = thread::spawn(move || {
        thread::sleep(Duration::from_secs(4));
        button.stop();
    });
    let pipeline = pipeline(config);
    let result = pipeline.train_with_cancel(&table("titanic"), &token).unwrap();
    presser.join().unwrap();
    assert!(result.timings["total"] < 300.0, "{:?}", result.timings);
    let model = pipeline.create_trained_model(&result).unwrap();
    assert_eq!(model.predict_batch(&table("titanic")).unwrap().height(), table("titanic").height());
}

#[test]
fn a_short_limit_is_enough_for_a_model() {
    lex_learning::initialize().unwrap();
    let config = quick(ProblemType::Regression).time_limit(Duration::from_millis(1));
    let result = pipeline(config).train(&table("carseats")).unwrap();
    assert_eq!(result.best_model_name, "ridge");
    assert!(result.warnings.iter().any(|warning| warning.contains("too short for a search")), "{:?}", result.warnings);
}
