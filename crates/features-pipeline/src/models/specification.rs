//! What the YAML says about a model.

use polars::prelude::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matrix::column;
use super::{Lex, ModelError, ModelKind, ProblemType};
use crate::error::Result;

/// What to predict, from which columns: the file `config/model.yaml`.
///
/// ```yaml
/// target_column: Total Profit
/// feature_columns: [feature_profit_margin, Units Sold, Unit Price]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelConfig {
    /// The column to predict.
    pub target_column: String,
    /// The columns to predict it from.
    pub feature_columns: Vec<String>,
}

/// A [`ModelConfig`] with the kind of the model and the split. Each addition has a default, so that every file of a
/// [`ModelConfig`] is one of these as well.
///
/// | key | default | range |
/// | :-- | :-- | :-- |
/// | `model` | `kind: linear` | see [`ModelSpecification`] |
/// | `test_size` | 0.2 | above 0, below 1 |
/// | `seed` | 42 | any whole number from 0 |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// The column to predict.
    pub target_column: String,
    /// The columns to predict it from.
    pub feature_columns: Vec<String>,
    /// The kind of the model and its settings.
    #[serde(default)]
    pub model: ModelSpecification,
    /// The share of the rows that the model is tested on.
    #[serde(default = "default_test_size")]
    pub test_size: f64,
    /// What the split is drawn from, and what a `lex` model draws: the same seed, the same rows.
    #[serde(default = "default_seed")]
    pub seed: u64,
}

fn default_test_size() -> f64 {
    0.2
}

fn default_seed() -> u64 {
    42
}

impl From<ModelConfig> for TrainingConfig {
    fn from(config: ModelConfig) -> Self {
        Self {
            target_column: config.target_column,
            feature_columns: config.feature_columns,
            model: ModelSpecification::default(),
            test_size: default_test_size(),
            seed: default_seed(),
        }
    }
}

impl TrainingConfig {
    /// Checks all that can be checked without a table.
    ///
    /// # Errors
    ///
    /// As [`ModelSpecification::validate`], and [`NoFeatures`](ModelError::NoFeatures), [`DuplicateFeature`](ModelError::DuplicateFeature), [`TargetAmongFeatures`](ModelError::TargetAmongFeatures).
    pub fn validate(&self) -> Result<()> {
        self.model.validate()?;
        require(
            self.test_size > 0.0 && self.test_size < 1.0,
            "test_size",
            &self.test_size,
            "a share above 0 and below 1",
        )?;
        if self.feature_columns.is_empty() {
            return Err(ModelError::NoFeatures.into());
        }
        if self.feature_columns.contains(&self.target_column) {
            return Err(ModelError::TargetAmongFeatures { column: self.target_column.clone() }.into());
        }
        for (place, column) in self.feature_columns.iter().enumerate() {
            if self.feature_columns[..place].contains(column) {
                return Err(ModelError::DuplicateFeature { column: column.clone() }.into());
            }
        }
        Ok(())
    }

    /// Checks that a table has the feature columns.
    ///
    /// # Errors
    ///
    /// [`ModelError::ColumnNotFound`].
    pub fn check_features(&self, table: &DataFrame) -> Result<()> {
        self.feature_columns.iter().try_for_each(|name| column(table, name).map(drop))
    }
}

/// The kind of a model and its settings, by `kind`.
///
/// ```
/// use features_pipeline::models::{ModelSpecification, Ridge};
///
/// let specification: ModelSpecification = serde_json::from_str(r#"{"kind": "ridge", "penalty": 0.5}"#).unwrap();
/// assert_eq!(specification, ModelSpecification::Ridge(Ridge { penalty: 0.5, fit_intercept: true }));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ModelSpecification {
    /// Ordinary least squares.
    Linear(Linear),
    /// Least squares with a penalty on the squares of the coefficients.
    Ridge(Ridge),
    /// Least squares with a penalty on the absolute coefficients: many of them become 0.
    Lasso(Lasso),
    /// Least squares with both penalties.
    ElasticNet(ElasticNet),
    /// Logistic regression, for two classes or more.
    Logistic(Logistic),
    /// The engine's automated machine learning, for classes and numbers. Needs the cargo feature `lex`.
    Lex(Lex),
}

impl Default for ModelSpecification {
    fn default() -> Self {
        Self::Linear(Linear::default())
    }
}

/// Ordinary least squares: the least `|y - Xw - b|²`.
///
/// As scikit-learn's `LinearRegression(fit_intercept=fit_intercept, tol=tolerance)` of release 1.9 or later: directions
/// in which the columns vary less than `tolerance` times the greatest variation do not count, and of all coefficients
/// that fit equally well, the shortest vector is taken. So collinear columns share their coefficient, and a column in
/// small units beside one in millions may not count at all; a [`FitWarning`](super::FitWarning) tells of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Linear {
    /// Whether there is an intercept. Default: true.
    pub fit_intercept: bool,
    /// The least singular value of the centred matrix that counts, as a share of the greatest. Default: 1e-6.
    /// Values below 1e-13, such as 0, count as 1e-13: what lies below is rounding.
    pub tolerance: f64,
}

/// Least squares with a squared penalty: the least `|y - Xw - b|² + penalty |w|²`.
///
/// As scikit-learn's `Ridge(alpha=penalty)`; Linfa's penalty is this divided by the number of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ridge {
    /// The weight of the penalty, from 0. Default: 1.
    pub penalty: f64,
    /// Whether there is an intercept, which is not penalised. Default: true.
    pub fit_intercept: bool,
}

