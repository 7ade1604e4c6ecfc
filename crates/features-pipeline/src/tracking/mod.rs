//! Experiments as files: what a run was given, what came out, and whether it ended well.
//!
//! ```text
//! experiments/
//! └── feature-pipeline/
//!     └── 20251114_172412/        the time of the start, in UTC
//!         ├── metadata.json       status, times, git commit, sha256 of the data
//!         ├── params.json         name: value
//!         ├── metrics.json        name: [{value, step, logged_at}]
//!         ├── metrics.jsonl       only of a run that logs much, until it ends: the latest of its values
//!         ├── tags.json           name: text
//!         └── artifacts/          copies of files
//! ```
//!
//! ```
//! use features_pipeline::tracking::{ExperimentRun, RunStatus, list_runs};
//! use serde_json::json;
//!
//! # fn main() -> features_pipeline::Result<()> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let experiments = folder.path();
//! let mut run = ExperimentRun::start_in(experiments, "feature-pipeline")?;
//! run.log_param("num_features", json!(10))?;
//! run.log_metric("r2", 0.7845, None)?;
//! run.log_tag("dataset", "sales_records")?;
//! run.end(RunStatus::Completed)?;
//!
//! let listing = list_runs(experiments, Some("feature-pipeline"))?;
//! assert_eq!(listing.runs[0].metric("r2"), Some(0.7845));
//! assert_eq!(listing.runs[0].metadata.status, RunStatus::Completed);
//! # Ok(())
//! # }
//! ```
//!
//! Every file is written beside its place, synced and renamed, so a process that is killed leaves the file before or the
//! file after. Of more than 100 values, the latest tenth may be lines of `metrics.jsonl`, which readers add; they survive
//! the process, and not always a power cut. A run holds a lock on a file of its folder, which the system gives back however the process ends: a run
//! that says `running` without that lock reads as failed.

mod comparison;
pub(crate) mod files;
mod git;
mod journal;
mod name;
mod reader;
mod record;
mod run;

pub(crate) use comparison::FEATURES;
pub use comparison::{Comparison, ComparisonOptions, ComparisonRow};
pub use reader::{Listing, experiment_names, list_runs, read_run};
pub use record::{Artifact, DataFile, MetricPoint, RunMetadata, RunRecord, RunStatus};
pub use run::ExperimentRun;
pub(crate) use run::make_folder;

/// Where experiments are, seen from where a command runs.
pub const EXPERIMENTS_FOLDER: &str = "experiments";
