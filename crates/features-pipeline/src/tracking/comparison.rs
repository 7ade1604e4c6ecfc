//! Runs beside each other, by their metrics.

use std::cmp::Ordering;

use serde::Serialize;

use super::record::{RunRecord, RunStatus};
use crate::{FeaturesError, Result};

/// Metrics of which less is better: those with any of these words in their names.
const LESS_IS_BETTER: [&str; 12] =
    ["rmse", "mse", "mae", "mape", "rmsle", "msle", "loss", "logloss", "error", "errors", "deviance", "seconds"];
/// What is compared where nothing is named: the first of these that any run has, and those of the same line.
const USUAL: [&[&str]; 2] = [&["rmse", "r2"], &["accuracy", "f1_macro", "auc"]];
/// Of each line of [`USUAL`], what the best run is chosen by.
const DECISIVE: [&str; 2] = ["r2", "accuracy"];
/// The parameter with the number of features.
pub(crate) const FEATURES: &str = "num_features";

/// What to compare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComparisonOptions {
    /// The metrics to show; the best run is chosen by the first. Default: `rmse` and `r2`, or those of classes; by `r2`
    /// or accuracy.
    pub metrics: Vec<String>,
    /// A metric, best first, or `run_id` or `num_features`. Default: by start.
    pub sort: Option<String>,
    /// With runs that failed or still run.
    pub all: bool,
}

/// A run in a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonRow {
    /// The name of the run's folder.
    pub run_id: String,
    /// How it ended.
    pub status: RunStatus,
    /// As many as the comparison has metrics; `None` where the run has none of that name.
    pub metrics: Vec<Option<f64>>,
    /// The parameter `num_features`.
    pub features: Option<u64>,
}

/// Runs of one experiment beside each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The metrics that are shown.
    pub metrics: Vec<String>,
    /// One for each run.
    pub rows: Vec<ComparisonRow>,
    /// The metric that the best run is chosen by.
    pub decisive: String,
    /// The best completed run, as an index of `rows`. Of equal ones the first.
    pub best: Option<usize>,
    /// Runs that are left out because they failed or still run.
    pub left_out: usize,
}

impl Comparison {
    /// Compares runs.
    ///
    /// # Errors
    ///
    /// [`FeaturesError::Data`]: no run has a metric that is named; lists those that there are.
    pub fn new(runs: &[RunRecord], options: &ComparisonOptions) -> Result<Self> {
        check_metrics(&shown(runs, options), options)?;
        Ok(Self::checked(runs, options))
    }

    /// Compares the runs of each experiment, by its name. One that lacks a metric shows gaps, as long as another has it.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), where no run of any experiment has the metric.
    pub fn by_experiment<'a>(runs: &'a [RunRecord], options: &ComparisonOptions) -> Result<Vec<(&'a str, Self)>> {
        check_metrics(&shown(runs, options), options)?;
        let experiments = runs.chunk_by(|one, other| one.metadata.experiment == other.metadata.experiment);
        let compare = |runs: &'a [RunRecord]| (runs[0].metadata.experiment.as_str(), Self::checked(runs, options));
        Ok(experiments.map(compare).collect())
    }

    fn checked(runs: &[RunRecord], options: &ComparisonOptions) -> Self {
        let shown = shown(runs, options);
        let (metrics, decisive) = choose_metrics(&shown, options);
        let mut rows: Vec<ComparisonRow> = shown
            .iter()
            .map(|run| ComparisonRow {
                run_id: run.metadata.run_id.clone(),
                status: run.metadata.status,
                metrics: metrics.iter().map(|name| run.metric(name)).collect(),
                features: run.params.get(FEATURES).and_then(serde_json::Value::as_u64),
            })
            .collect();
        let value = |name: &str, row: &ComparisonRow| {
            metrics.iter().position(|metric| metric == name).and_then(|index| row.metrics[index])
        };
        match options.sort.as_deref() {
            None => {}
            Some("run_id") => rows.sort_by(|one, other| one.run_id.cmp(&other.run_id)),
            Some(FEATURES) => rows.sort_by_key(|row| row.features),
            Some(name) => rows.sort_by(|one, other| better(name, value(name, one), value(name, other))),
        }
        let completed =
            |(_, row): &(usize, &ComparisonRow)| row.status == RunStatus::Completed && value(&decisive, row).is_some();
        let best = rows
            .iter()
            .enumerate()
            .filter(completed)
            .min_by(|(_, one), (_, other)| better(&decisive, value(&decisive, one), value(&decisive, other)))
            .map(|(index, _)| index);
        Self { left_out: runs.len() - shown.len(), metrics, rows, decisive, best }
    }

    /// The best run and its decisive metric.
    pub fn best(&self) -> Option<(&ComparisonRow, f64)> {
        let row = &self.rows[self.best?];
        let index = self.metrics.iter().position(|metric| *metric == self.decisive)?;
        Some((row, row.metrics[index]?))
    }
}

fn shown<'a>(runs: &'a [RunRecord], options: &ComparisonOptions) -> Vec<&'a RunRecord> {
    runs.iter().filter(|run| options.all || run.metadata.status == RunStatus::Completed).collect()
}

/// What is sorted by, if that is a metric.
fn sort_metric(options: &ComparisonOptions) -> Option<&str> {
    options.sort.as_deref().filter(|name| !["run_id", FEATURES].contains(name))
}

/// Refuses a metric that no run has.
fn check_metrics(runs: &[&RunRecord], options: &ComparisonOptions) -> Result<()> {
    let mut named = options.metrics.iter().map(String::as_str).chain(sort_metric(options));
    let unknown = named.find(|name| !runs.iter().any(|run| run.metrics.contains_key(*name)));
    match unknown {
        Some(name) if !runs.is_empty() => Err(unknown_metric(name, runs)),
        _ => Ok(()),
    }
}

/// The metrics to show, and the one that decides.
fn choose_metrics(runs: &[&RunRecord], options: &ComparisonOptions) -> (Vec<String>, String) {
    let exists = |name: &str| runs.iter().any(|run| run.metrics.contains_key(name));
    let usual = USUAL.iter().position(|line| line.iter().any(|name| exists(name))).unwrap_or(0);
    let (mut metrics, decisive) = match options.metrics.first() {
        Some(first) => (options.metrics.clone(), first.clone()),
        None => (USUAL[usual].iter().map(ToString::to_string).collect(), DECISIVE[usual].to_owned()),
    };
    if let Some(name) = sort_metric(options).filter(|name| !metrics.iter().any(|metric| metric == name)) {
        metrics.push(name.to_owned());
    }
    (metrics, decisive)
}

fn unknown_metric(name: &str, runs: &[&RunRecord]) -> FeaturesError {
    let mut known: Vec<&str> = runs.iter().flat_map(|run| run.metrics.keys().map(String::as_str)).collect();
    known.sort_unstable();
    known.dedup();
    FeaturesError::data(format!("no run has the metric '{name}'"), format!("the runs have: {}", known.join(", ")))
}

/// The better one first; one without the metric last.
fn better(name: &str, one: Option<f64>, other: Option<f64>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if less_is_better(name) => one.total_cmp(&other),
        (Some(one), Some(other)) => other.total_cmp(&one),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

fn less_is_better(name: &str) -> bool {
    let mut words = name.split(|character: char| !character.is_alphanumeric());
    words.any(|word| LESS_IS_BETTER.contains(&word.to_lowercase().as_str()))
}
