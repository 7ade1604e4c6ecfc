//! From a table to engineered columns, a trained model and a tracked experiment: features from YAML, computed by Polars.
//!
//! ```
//! use features_pipeline::config::PipelineSteps;
//! use polars::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let steps = PipelineSteps::from_yaml(
//!     "
//! steps:
//!   - type: group_aggregate
//!     name: average_units
//!     column: Units Sold
//!     by: [Country]
//!     aggregate: mean
//!   - type: ratio
//!     name: share_of_average
//!     numerator: Units Sold
//!     denominator: average_units
//! ",
//! )?;
//! let table = df!("Country" => ["Chad", "Chad", "Fiji"], "Units Sold" => [10, 30, 5])?;
//! let result = steps.apply(&table)?;
//! assert_eq!(result.column("average_units")?.f64()?.to_vec(), [Some(20.0), Some(20.0), Some(5.0)]);
//! assert_eq!(result.column("share_of_average")?.f64()?.to_vec(), [Some(0.5), Some(1.5), Some(1.0)]);
//! # Ok(())
//! # }
//! ```
//!
//! * [`config`]: the YAML files, and what they say.
//! * [`features`]: the kinds of features.
//! * [`plan`]: their order; [`plan::FittedFeatures`], learned on training rows, for new rows.
//! * [`tables`]: CSV, Parquet and Arrow files, in and out.
//! * [`models`]: models behind one trait.
//! * [`tracking`]: experiments as files.
//! * [`sales`]: made-up sales records.
//! * [`cli`]: the command lines of the two binaries.
//!
//! # Features
//!
//! * `lex` (off): the engine's automated machine learning as one more model, [`models::Lex`]. It brings the bundled
//!   interpreter: an app that depends on this crate with it needs what the README of `lex-learning` says for apps.

pub mod cli;
pub mod config;
pub mod error;
pub mod features;
mod files;
pub mod models;
pub mod plan;
mod random;
pub mod sales;
pub mod tables;
pub mod tracking;

pub use error::{FeaturesError, Location, Result};
