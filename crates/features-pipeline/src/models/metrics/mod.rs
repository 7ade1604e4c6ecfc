//! How good predictions are. The formulas are scikit-learn's.

mod classification;
mod regression;

pub use classification::ClassificationMetrics;
pub use regression::ModelMetrics;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The metrics of either sort of model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Metrics {
    /// Of a model of numbers.
    Regression(ModelMetrics),
    /// Of a model of classes.
    Classification(ClassificationMetrics),
}

impl Metrics {
    /// The metrics by name, for logs and trackers. One that is not defined for these rows is left out.
    ///
    /// ```
    /// use features_pipeline::models::{Metrics, ModelMetrics};
    ///
    /// let metrics = Metrics::Regression(ModelMetrics::compute(&[1.0, 2.0], &[1.0, 4.0]));
    /// assert_eq!(metrics.values()["mae"], 1.0);
    /// ```
    pub fn values(&self) -> BTreeMap<&'static str, f64> {
        let named = match self {
            Self::Regression(metrics) => vec![
                ("rmse", Some(metrics.rmse)),
                ("mae", Some(metrics.mae)),
                ("r2", Some(metrics.r2)),
                ("mape", metrics.mape),
            ],
            Self::Classification(metrics) => vec![
                ("accuracy", Some(metrics.accuracy)),
                ("f1_macro", Some(metrics.f1_macro)),
                ("f1", metrics.f1),
                ("auc", metrics.auc),
                ("log_loss", Some(metrics.log_loss)),
            ],
        };
        named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}
