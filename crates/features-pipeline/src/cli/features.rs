//! `features`: a table with its engineered columns.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::Utc;
use clap::Args;
use polars::prelude::{IdxSize, LazyFrame, len};
use serde_json::json;

use super::outcome::Outcome;
use super::progress::Progress;
use super::text;
use crate::config::{Entrypoint, PipelineSteps};
use crate::plan::FittedFeatures;
use crate::tables::{self, ReadOptions};
use crate::tracking::make_folder;
use crate::{FeaturesError, Result};

/// What the features have learned, beside the table.
pub(super) const FITTED_FILE: &str = "features.json";

/// What to compute, and where to.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Path to entrypoint config
    #[arg(short, long, default_value = "config/entrypoint.yaml")]
    config: PathBuf,

    /// Output directory [default: a new one in that of the entrypoint, named after the time]
    #[arg(short, long)]
    output: Option<PathBuf>,

    /// Apply what an earlier run has learned, its features.json, instead of learning from the table
    #[arg(long, value_name = "FILE")]
    fitted: Option<PathBuf>,
}

pub(super) fn run(options: &Options, progress: &Progress) -> Result<Outcome> {
    let entrypoint = Entrypoint::load_from_yaml(&options.config)?;
    let features = match &options.fitted {
        Some(path) => Features::Fitted(FittedFeatures::load(path)?),
        None => Features::New(PipelineSteps::load_from_yaml(&entrypoint.features)?),
    };
    let source = Source::open(&entrypoint)?;
    let step = progress.step("computing features");
    let (fitted, folder, path) = run_feature_engineering(features, &source, options, &entrypoint)?;
    drop(step);
    let made = fitted.columns();
    let columns = source.columns + made.len();
    let text = text::heading("Feature Engineering")
        + &format!("Data before transform: ({}, {})\n", source.rows, source.columns)
        + &format!("Data after transform: ({}, {columns})\n\n", source.rows)
        + &text::table(&["Feature", "Kind"], &kinds(&fitted))
        + &format!("\noutput: {}\n", path.display());
    let document = json!({
        "rows": source.rows,
        "columns": columns,
        "features": made,
        "output": text::path(&path),
        "fitted": text::path(&folder.join(FITTED_FILE)),
    });
    Ok(Outcome::new(document, text))
}

/// Features that learn from the table, or have learned from another one.
enum Features {
    Fitted(FittedFeatures),
    New(PipelineSteps),
}

/// The input of an entrypoint, on the disk.
struct Source {
    table: LazyFrame,
    rows: IdxSize,
    columns: usize,
}

impl Source {
    fn open(entrypoint: &Entrypoint) -> Result<Self> {
        let mut table = tables::scan(&entrypoint.input, &read_options(entrypoint))?;
        let fail = |source| FeaturesError::polars(format!("reading {}", entrypoint.input.display()), source);
        let columns = table.collect_schema().map_err(fail)?.len();
        let counted = table.clone().select([len()]).collect().map_err(fail)?;
        let rows = counted.columns().first().and_then(|column| column.get(0).ok()?.extract()).unwrap_or(0);
        tracing::info!(path = %entrypoint.input.display(), rows, columns, "input");
        Ok(Self { table, rows, columns })
    }
}

/// How an entrypoint says its input is read.
pub(super) fn read_options(entrypoint: &Entrypoint) -> ReadOptions {
    ReadOptions::default().with_delimiter(entrypoint.delimiter)
}

/// The folder that is named, or a new one in that of the entrypoint.
pub(super) fn output_folder(named: Option<&Path>, entrypoint: &Entrypoint) -> Result<PathBuf> {
    match named {
        Some(folder) => {
            fs::create_dir_all(folder).map_err(|source| FeaturesError::io(folder, source))?;
            Ok(folder.to_owned())
        }
        None => make_folder(&entrypoint.output, Utc::now()),
    }
}

/// Writes a table with its features, and what they have learned; the table's path.
pub(super) fn write(
    fitted: &FittedFeatures,
    plan: LazyFrame,
    entrypoint: &Entrypoint,
    folder: &Path,
) -> Result<PathBuf> {
    let path = folder.join("output").with_extension(entrypoint.format.suffix());
    tables::sink(plan, &path)?;
    fitted.save(folder.join(FITTED_FILE))?;
    tracing::info!(path = %path.display(), "table written");
    Ok(path)
}

/// The features in a table of text.
pub(super) fn kinds(fitted: &FittedFeatures) -> Vec<Vec<String>> {
    fitted.steps().steps.iter().map(|step| vec![step.name().to_owned(), step.kind().to_owned()]).collect()
}

/// What has learned, the folder, and the table's path.
#[tracing::instrument(skip_all, fields(rows = source.rows, cols = source.columns))]
fn run_feature_engineering(
    features: Features,
    source: &Source,
    options: &Options,
    entrypoint: &Entrypoint,
) -> Result<(FittedFeatures, PathBuf, PathBuf)> {
    let (fitted, plan) = match features {
        Features::Fitted(fitted) => {
            tell_start(fitted.steps());
            let plan = fitted.apply_lazy(source.table.clone())?;
            (fitted, plan)
        }
        Features::New(_) if source.rows == 0 => {
            return Err(FeaturesError::data("the table has no rows", "features are learned from at least one row"));
        }
        Features::New(steps) => {
            tell_start(&steps);
            steps.fit_lazy(source.table.clone())?
        }
    };
    let folder = output_folder(options.output.as_deref(), entrypoint)?;
    let written = write(&fitted, plan, entrypoint, &folder);
    let path = written.map_err(|error| fitted.blame(&source.table, error))?;
    tell_end(source.columns, &fitted);
    Ok((fitted, folder, path))
}

/// Where features start.
pub(super) fn tell_start(steps: &PipelineSteps) {
    tracing::info!("Applying {} feature transformations", steps.steps.len());
}

/// Where they end. `columns`: how many the table had.
pub(super) fn tell_end(columns: usize, fitted: &FittedFeatures) {
    tracing::info!("Feature engineering complete: {columns} → {} columns", columns + fitted.columns().len());
}
