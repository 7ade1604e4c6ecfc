//! What a training and a prediction give back: plain data, on every platform, with or without the interpreter.

#[cfg(feature = "python")]
use std::any::Any;
use std::collections::BTreeMap;
#[cfg(feature = "python")]
use std::fmt;
#[cfg(feature = "python")]
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ProblemType;

/// Metrics of the winner on rows that no fit has seen. Those of the other problem type are `None`.
///
/// Shares and F1 are 0 to 1. `rmse`, `mae` and `median_absolute_error` are in the target's unit. Rows count by the
/// `weight_column`, if there is one, but each as one in `confusion_matrix`, `support` and `median_absolute_error`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Metrics {
    /// Share of rows whose class is right.
    pub accuracy: Option<f64>,
    /// Mean recall of the classes.
    pub balanced_accuracy: Option<f64>,
    /// Mean precision of the classes.
    pub precision_macro: Option<f64>,
    /// Mean precision, weighted by the rows of each class.
    pub precision_weighted: Option<f64>,
    /// Mean recall of the classes.
    pub recall_macro: Option<f64>,
    /// Mean recall, weighted by the rows of each class.
    pub recall_weighted: Option<f64>,
    /// Mean F1 of the classes.
    pub f1_macro: Option<f64>,
    /// Mean F1, weighted by the rows of each class.
    pub f1_weighted: Option<f64>,
    /// Area under the ROC curve; for several classes, one against the rest, averaged. `None` if a class is absent.
    pub roc_auc: Option<f64>,
    /// Mean negative log-probability of the true class, in nats.
    pub log_loss: Option<f64>,
    /// Rows by true class (outer) and predicted class (inner), in the order of `per_class`.
    pub confusion_matrix: Option<Vec<Vec<u64>>>,
    /// Metrics of each class.
    pub per_class: Option<Vec<ClassMetrics>>,
    /// Coefficient of determination: 1 is perfect, 0 as good as the mean.
    pub r2: Option<f64>,
    /// Root mean squared error.
    pub rmse: Option<f64>,
    /// Mean absolute error.
    pub mae: Option<f64>,
    /// Mean absolute error as a share of the truth (0.1 is 10 %). `None` if a true value is 0.
    pub mape: Option<f64>,
    /// Median absolute error.
    pub median_absolute_error: Option<f64>,
}

/// Precision, recall and F1 of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassMetrics {
    /// The class.
    pub label: String,
    /// Of the rows predicted as this class, the share that is.
    pub precision: f64,
    /// Of the rows of this class, the share predicted so.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Held-out rows of this class.
    pub support: u64,
}

/// One line of the leaderboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelResult {
    /// The algorithm's name, such as `lightgbm`, or `ensemble`.
    pub name: String,
    /// The library that it comes from.
    pub library: String,
    /// What the score is: `log_loss` or `rmse`, or the `metric` of the configuration.
    pub metric: String,
    /// Whether a greater score is better; false for `log_loss` and `rmse`.
    #[serde(default)]
    pub greater_is_better: bool,
    /// Mean of `fold_scores`, in `metric`, or `None` if it failed. Algorithms that stop early choose their rounds by the same folds,
    /// which flatters them a little; `TrainingResult::metrics`, on held-out rows, is free of that.
    pub score: Option<f64>,
    /// The metric in each fold of the cross-validation.
    pub fold_scores: Vec<f64>,
    /// The settings behind the score.
    pub hyperparameters: Map<String, Value>,
    /// Settings tried.
    pub trials: u32,
    /// Time spent on fits, summed over workers.
    pub seconds: f64,
    /// Of the score, from the spread of the folds; `None` for a single fold.
    #[serde(default)]
    pub standard_error: Option<f64>,
    /// Its share in the ensemble, 0 to 1; `None` for the ensemble itself.
    #[serde(default)]
    pub weight: Option<f64>,
    /// Time for a row within a batch, of all its fold models on one core.
    #[serde(default)]
    pub predict_microseconds: Option<f64>,
    /// Size of its fold models.
    #[serde(default)]
    pub megabytes: Option<f64>,
    /// Why the metric that was asked for could not be computed for it; `score` is then `log_loss` or `rmse`.
    #[serde(default)]
    pub metric_failure: Option<String>,
    /// Why it has no score.
    pub failure: Option<String>,
}

