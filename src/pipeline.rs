//! Training: from a table and a configuration to a result.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use polars::frame::DataFrame;

use crate::progress::{CancelToken, ProgressCallback, ProgressUpdate, TrainingStage};
use crate::{LexLearningError, PipelineConfig, TrainedModel, TrainingResult, python};

/// Trains models by one configuration.
///
/// ```no_run
/// # use lex_learning::{Pipeline, PipelineConfig, ProblemType};
/// # fn example(table: polars::prelude::DataFrame) -> Result<(), lex_learning::LexLearningError> {
/// lex_learning::initialize()?;
/// let config = PipelineConfig::builder().problem_type(ProblemType::Regression).target_column("price").build()?;
/// let pipeline = Pipeline::builder().config(config).build()?;
/// let result = pipeline.train(&table)?;
/// let model = pipeline.create_trained_model(&result)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pipeline {
    config: PipelineConfig,
    on_progress: Option<ProgressCallback>,
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pipeline").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// Starts a pipeline.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::default()
    }

    /// The configuration.
    pub fn config(&self) -> &PipelineConfig {
        &self.config
    }

    /// Finds, fits, evaluates and explains the best model for a table. Blocks until done; other threads may predict
    /// and train meanwhile.
    ///
    /// The table holds numbers, text and booleans, without nulls unless `allow_missing` is set; the target is the
    /// configured column, or the last.
    ///
    /// # Errors
    ///
    /// * [`InvalidData`](LexLearningError::InvalidData), [`TargetNotFound`](LexLearningError::TargetNotFound): the
    ///   table cannot be trained on; the message names the column and the remedy.
    /// * [`InvalidConfig`](LexLearningError::InvalidConfig): `work_dir` cannot be written, or another training works there.
    /// * [`TrainingFailed`](LexLearningError::TrainingFailed): no algorithm could be fitted.
    /// * [`RuntimeInit`](LexLearningError::RuntimeInit): [`initialize`](crate::initialize) was not called.
    pub fn train(&self, table: &DataFrame) -> Result<TrainingResult, LexLearningError> {
        self.train_with_cancel(table, &CancelToken::new())
    }

    /// As [`train`](Self::train), ended by a token from any thread.
    ///
    /// ```no_run
    /// # use lex_learning::{CancelToken, LexLearningError, Pipeline};
    /// # fn example(pipeline: Pipeline, table: polars::prelude::DataFrame) {
    /// let token = CancelToken::new();
    /// let button = token.clone();
    /// std::thread::spawn(move || {
    ///     std::thread::sleep(std::time::Duration::from_secs(5));
    ///     button.cancel();
    /// });
    /// if let Err(LexLearningError::Cancelled) = pipeline.train_with_cancel(&table, &token) {
    ///     // No worker process and no temporary file is left.
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`train`](Self::train), and [`Cancelled`](LexLearningError::Cancelled).
    pub fn train_with_cancel(
        &self,
        table: &DataFrame,
        cancel: &CancelToken,
    ) -> Result<TrainingResult, LexLearningError> {
        let mut last: Option<ProgressUpdate> = None;
        let outcome = python::training::train(&self.config, table, cancel, &mut |update| {
            self.report(&update);
            last = Some(update);
        });
        if let Err(error) = &outcome
            && !last.as_ref().is_some_and(|update| update.stage.is_last())
        {
            self.report(&ending(error, last.map_or(0.0, |update| update.progress)));
        }
        outcome
    }

    /// The winner of a training of this process, kept in memory.
    ///
    /// # Errors
    ///
    /// [`InferenceError`](LexLearningError::InferenceError): the result was deserialized and holds no model.
    pub fn create_trained_model(&self, result: &TrainingResult) -> Result<TrainedModel, LexLearningError> {
        TrainedModel::from_handle(&result.model)
    }

    /// A panic in the user's code must not end the training.
    fn report(&self, update: &ProgressUpdate) {
        if let Some(callback) = &self.on_progress
            && let Err(payload) = catch_unwind(AssertUnwindSafe(|| callback(update.clone())))
        {
            // Its drop could panic as well.
            std::mem::forget(payload);
            tracing::error!(stage = ?update.stage, "the progress callback panicked; training goes on");
        }
    }
}

fn ending(error: &LexLearningError, progress: f64) -> ProgressUpdate {
    let stage = match error {
        LexLearningError::Cancelled => TrainingStage::Cancelled,
        _ => TrainingStage::Failed,
    };
    ProgressUpdate { stage, progress, message: error.to_string(), current_model: None, models_completed: None }
}

/// Collects what a [`Pipeline`] needs.
#[derive(Clone, Default)]
#[must_use]
pub struct PipelineBuilder {
    config: Option<PipelineConfig>,
    on_progress: Option<ProgressCallback>,
}

impl fmt::Debug for PipelineBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PipelineBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}

impl PipelineBuilder {
    /// The configuration. Required.
    pub fn config(mut self, config: PipelineConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// Called with each event, on the thread that called `train`. A panic in it is logged and harmless.
    pub fn on_progress(mut self, callback: impl Fn(ProgressUpdate) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(callback));
        self
    }

    /// The pipeline.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](LexLearningError::InvalidConfig): no configuration was given, or one that
    /// [`validate`](PipelineConfig::validate) refuses.
    pub fn build(self) -> Result<Pipeline, LexLearningError> {
        let Some(config) = self.config else {
            let message = "the pipeline has no configuration. Call config() before build().";
            return Err(LexLearningError::InvalidConfig(message.to_owned()));
        };
        config.validate()?;
        Ok(Pipeline { config, on_progress: self.on_progress })
    }
}
