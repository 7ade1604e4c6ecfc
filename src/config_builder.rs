//! The settings of a training, one at a time.

use std::time::Duration;

use crate::config::invalid;
use crate::{ClassWeights, LexLearningError, PipelineConfig, Preset, ProblemType, ThresholdMetric};

/// Collects the settings of a [`PipelineConfig`]; each method is named as its field.
#[derive(Debug, Clone)]
#[must_use]
pub struct PipelineConfigBuilder {
    problem_type: Option<ProblemType>,
    config: PipelineConfig,
}

impl Default for PipelineConfigBuilder {
    fn default() -> Self {
        Self { problem_type: None, config: PipelineConfig::new(ProblemType::Classification) }
    }
}

impl PipelineConfigBuilder {
    /// Classification or regression. Required.
    pub fn problem_type(mut self, value: ProblemType) -> Self {
        self.problem_type = Some(value);
        self
    }

    /// The column to predict.
    pub fn target_column(mut self, value: impl Into<String>) -> Self {
        self.config.target_column = Some(value.into());
        self
    }

    /// Train this algorithm alone, one of [`ProblemType::algorithms`].
    pub fn algorithm(mut self, value: impl Into<String>) -> Self {
        self.config.algorithm = Some(value.into());
        self
    }

    /// How many algorithms to try.
    pub fn top_k_algorithms(mut self, value: u32) -> Self {
        self.config.top_k_algorithms = value;
        self
    }

    /// Search for better settings.
    pub fn optimize_hyperparams(mut self, value: bool) -> Self {
        self.config.optimize_hyperparams = value;
        self
    }

    /// Settings tried for each algorithm.
    pub fn n_trials(mut self, value: u32) -> Self {
        self.config.n_trials = value;
        self
    }

    /// Folds of the cross-validation.
    pub fn cv_folds(mut self, value: u32) -> Self {
        self.config.cv_folds = value;
        self
    }

    /// Share of the rows held out.
    pub fn test_size(mut self, value: f64) -> Self {
        self.config.test_size = value;
        self
    }

    /// Let the neural network take part.
    pub fn enable_neural_networks(mut self, value: bool) -> Self {
        self.config.enable_neural_networks = value;
        self
    }

    /// Draw the SHAP plots.
    pub fn enable_explainability(mut self, value: bool) -> Self {
        self.config.enable_explainability = value;
        self
    }

    /// Rows that the SHAP plots are drawn from.
    pub fn shap_max_samples(mut self, value: u32) -> Self {
        self.config.shap_max_samples = value;
        self
    }

    /// The seed of all randomness.
    pub fn random_seed(mut self, value: u64) -> Self {
        self.config.random_seed = value;
        self
    }

    /// Cores to use, or -1 for all.
    pub fn n_jobs(mut self, value: i32) -> Self {
        self.config.n_jobs = value;
        self
    }

    /// Time for all of the training.
    pub fn time_limit(mut self, value: Duration) -> Self {
        self.config.time_limit = Some(value);
        self
    }

    /// How much work a training does.
    pub fn preset(mut self, value: Preset) -> Self {
        self.config.preset = value;
        self
    }

    /// Address of a Dask cluster.
    pub fn engine(mut self, value: impl Into<String>) -> Self {
        self.config.engine = Some(value.into());
        self
    }

    /// Folder in which finished fits are kept until the training is complete.
    pub fn work_dir(mut self, value: impl Into<String>) -> Self {
        self.config.work_dir = Some(value.into());
        self
    }

    /// Hold rows out for the final metrics.
    pub fn hold_out(mut self, value: bool) -> Self {
        self.config.hold_out = value;
        self
    }

    /// Share of values that are to lie between the bounds of each prediction.
    pub fn interval_coverage(mut self, value: f64) -> Self {
        self.config.interval_coverage = Some(value);
        self
    }

    /// Fit the chosen models once more on all training rows.
    pub fn refit(mut self, value: bool) -> Self {
        self.config.refit = Some(value);
        self
    }

    /// Column that holds the weight of each row.
    pub fn weight_column(mut self, value: impl Into<String>) -> Self {
        self.config.weight_column = Some(value.into());
        self
    }

    /// Column whose rows of one value stay together in every split.
    pub fn group_column(mut self, value: impl Into<String>) -> Self {
        self.config.group_column = Some(value.into());
        self
    }

    /// Column by which the rows are sorted, to train on the past and test on the future.
    pub fn time_column(mut self, value: impl Into<String>) -> Self {
        self.config.time_column = Some(value.into());
        self
    }

    /// How much the rows of each class count.
    pub fn class_weights(mut self, value: ClassWeights) -> Self {
        self.config.class_weights = Some(value);
        self
    }

    /// What models are compared by.
    pub fn metric(mut self, value: impl Into<String>) -> Self {
        self.config.metric = Some(value.into());
        self
    }

    /// What the probability from which the second class is predicted is tuned for.
    pub fn threshold_metric(mut self, value: ThresholdMetric) -> Self {
        self.config.threshold_metric = Some(value);
        self
    }

    /// Accept nulls in feature columns.
    pub fn allow_missing(mut self, value: bool) -> Self {
        self.config.allow_missing = value;
        self
    }

    /// The checked configuration.
    ///
    /// # Errors
    ///
    /// [`LexLearningError::InvalidConfig`]: the problem type is missing, or a setting is out of its bounds or
    /// contradicts another, or the algorithm is unknown; the message then lists all, the nearest name first.
    pub fn build(self) -> Result<PipelineConfig, LexLearningError> {
        let Some(problem_type) = self.problem_type else {
            return invalid("problem_type is not set. Set it to ProblemType::Classification or ::Regression.");
        };
        let config = PipelineConfig { problem_type, ..self.config };
        config.validate()?;
        Ok(config)
    }
}
