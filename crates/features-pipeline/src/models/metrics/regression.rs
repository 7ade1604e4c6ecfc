//! Metrics of predicted numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The errors of predicted numbers, in the target's unit unless said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelMetrics {
    /// The root of the mean squared error, from 0. Less is better.
    pub rmse: f64,
    /// The mean absolute error, from 0. Less is better.
    pub mae: f64,
    /// The share of the target's variance that is explained, at most 1. More is better. Of a target of a single value, 1
    /// if it is met exactly and 0 otherwise, as scikit-learn has it.
    pub r2: f64,
    /// The mean of the absolute errors as shares of the targets, from 0. Less is better. Rows with a target of 0 are left
    /// out, since a share of 0 means nothing (scikit-learn divides by 2e-16 there); none if all are.
    pub mape: Option<f64>,
}

impl ModelMetrics {
    /// Compares predictions to the right answers: as many of each, at least one.
    ///
    /// ```
    /// use features_pipeline::models::ModelMetrics;
    ///
    /// let metrics = ModelMetrics::compute(&[2.0, 5.0, 8.0], &[2.0, 4.0, 0.0]);
    /// assert_eq!(metrics.mae, 3.0);
    /// assert_eq!(metrics.mape, Some(0.125));
    /// ```
    pub fn compute(predictions: &[f64], actuals: &[f64]) -> Self {
        let rows = actuals.len() as f64;
        let pairs = || predictions.iter().zip(actuals);
        let squares: f64 = pairs().map(|(prediction, actual)| (actual - prediction).powi(2)).sum();
        let absolutes: f64 = pairs().map(|(prediction, actual)| (actual - prediction).abs()).sum();
        let mean = actuals.iter().sum::<f64>() / rows;
        let spread: f64 = actuals.iter().map(|actual| (actual - mean).powi(2)).sum();
        let r2 = match (squares == 0.0, spread == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => 1.0 - squares / spread,
        };
        let shares: Vec<f64> = pairs()
            .filter(|(_, actual)| **actual != 0.0)
            .map(|(prediction, actual)| ((actual - prediction) / actual).abs())
            .collect();
        let mape = (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64);
        Self { rmse: (squares / rows).sqrt(), mae: absolutes / rows, r2, mape }
    }
}