/// The outcome of one training.
///
/// Serialized it holds all but the model itself, which `TrainedModel::save` keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrainingResult {
    /// The winner's name.
    pub best_model_name: String,
    /// The leaderboard: best first, failures last.
    pub model_results: Vec<ModelResult>,
    /// The winner's metrics on the held-out rows.
    pub metrics: Metrics,
    /// By how much the error on held-out rows grows when a column is shuffled (Breiman 2001), as shares that add up to
    /// 1, largest first.
    pub feature_importance: Vec<(String, f64)>,
    /// PNG files by name: `summary`, `bar`, `waterfall`, and `dependence_<column>` for the three most important columns.
    /// A column's name may hold what a file name must not, such as a slash.
    #[serde(default)]
    pub plots: BTreeMap<String, Vec<u8>>,
    /// Seconds by stage, and `total`.
    pub timings: BTreeMap<String, f64>,
    /// What the user should know about the table or the run.
    pub warnings: Vec<String>,
    #[cfg(feature = "python")]
    #[serde(skip)]
    pub(crate) model: ModelHandle,
}

/// The winner in the interpreter's memory; empty in a deserialized result.
#[cfg(feature = "python")]
#[derive(Clone, Default)]
pub(crate) struct ModelHandle(pub(crate) Option<Arc<dyn Any + Send + Sync>>);

#[cfg(feature = "python")]
impl fmt::Debug for ModelHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "ModelHandle(in memory)" } else { "ModelHandle(none)" })
    }
}

/// The prediction for one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PredictionResult {
    /// The most probable class, or that by `ModelInfo::decision_threshold`; `None` for regression.
    pub label: Option<String>,
    /// The predicted number; `None` for classification.
    pub value: Option<f64>,
    /// Below it the value is not, with half of the probability that `interval_coverage` leaves; `None` without.
    #[serde(default)]
    pub lower: Option<f64>,
    /// Above it the value is not, as with `lower`.
    #[serde(default)]
    pub upper: Option<f64>,
    /// Probability by class; empty for regression.
    #[serde(default)]
    pub probabilities: BTreeMap<String, f64>,
    /// What is unusual about the row, such as a category that training did not see.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// What a model knows about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Classification or regression.
    pub problem_type: ProblemType,
    /// The predicted column.
    pub target_column: String,
    /// The columns it needs, in training order.
    pub feature_names: Vec<String>,
    /// The classes, sorted; `None` for regression.
    pub class_labels: Option<Vec<String>>,
    /// The algorithm's name.
    pub best_model_name: String,
    /// Metrics on the held-out rows of its training.
    pub metrics: Metrics,
    /// Share of each column, largest first.
    pub feature_importance: Vec<(String, f64)>,
    /// The algorithm's settings.
    pub hyperparameters: Map<String, Value>,
    /// Rows it learned from.
    pub training_rows: u64,
    /// Version of lex-learning that made it.
    pub library_version: String,
    /// Time of training: ISO 8601, UTC.
    pub created: String,
    /// Each feature column with its kind, levels and range.
    pub schema: Vec<ColumnInfo>,
    /// Share of values that lie between the bounds of the predictions; `None` if there are none.
    #[serde(default)]
    pub interval_coverage: Option<f64>,
    /// Distance of the bounds from the prediction, in the target's unit.
    #[serde(default)]
    pub interval_half_width: Option<f64>,
    /// Probability of the second class from which it is predicted; `None`: the most probable class is.
    #[serde(default)]
    pub decision_threshold: Option<f64>,
    /// Columns of the training table that are no features, such as that of the weights; they may be present in tables to
    /// predict.
    #[serde(default)]
    pub unused_columns: Vec<String>,
}

