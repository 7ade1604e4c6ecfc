//! What every model can do.

use std::fmt;

use ndarray::{Array1, Array2};
use polars::prelude::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::warning::FitWarning;
use super::{ClassLabel, ModelSpecification, TrainingConfig, Watch};
use crate::error::Result;

/// The kinds of models, by the names of the YAML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Ordinary least squares.
    Linear,
    /// Least squares with a squared penalty.
    Ridge,
    /// Least squares with an absolute penalty.
    Lasso,
    /// Least squares with both.
    ElasticNet,
    /// Logistic regression.
    Logistic,
    /// The engine's automated machine learning.
    Lex,
}

impl ModelKind {
    /// The name, as in YAML.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Ridge => "ridge",
            Self::Lasso => "lasso",
            Self::ElasticNet => "elastic_net",
            Self::Logistic => "logistic",
            Self::Lex => "lex",
        }
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A coefficient on the scale of its column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coefficient<'a> {
    /// The column.
    pub feature: &'a str,
    /// The class that it speaks for. None where numbers are predicted.
    pub class: Option<&'a ClassLabel>,
    /// How much the prediction, or the class's score, grows when the column grows by 1.
    pub value: f64,
}

/// How much a column matters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Importance {
    /// The column.
    pub feature: String,
    /// By how much the error grows when the column is shuffled (Breiman 2001), as a share of what all columns add up to.
    pub share: f64,
}

/// A model that was tried for a place in the one that predicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The algorithm, or `ensemble`.
    pub name: String,
    /// What the score is, such as `log_loss`.
    pub metric: String,
    /// The mean of the cross-validation. None if it failed.
    pub score: Option<f64>,
    /// Its share in the ensemble, 0 to 1. None for the ensemble itself.
    pub weight: Option<f64>,
    /// Time spent on its fits, summed over workers.
    pub seconds: f64,
    /// Why it has no score.
    pub failure: Option<String>,
}

/// A prediction for each row.
#[derive(Debug, Clone, PartialEq)]
pub enum Predictions {
    /// Of a model of numbers.
    Numbers(Array1<f64>),
    /// Of a model of classes.
    Classes {
        /// For each row, the place of the likeliest class in [`Model::classes`].
        codes: Vec<usize>,
        /// Rows by classes; each row sums to 1.
        probabilities: Array2<f64>,
    },
}

/// A model that has learned.
pub trait Model: fmt::Debug + Send + Sync {
    /// Learns from the rows of a table. The watch may follow, and end what takes long.
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`](super::ModelError::InvalidSetting), [`TooFewRows`](super::ModelError::TooFewRows); what is wrong
    /// with a column, see [`Matrix::from_frame`](super::Matrix::from_frame) and
    /// [`Target::from_frame`](super::Target::from_frame); [`NotFitted`](super::ModelError::NotFitted) if coefficients would
    /// not be finite, and [`Engine`](super::ModelError::Engine) for what the engine refuses.
    fn fit(config: &TrainingConfig, table: &DataFrame, watch: &Watch) -> Result<Self>
    where
        Self: Sized;

    /// The kind and settings that it was fitted with.
    fn specification(&self) -> &ModelSpecification;

    /// The kind.
    fn kind(&self) -> ModelKind {
        self.specification().kind()
    }

    /// The columns that it was trained on, in order.
    fn feature_names(&self) -> Vec<&str>;

    /// The classes, in order. Empty where numbers are predicted.
    fn classes(&self) -> &[ClassLabel];

    /// The coefficients: features in order; for more than two classes, the classes of each feature in order. Empty for a
    /// model that is no weighted sum.
    fn coefficients(&self) -> Vec<Coefficient<'_>>;

    /// The intercept; for more than two classes, one for each. 0 if none was fitted. Empty for a model that is no weighted
    /// sum.
    fn intercepts(&self) -> &[f64];

    /// How much each column matters, the most important first. Empty for a model with coefficients.
    fn importances(&self) -> &[Importance] {
        &[]
    }

    /// What was tried, best first. Empty for a model that was fitted at once.
    fn candidates(&self) -> &[Candidate] {
        &[]
    }

    /// What the fit had to say.
    fn warnings(&self) -> &[FitWarning];

    /// Predicts each row, always the same for the same row.
    ///
    /// # Errors
    ///
    /// What is wrong with a column, as for [`fit`](Self::fit).
    fn predict(&self, table: &DataFrame) -> Result<Predictions>;
}
