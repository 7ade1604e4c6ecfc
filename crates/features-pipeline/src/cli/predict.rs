//! `predict`: what a model says of new rows.

use std::path::PathBuf;

use clap::Args;
use polars::prelude::{AnyValue, Column, CsvWriter, DataFrame, SerWriter};
use serde_json::{Map, Value, json};

use super::outcome::Outcome;
use super::progress::Progress;
use super::text;
use crate::models::ProfitPredictor;
use crate::plan::FittedFeatures;
use crate::tables::{self, ReadOptions};
use crate::{FeaturesError, Result};

/// What to predict, and where to.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Model file, as `train` and `pipeline` write it
    #[arg(short, long, value_name = "FILE")]
    model: PathBuf,

    /// Table with the rows to predict
    #[arg(short, long, value_name = "FILE")]
    data: PathBuf,

    /// Fitted features to compute first, the features.json of a run; without it, the table has to have them already
    #[arg(short, long, value_name = "FILE")]
    features: Option<PathBuf>,

    /// File to write: .csv, .parquet or .arrow [default: standard output, as CSV]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(options: &Options, progress: &Progress) -> Result<Outcome> {
    let predictor = ProfitPredictor::load(&options.model)?;
    let fitted = options.features.as_deref().map(FittedFeatures::load).transpose()?;
    let step = progress.step("predicting");
    let mut table = tables::read(&options.data, &ReadOptions::default())?;
    if let Some(fitted) = fitted {
        table = fitted.apply(&table)?;
    }
    let mut predictions = predictor.predict_frame(&table)?;
    tracing::info!(rows = predictions.height(), kind = %predictor.model().kind(), "predicted");
    let facts = json!({"rows": predictions.height(), "target": predictor.target_column()});
    let outcome = match &options.output {
        Some(path) => {
            tables::write(&predictions, path)?;
            let text = format!("{} predictions: {}\n", predictions.height(), path.display());
            Outcome::new(with(facts, "output", json!(text::path(path))), text)
        }
        None => Outcome::new(with(facts, "predictions", columns(&predictions)), csv(&mut predictions)?),
    };
    drop(step);
    Ok(outcome)
}

fn with(mut document: Value, name: &str, value: Value) -> Value {
    document[name] = value;
    document
}

/// The columns by name, each with its values.
fn columns(table: &DataFrame) -> Value {
    let value = |value: AnyValue<'_>| match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => json!(value),
        AnyValue::Int64(value) => json!(value),
        AnyValue::Float64(value) => json!(value),
        other => json!(other.get_str().map_or_else(|| other.to_string(), str::to_owned)),
    };
    let values = |column: &Column| column.as_materialized_series().iter().map(value).collect::<Vec<_>>();
    let columns: Map<String, Value> =
        table.columns().iter().map(|column| (column.name().to_string(), json!(values(column)))).collect();
    Value::Object(columns)
}

fn csv(table: &mut DataFrame) -> Result<String> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).finish(table).map_err(|source| FeaturesError::polars("writing predictions", source))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