/// One feature column as it was in training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ColumnInfo {
    /// The column's name.
    pub name: String,
    /// How its values are read.
    pub kind: ColumnKind,
    /// Sorted levels of a categorical column, else empty.
    pub levels: Vec<String>,
    /// Smallest training value of a numeric column; 0 or 1 for a boolean one.
    pub minimum: Option<f64>,
    /// Largest training value of a numeric column; 0 or 1 for a boolean one.
    pub maximum: Option<f64>,
    /// Whether a null is accepted.
    #[serde(default)]
    pub nullable: bool,
    /// Training rows without a value.
    #[serde(default)]
    pub missing: u64,
}

/// How the values of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ColumnKind {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Float,
    /// True or false.
    Boolean,
    /// Text.
    Categorical,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn result() -> TrainingResult {
        serde_json::from_value(json!({
            "best_model_name": "ridge",
            "model_results": [{"name": "ridge", "library": "scikit-learn", "metric": "rmse", "score": 1.5,
                "fold_scores": [1.0, 2.0], "hyperparameters": {"alpha": 1.0}, "trials": 1, "seconds": 0.1,
                "failure": null}],
            "metrics": {"r2": 0.5}, "feature_importance": [["age", 1.0]], "timings": {"total": 1.0}, "warnings": []
        }))
        .unwrap()
    }

    #[test]
    fn a_result_survives_json_without_its_model() {
        let mut before = result();
        before.plots.insert("bar".to_owned(), vec![137, 80]);
        let text = serde_json::to_string(&before).unwrap();
        let after: TrainingResult = serde_json::from_str(&text).unwrap();
        assert_eq!(after.plots, before.plots);
        assert_eq!(after.model_results, before.model_results);
    }

    #[test]
    fn absent_metrics_are_none() {
        let metrics = result().metrics;
        assert_eq!(metrics.r2, Some(0.5));
        assert_eq!(metrics.accuracy, None);
    }

    #[test]
    fn a_prediction_needs_no_probabilities() {
        let prediction: PredictionResult = serde_json::from_value(json!({"label": null, "value": 2.0})).unwrap();
        assert_eq!(prediction.value, Some(2.0));
        assert!(prediction.probabilities.is_empty());
    }

    #[test]
    fn results_of_before_the_options_load() {
        let model = &result().model_results[0];
        assert_eq!((model.greater_is_better, &model.metric_failure), (false, &None));
        let info: ModelInfo = serde_json::from_value(json!({
            "problem_type": "regression", "target_column": "y", "feature_names": ["age"], "class_labels": null,
            "best_model_name": "ridge", "metrics": {}, "feature_importance": [["age", 1.0]], "hyperparameters": {},
            "training_rows": 10, "library_version": "0.1.0", "created": "2025-01-01T00:00:00Z",
            "schema": [{"name": "age", "kind": "integer", "levels": [], "minimum": 1.0, "maximum": 2.0}]
        }))
        .unwrap();
        assert_eq!((info.decision_threshold, info.unused_columns.len()), (None, 0));
        assert_eq!((info.schema[0].nullable, info.schema[0].missing), (false, 0));
    }

    #[test]
    fn what_the_options_add_is_read() {
        let model: ModelResult = serde_json::from_value(json!({
            "name": "svm", "library": "scikit-learn", "metric": "accuracy", "greater_is_better": true, "score": 0.9,
            "fold_scores": [0.9], "hyperparameters": {}, "trials": 1, "seconds": 0.1, "metric_failure": "of one class",
            "failure": null
        }))
        .unwrap();
        assert_eq!((model.greater_is_better, model.metric_failure.as_deref()), (true, Some("of one class")));
        let column: ColumnInfo = serde_json::from_value(json!({
            "name": "age", "kind": "float", "levels": [], "minimum": 1.0, "maximum": 2.0, "nullable": true, "missing": 3
        }))
        .unwrap();
        assert_eq!((column.nullable, column.missing), (true, 3));
    }

    #[test]
    fn results_cross_threads() {
        fn check<T: Send + Sync + Clone + std::fmt::Debug>() {}
        check::<TrainingResult>();
        check::<PredictionResult>();
        check::<ModelInfo>();
    }
}