/// Least squares with an absolute penalty: the least `|y - Xw - b|² / (2 rows) + penalty |w|₁`.
///
/// As scikit-learn's `Lasso(alpha=penalty)`, and as Linfa's `penalty` with `l1_ratio` 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lasso {
    /// The weight of the penalty, from 0. Default: 1.
    pub penalty: f64,
    /// Whether there is an intercept, which is not penalised. Default: true.
    pub fit_intercept: bool,
    /// The most sweeps of Linfa's coordinate descent, which exact steps follow. Default: 1,000.
    pub max_iterations: u32,
}

/// Least squares with both penalties: the least
/// `|y - Xw - b|² / (2 rows) + penalty l1_ratio |w|₁ + penalty (1 - l1_ratio) |w|² / 2`.
///
/// As scikit-learn's `ElasticNet(alpha=penalty, l1_ratio=l1_ratio)`, and as Linfa's settings of the same names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ElasticNet {
    /// The weight of both penalties, from 0. Default: 1.
    pub penalty: f64,
    /// The share of the absolute penalty, from 0 (ridge) to 1 (lasso). Default: 0.5.
    pub l1_ratio: f64,
    /// Whether there is an intercept, which is not penalised. Default: true.
    pub fit_intercept: bool,
    /// The most sweeps of Linfa's coordinate descent, which exact steps follow. Default: 1,000.
    pub max_iterations: u32,
}

/// Logistic regression: the least log loss, summed over the rows, `+ penalty |w|² / 2`.
///
/// As scikit-learn's `LogisticRegression(C=1/penalty)` with a `tol` so small that it converges, and as Linfa's `alpha`.
/// Two classes have one coefficient for each feature, which speaks for the second class; more have one for each class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Logistic {
    /// The weight of the penalty, from 0. Default: 1. At 0, separable classes have no best coefficients.
    pub penalty: f64,
    /// Whether there is an intercept, which is not penalised. Default: true.
    pub fit_intercept: bool,
    /// The most Newton steps. Default: 100.
    pub max_iterations: u32,
}

impl Default for Linear {
    fn default() -> Self {
        Self { fit_intercept: true, tolerance: 1e-6 }
    }
}

impl Default for Ridge {
    fn default() -> Self {
        Self { penalty: 1.0, fit_intercept: true }
    }
}

impl Default for Lasso {
    fn default() -> Self {
        Self { penalty: 1.0, fit_intercept: true, max_iterations: 1000 }
    }
}

impl Default for ElasticNet {
    fn default() -> Self {
        Self { penalty: 1.0, l1_ratio: 0.5, fit_intercept: true, max_iterations: 1000 }
    }
}

impl Default for Logistic {
    fn default() -> Self {
        Self { penalty: 1.0, fit_intercept: true, max_iterations: 100 }
    }
}

impl ModelSpecification {
    /// The kind.
    pub fn kind(&self) -> ModelKind {
        match self {
            Self::Linear(_) => ModelKind::Linear,
            Self::Ridge(_) => ModelKind::Ridge,
            Self::Lasso(_) => ModelKind::Lasso,
            Self::ElasticNet(_) => ModelKind::ElasticNet,
            Self::Logistic(_) => ModelKind::Logistic,
            Self::Lex(_) => ModelKind::Lex,
        }
    }

    /// Whether it predicts classes. None where the target's column tells.
    pub fn is_classifier(&self) -> Option<bool> {
        match self {
            Self::Lex(settings) => settings.problem_type.map(|problem| problem == ProblemType::Classification),
            _ => Some(matches!(self, Self::Logistic(_))),
        }
    }

    /// Whether there is an intercept.
    pub fn fit_intercept(&self) -> bool {
        match self {
            Self::Linear(settings) => settings.fit_intercept,
            Self::Ridge(settings) => settings.fit_intercept,
            Self::Lasso(settings) => settings.fit_intercept,
            Self::ElasticNet(settings) => settings.fit_intercept,
            Self::Logistic(settings) => settings.fit_intercept,
            Self::Lex(_) => false,
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`ModelError::InvalidSetting`] for one outside its range, [`Engine`](ModelError::Engine) for one that the engine
    /// refuses, and [`EngineMissing`](ModelError::EngineMissing) for `lex` without the cargo feature.
    pub fn validate(&self) -> Result<()> {
        let penalty =
            |value: f64| require(value.is_finite() && value >= 0.0, "penalty", &value, "a finite number from 0");
        let iterations = |value: u32| require(value > 0, "max_iterations", &value, "a whole number from 1");
        match self {
            Self::Linear(Linear { tolerance, .. }) => {
                require((0.0..1.0).contains(tolerance), "tolerance", tolerance, "a number from 0, below 1")
            }
            Self::Ridge(settings) => penalty(settings.penalty),
            Self::Lasso(settings) => penalty(settings.penalty).and(iterations(settings.max_iterations)),
            Self::ElasticNet(settings) => {
                let ratio = settings.l1_ratio;
                require((0.0..=1.0).contains(&ratio), "l1_ratio", &ratio, "a number from 0 to 1")?;
                penalty(settings.penalty).and(iterations(settings.max_iterations))
            }
            Self::Logistic(settings) => penalty(settings.penalty).and(iterations(settings.max_iterations)),
            Self::Lex(settings) => settings.validate(),
        }
    }
}

fn require(holds: bool, setting: &'static str, value: &impl ToString, expected: &'static str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(ModelError::InvalidSetting { setting, value: value.to_string(), expected }.into())
}
