//! Models behind one trait: linear ones of Linfa, and with the cargo feature `lex` the engine's automated machine learning.
//! All are measured as scikit-learn does, and kept in readable files.
//!
//! ```
//! use features_pipeline::models::{TrainingConfig, train_and_test};
//! use polars::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config: TrainingConfig = serde_json::from_str(
//!     r#"{"target_column": "bought", "feature_columns": ["price"], "model": {"kind": "logistic"}, "test_size": 0.25}"#,
//! )?;
//! let table = df!(
//!     "price" => [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
//!     "bought" => ["yes", "yes", "yes", "yes", "no", "no", "no", "no"],
//! )?;
//! let training = train_and_test(&table, &config)?;
//! assert_eq!(training.test_metrics.values()["accuracy"], 1.0);
//! // The second of the classes `no` and `yes` is the less likely, the greater the price.
//! assert!(training.predictor.model().coefficients()[0].value < 0.0);
//! # Ok(())
//! # }
//! ```

mod any_model;
mod configuration;
mod error;
mod file;
mod fitting;
mod lex;
mod linear_model;
mod matrix;
mod metrics;
mod model;
mod predictor;
mod specification;
mod split;
mod target;
mod warning;
mod watch;

pub use error::ModelError;
#[cfg(feature = "lex")]
pub use lex::LexModel;
pub use lex::{Lex, Preset, ProblemType};
pub use linear_model::LinearModel;
pub use matrix::Matrix;
pub use metrics::{ClassificationMetrics, Metrics, ModelMetrics};
pub use model::{Candidate, Coefficient, Importance, Model, ModelKind, Predictions};
pub use predictor::{ProfitPredictor, Training, split, train_and_test, train_and_test_watched};
pub use specification::{ElasticNet, Lasso, Linear, Logistic, ModelConfig, ModelSpecification, Ridge, TrainingConfig};
pub use split::Split;
pub use target::{ClassLabel, Target};
pub use warning::FitWarning;
pub use watch::Watch;
