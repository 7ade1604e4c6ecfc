//! What the YAML says about the engine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(not(feature = "lex"))]
use super::super::ModelError;
use crate::error::Result;

/// The engine's automated machine learning: many algorithms, their settings searched, and the best weighed into an
/// ensemble. Needs the cargo feature `lex`.
///
/// Features may be numbers, texts and booleans. The settings have the names, bounds and meanings of
/// `lex_learning::PipelineConfig`; the seed is that of the [`TrainingConfig`](super::super::TrainingConfig). The engine
/// learns from all rows that it is given, and compares its models by cross-validation.
///
/// ```
/// use features_pipeline::models::{Lex, ModelSpecification};
///
/// let specification: ModelSpecification = serde_json::from_str(r#"{"kind": "lex", "time_limit": 60}"#).unwrap();
/// assert_eq!(specification, ModelSpecification::Lex(Lex { time_limit: Some(60.0), ..Lex::default() }));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lex {
    /// Whether classes are predicted or numbers. Default: classes where the target is a column of texts or booleans, or of
    /// two whole numbers; else numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem_type: Option<ProblemType>,
    /// Seconds for all of the training, 0.001 to a year; every algorithm that suits the table then takes part. Default: no
    /// limit, and `top_k_algorithms` and `n_trials` bound the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<f64>,
    /// How much work a training does. Default: balanced.
    pub preset: Preset,
    /// This algorithm alone, such as `lightgbm` or `ridge`. Default: several, weighed into an ensemble.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// How many algorithms are tried without a time limit, 1 to 20. Default: 3.
    pub top_k_algorithms: u32,
    /// How many settings are tried for each without a time limit, 1 to 10,000. Default: 20.
    pub n_trials: u32,
    /// Folds of the cross-validation, 2 to 20. Default: 5.
    pub cv_folds: u32,
    /// What models are compared by: `log_loss`, `accuracy`, `balanced_accuracy`, `f1_macro`, `f1_weighted` or `roc_auc` of
    /// classes; `rmse`, `mae`, `median_absolute_error`, `mape` or `r2` of numbers. Default: `log_loss` or `rmse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Cores to use, 1 to 1,024, or -1 for all. Default: -1.
    pub n_jobs: i32,
    /// Fit the chosen models once more on all rows: smaller and quicker to ask, a little less accurate. Default: only where
    /// `algorithm` is named and there is no `time_limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refit: Option<bool>,
    /// Accept nulls in features. Default: true, as features are null where the training rows tell nothing, such as the mean
    /// of a group that they do not have.
    pub allow_missing: bool,
}

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemType {
    /// Classes.
    Classification,
    /// Numbers.
    Regression,
}

/// How much work a training of the engine does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Default settings of each algorithm alone.
    Fast,
    /// What suits most tables.
    #[default]
    Balanced,
    /// Every algorithm that suits the table, and twice as many settings against the clock.
    Best,
}

impl Default for Lex {
    fn default() -> Self {
        Self {
            problem_type: None,
            time_limit: None,
            preset: Preset::default(),
            algorithm: None,
            top_k_algorithms: 3,
            n_trials: 20,
            cv_folds: 5,
            metric: None,
            n_jobs: -1,
            refit: None,
            allow_missing: true,
        }
    }
}

impl Lex {
    /// Asks the engine, as far as it can tell without a table.
    #[cfg(feature = "lex")]
    pub(in crate::models) fn validate(&self) -> Result<()> {
        let check = |problem| self.configuration(problem)?.build().map(drop).map_err(super::engine::refused);
        match self.problem_type {
            Some(problem) => check(problem),
            // Only the table will tell the problem: what suits either is right.
            None => check(ProblemType::Regression).or_else(|_| check(ProblemType::Classification)),
        }
    }

    #[cfg(not(feature = "lex"))]
    #[expect(clippy::unused_self, reason = "as with the engine")]
    pub(in crate::models) fn validate(&self) -> Result<()> {
        Err(ModelError::EngineMissing.into())
    }
}
