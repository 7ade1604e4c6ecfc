//! `sample`: made-up sales records.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::outcome::Outcome;
use super::progress::Progress;
use super::text;
use crate::Result;
use crate::sales::SalesRecords;

/// How many records, and where to.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// File to write, .csv or .parquet
    #[arg(short, long, value_name = "FILE", default_value = "data/input/10000 Sales Records.csv")]
    output: PathBuf,

    /// How many records
    #[arg(short, long, default_value_t = 10_000)]
    rows: u64,

    /// Another seed, other records
    #[arg(short, long, default_value_t = 42)]
    seed: u64,
}

pub(super) fn run(options: &Options, progress: &Progress) -> Result<Outcome> {
    let bar = progress.rows(options.rows, "writing sales records");
    let records = SalesRecords { rows: options.rows, seed: options.seed };
    records.write(&options.output, |rows| bar.set_position(rows))?;
    let path = options.output.display();
    tracing::info!(%path, rows = options.rows, "sales records written");
    Ok(Outcome::new(
        json!({"output": text::path(&options.output), "rows": options.rows, "seed": options.seed}),
        format!("{} sales records: {path}\n", options.rows),
    ))
}
