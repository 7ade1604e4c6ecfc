//! Automated machine learning for tables: train, explain and serve, on a bundled `CPython` that needs no installation.
//!
//! ```no_run
//! use lex_learning::{Pipeline, PipelineConfig, ProblemType};
//!
//! # fn main() -> Result<(), lex_learning::LexLearningError> {
//! # let table = polars::prelude::DataFrame::default();
//! lex_learning::initialize()?;
//!
//! let config = PipelineConfig::builder()
//!     .problem_type(ProblemType::Classification)
//!     .target_column("survived")
//!     .build()?;
//! let pipeline = Pipeline::builder()
//!     .config(config)
//!     .on_progress(|update| println!("{:.0}% - {}", update.progress * 100.0, update.message))
//!     .build()?;
//!
//! let result = pipeline.train(&table)?;
//! let model = pipeline.create_trained_model(&result)?;
//! let prediction = model.predict(&serde_json::json!({"age": 25, "sex": "male"}))?;
//! model.save("model.lex")?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! * `python` (on): the engine. Without it there are the plain types: configuration, results, progress, errors.
//! * `native` (on): [`NativeModel`], which predicts with the file of a trained model. Alone, it needs no interpreter
//!   and no Python on the machine, neither to build nor to run: `lex-learning = { version = "...", default-features =
//!   false, features = ["native"] }`.

mod algorithms;
mod class_weights;
mod config;
mod config_builder;
mod error;
mod explanation;
#[cfg(feature = "python")]
mod model;
#[cfg(feature = "native")]
mod native;
#[cfg(feature = "python")]
mod pipeline;
mod progress;
#[cfg(feature = "python")]
mod python;
mod types;

pub use class_weights::ClassWeights;
pub use config::{PipelineConfig, Preset, ProblemType, ThresholdMetric, bounds};
pub use config_builder::PipelineConfigBuilder;
pub use error::{ArrowConversionKind, LexLearningError};
pub use explanation::{ClassExplanation, Explanation, ExplanationSpace};
#[cfg(feature = "python")]
pub use model::TrainedModel;
#[cfg(feature = "native")]
pub use native::NativeModel;
#[cfg(feature = "python")]
pub use pipeline::{Pipeline, PipelineBuilder};
pub use progress::{CancelToken, ProgressCallback, ProgressUpdate, TrainingStage};
#[cfg(feature = "benchmark")]
#[doc(hidden)]
pub use python::transfer;
#[cfg(feature = "python")]
pub use python::{initialize, initialize_from, is_initialized, shutdown};
pub use types::{
    ClassMetrics, ColumnInfo, ColumnKind, Metrics, ModelInfo, ModelResult, PredictionResult, TrainingResult,
};
