//! Trainings as tracked runs.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::arguments::ExperimentsFolder;
use crate::Result;
use crate::models::{Metrics, ProfitPredictor, Split, TrainingConfig};
use crate::tracking::{ExperimentRun, FEATURES, RunStatus};

/// What runs belong to if nothing is named.
pub(super) const USUAL_EXPERIMENT: &str = "feature-pipeline";

/// The artifact with the rows of the test.
const SPLIT_FILE: &str = "split.json";

/// Where a training is tracked.
#[derive(Debug, Args)]
pub(super) struct TrackingOptions {
    /// Experiment that the run belongs to
    #[arg(long, value_name = "NAME")]
    pub(super) experiment: Option<String>,

    #[command(flatten)]
    pub(super) folder: ExperimentsFolder,

    /// Do not track the run
    #[arg(long, conflicts_with = "experiment")]
    pub(super) no_tracking: bool,
}

/// What is told of a training.
pub(super) struct Facts<'a> {
    pub(super) experiment_type: &'a str,
    pub(super) config: &'a TrainingConfig,
    pub(super) predictor: &'a ProfitPredictor,
    /// Rows that were trained and tested on.
    pub(super) split: &'a Split,
    pub(super) seconds: f64,
    /// The table.
    pub(super) data: &'a Path,
    /// Copied to the run.
    pub(super) artifacts: Vec<&'a Path>,
}

/// A run that may not be tracked.
pub(super) struct Tracked(Option<ExperimentRun>);

impl Tracked {
    /// Starts a run in the experiment that the options name, or else in `usual`, if there is one.
    pub(super) fn start(options: &TrackingOptions, usual: Option<&str>) -> Result<Self> {
        let name = options.experiment.as_deref().or(usual).filter(|_| !options.no_tracking);
        let run = name.map(|name| ExperimentRun::start_in(&options.folder.experiments_dir, name)).transpose()?;
        Ok(Self(run))
    }

    /// Writes all that is known and ends the run; its folder.
    pub(super) fn end(self, facts: &Facts<'_>) -> Result<Option<PathBuf>> {
        let Some(mut run) = self.0 else { return Ok(None) };
        let config = facts.config;
        run.log_data(facts.data)?;
        run.log_param(FEATURES, json!(config.feature_columns.len()))?;
        run.log_param("target_column", json!(config.target_column))?;
        run.log_param("feature_columns", json!(config.feature_columns))?;
        run.log_param("test_size", json!(config.test_size))?;
        run.log_param("seed", json!(config.seed))?;
        run.log_param("training_rows", json!(facts.split.training.len()))?;
        run.log_param("test_rows", json!(facts.split.test.len()))?;
        // `kind`, `penalty` and so on.
        if let Ok(Value::Object(settings)) = serde_json::to_value(&config.model) {
            for (name, value) in settings {
                run.log_param(&format!("model.{name}"), value)?;
            }
        }
        if let Some(best) = facts.predictor.model().candidates().first() {
            run.log_param("model.best", json!(best.name))?;
        }
        for (rows, metrics) in facts.predictor.metrics() {
            let prefix = if rows == "test" { String::new() } else { format!("{rows}_") };
            log_metrics(&mut run, &prefix, metrics)?;
        }
        run.log_metric("training_seconds", facts.seconds, None)?;
        run.log_tag("experiment_type", facts.experiment_type)?;
        run.log_tag("dataset", &facts.data.file_stem().unwrap_or_default().to_string_lossy())?;
        run.log_tag("model", facts.predictor.model().kind().name())?;
        run.log_tag("version", env!("CARGO_PKG_VERSION"))?;
        for path in &facts.artifacts {
            run.log_artifact(path)?;
        }
        run.log_artifact_text(SPLIT_FILE, &split_text(config, facts.split))?;
        let folder = run.folder().to_owned();
        run.end(RunStatus::Completed)?;
        Ok(Some(folder))
    }
}

/// Which rows were tested on, from 0: two runs with equal files have the same split.
fn split_text(config: &TrainingConfig, split: &Split) -> String {
    let rows = split.training.len() + split.test.len();
    let facts = json!({"seed": config.seed, "test_size": config.test_size, "rows": rows, "test_rows": split.test});
    format!("{facts}\n")
}

fn log_metrics(run: &mut ExperimentRun, prefix: &str, metrics: &Metrics) -> Result<()> {
    for (name, value) in metrics.values() {
        run.log_metric(&format!("{prefix}{name}"), value, None)?;
    }
    Ok(())
}
