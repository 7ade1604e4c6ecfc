//! Real tables, and small trained models that many tests share.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use lex_learning::{
    LexLearningError, Pipeline, PipelineConfig, PipelineConfigBuilder, ProblemType, TrainedModel, TrainingResult,
};
use polars::prelude::*;

pub(crate) fn table(name: &str) -> DataFrame {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(format!("{name}.csv"));
    CsvReadOptions::default().try_into_reader_with_file_path(Some(path)).unwrap().finish().unwrap()
}

/// A configuration that trains in a moment.
pub(crate) fn quick(problem: ProblemType) -> PipelineConfigBuilder {
    let algorithm = match problem {
        ProblemType::Classification => "logistic_regression",
        ProblemType::Regression => "ridge",
    };
    PipelineConfig::builder()
        .problem_type(problem)
        .algorithm(algorithm)
        .optimize_hyperparams(false)
        .enable_explainability(false)
        .n_jobs(1)
}

pub(crate) fn train(config: PipelineConfigBuilder, table: &DataFrame) -> TrainingResult {
    lex_learning::initialize().unwrap();
    pipeline(config).train(table).unwrap()
}

pub(crate) fn pipeline(config: PipelineConfigBuilder) -> Pipeline {
    Pipeline::builder().config(config.build().unwrap()).build().unwrap()
}

pub(crate) fn trained(config: PipelineConfigBuilder, table: &DataFrame) -> TrainedModel {
    let pipeline = pipeline(config.clone());
    pipeline.create_trained_model(&train(config, table)).unwrap()
}

pub(crate) fn refused(config: PipelineConfigBuilder, table: &DataFrame) -> LexLearningError {
    lex_learning::initialize().unwrap();
    pipeline(config).train(table).unwrap_err()
}

#[track_caller]
pub(crate) fn assert_invalid_data(error: &LexLearningError, words: &[&str]) {
    assert!(matches!(error, LexLearningError::InvalidData(_)), "{error:?}");
    for word in words {
        assert!(error.to_string().contains(word), "{error} should name {word}");
    }
}

/// Survival on the Titanic by logistic regression.
pub(crate) static SURVIVAL: LazyLock<TrainedModel> =
    LazyLock::new(|| trained(quick(ProblemType::Classification), &table("titanic")));

/// Sales of car seats by ridge regression.
pub(crate) static SALES: LazyLock<TrainedModel> =
    LazyLock::new(|| trained(quick(ProblemType::Regression), &table("carseats")));

pub(crate) fn passenger() -> serde_json::Value {
    serde_json::json!({"pclass": "3rd", "sex": "male", "age": 25.0, "sibsp": 0, "parch": 0})
}
