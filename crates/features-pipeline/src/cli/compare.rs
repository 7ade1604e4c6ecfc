//! `compare`, and `compare-experiments`: runs beside each other.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Map, Value, json};

use super::arguments::ExperimentsFolder;
use super::outcome::Outcome;
use super::text::{metric_label, metric_value};
use crate::Result;
use crate::tracking::{Comparison, ComparisonOptions, ComparisonRow, list_runs};

/// Of the first column, and of each metric.
const RUN_WIDTH: usize = 20;
const METRIC_WIDTH: usize = 12;
const RULE_WIDTH: usize = 60;

/// What to compare.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The experiment; all of them if none is named
    name: Option<String>,

    #[command(flatten)]
    folder: ExperimentsFolder,

    /// Show this metric, and choose the best run by the first one named; may be repeated
    #[arg(short, long, value_name = "NAME")]
    metric: Vec<String>,

    /// Sort by a metric (best first), `run_id` or `num_features` instead of by start
    #[arg(short, long, value_name = "NAME")]
    sort: Option<String>,

    /// Show runs that failed or still run as well
    #[arg(short, long)]
    all: bool,
}

pub(super) fn run(options: &Options) -> Result<Outcome> {
    let listing = list_runs(&options.folder.experiments_dir, options.name.as_deref())?;
    for error in &listing.broken {
        tracing::warn!("{error}");
    }
    let settings = ComparisonOptions { metrics: options.metric.clone(), sort: options.sort.clone(), all: options.all };
    let experiments = Comparison::by_experiment(&listing.runs, &settings)?;
    let broken: Vec<String> = listing.broken.iter().map(ToString::to_string).collect();
    let documents: Vec<Value> = experiments.iter().map(|(name, comparison)| document(name, comparison)).collect();
    let texts: Vec<String> = experiments
        .iter()
        .map(|(name, comparison)| {
            let title = if experiments.len() > 1 { format!("{name}\n") } else { String::new() };
            title + &text(comparison)
        })
        .collect();
    let text = if texts.is_empty() { "There are no runs.\n".to_owned() } else { texts.join("\n") };
    Ok(Outcome::new(json!({"experiments": documents, "broken": broken}), text))
}

fn document(name: &str, comparison: &Comparison) -> Value {
    let row = |row: &ComparisonRow| {
        let metrics: Map<String, Value> =
            comparison.metrics.iter().cloned().zip(row.metrics.iter().map(|value| json!(value))).collect();
        json!({"run_id": row.run_id, "status": row.status, "metrics": metrics, "num_features": row.features})
    };
    json!({
        "experiment": name,
        "runs": comparison.rows.iter().map(row).collect::<Vec<_>>(),
        "best": comparison.best().map(|(row, value)| {
            json!({"run_id": row.run_id, "metric": comparison.decisive, "value": value})
        }),
        "left_out": comparison.left_out,
    })
}

/// The table, and the best run in its last line.
fn text(comparison: &Comparison) -> String {
    let has_status = comparison.rows.iter().any(|row| row.status.name() != "completed");
    let headings = comparison.metrics.iter().map(|name| metric_label(name)).collect::<Vec<_>>();
    let status = |name: &str| if has_status { format!("{name:<METRIC_WIDTH$} ") } else { String::new() };
    let line = |run: &str, metrics: &[String], word: &str, features: &str| {
        let metrics = metrics.iter().fold(String::new(), |mut text, metric| {
            let _ = write!(text, "{metric:<METRIC_WIDTH$} ");
            text
        });
        format!("{run:<RUN_WIDTH$} {metrics}{}{features}\n", status(word))
    };
    let mut text = line("Run ID", &headings, "Status", "Features") + &"=".repeat(RULE_WIDTH) + "\n";
    for row in &comparison.rows {
        let metrics: Vec<String> = comparison
            .metrics
            .iter()
            .zip(&row.metrics)
            .map(|(name, value)| value.map_or("-".to_owned(), |value| metric_value(name, value)))
            .collect();
        let features = row.features.map_or("-".to_owned(), |features| features.to_string());
        text += &line(&row.run_id, &metrics, row.status.name(), &features);
    }
    if comparison.left_out > 0 {
        let _ = writeln!(text, "({} failed or still running; --all shows them)", comparison.left_out);
    }
    if let Some((row, value)) = comparison.best() {
        let (label, value) = (metric_label(&comparison.decisive), metric_value(&comparison.decisive, value));
        let score = if comparison.decisive == "r2" { " score" } else { "" };
        let _ = write!(text, "\n✨ Best {label}{score}: {} ({label} = {value})\n", row.run_id);
    }
    text
}
