//! What every model can do.

use std::fmt;

use ndarray::{Array1, Array2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::warning::FitWarning;
use super::{ClassLabel, Matrix, ModelSpecification, Target};
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
    /// Learns from rows and their right answers.
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`](super::ModelError::InvalidSetting), [`TooFewRows`](super::ModelError::TooFewRows), and
    /// [`NotFitted`](super::ModelError::NotFitted) if the coefficients would not be finite.
    fn fit(specification: &ModelSpecification, features: &Matrix, target: &Target) -> Result<Self>
    where
        Self: Sized;

    /// The kind.
    fn kind(&self) -> ModelKind;

    /// The columns that it was trained on, in order.
    fn feature_names(&self) -> Vec<&str>;

    /// The classes, in order. Empty where numbers are predicted.
    fn classes(&self) -> &[ClassLabel];

    /// The coefficients: features in order; for more than two classes, the classes of each feature in order.
    fn coefficients(&self) -> Vec<Coefficient<'_>>;

    /// The intercept; for more than two classes, one for each. 0 if none was fitted.
    fn intercepts(&self) -> &[f64];

    /// What the fit had to say.
    fn warnings(&self) -> &[FitWarning];

    /// Predicts each row, always the same for the same row.
    ///
    /// # Errors
    ///
    /// [`OtherFeatures`](super::ModelError::OtherFeatures) if the matrix has other columns, or in another order.
    fn predict(&self, features: &Matrix) -> Result<Predictions>;
}
