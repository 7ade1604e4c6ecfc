//! CSV, Parquet and Arrow files, in and out, told apart by their suffix.
//!
//! [`scan`] and [`sink()`] leave a table on the disk where a plan allows it: Polars' streaming engine reads, computes and
//! writes it in pieces. [`read`] and [`write()`] are for tables that fit in memory.

mod csv;
mod writer;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use polars::prelude::*;

use crate::config::TableFormat;
use crate::error::{FeaturesError, Result};

pub(crate) use writer::write_whole;

/// How to read a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// What separates the fields of a CSV file. Guessed from its first lines where it is not given.
    pub delimiter: Option<char>,
}

impl ReadOptions {
    /// Sets what separates the fields of a CSV file.
    #[must_use]
    pub fn with_delimiter(mut self, delimiter: Option<char>) -> Self {
        self.delimiter = delimiter;
        self
    }
}

/// Reads a table into memory.
///
/// CSV: UTF-8 with or without a byte order mark, a header line, fields in double quotes where they need it. An empty field
/// is null. ISO dates and times are recognised.
///
/// # Errors
/// [`FeaturesError::Io`] where there is no such file; [`FeaturesError::Table`] for a suffix that is not known, a row with
/// another number of fields than the header, and for whatever is not the format that the suffix says.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sales.csv");
/// std::fs::write(&path, "Country;Units Sold\nChad;10\nFiji;20\n")?;
/// let table = features_pipeline::tables::read(&path, &Default::default())?;
/// assert_eq!(table.shape(), (2, 2));
/// # Ok(())
/// # }
/// ```
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<DataFrame> {
    let path = path.as_ref();
    let plan = scan(path, options)?;
    match plan.collect() {
        Ok(table) => Ok(table),
        // The types were inferred from the first rows; a later one may be of a wider type.
        Err(_) if format_of(path)? == TableFormat::Csv => {
            csv::scan(path, options, None)?.collect().map_err(unreadable(path))
        }
        Err(error) => Err(unreadable(path)(error)),
    }
}

/// A plan that reads the table when it is collected or written by [`sink()`].
///
/// # Errors
/// As those of [`read`], but for what is found only while reading.
pub fn scan(path: impl AsRef<Path>, options: &ReadOptions) -> Result<LazyFrame> {
    let path = path.as_ref();
    let format = format_of(path)?;
    let size = fs::metadata(path).map_err(|source| FeaturesError::io(path, source))?.len();
    if size == 0 {
        return Err(FeaturesError::table(path, "the file is empty", "a table has at least a header and a row"));
    }
    match format {
        TableFormat::Csv => {
            csv::check_rows(path, options)?;
            csv::scan(path, options, Some(csv::INFERRED_ROWS))
        }
        TableFormat::Parquet => {
            let settings = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
            LazyFrame::scan_parquet(reference(path)?, settings).map_err(unreadable(path))
        }
        TableFormat::Ipc => {
            let settings = UnifiedScanArgs { glob: false, ..UnifiedScanArgs::default() };
            LazyFrame::scan_ipc(reference(path)?, IpcScanOptions::default(), settings).map_err(unreadable(path))
        }
    }
}

/// Writes a table. It appears under its name only when it is complete.
///
/// # Errors
/// [`FeaturesError::Table`] for a suffix that is not known; [`FeaturesError::Io`] and [`FeaturesError::DiskFull`] where the
/// disk refuses. Nothing is left behind then.
pub fn write(table: &DataFrame, path: impl AsRef<Path>) -> Result<()> {
    sink(table.clone().lazy(), path)
}

/// Computes a plan and writes its table, in pieces where the plan allows it.
///
/// # Errors
/// As those of [`write()`]; [`FeaturesError::Polars`] for what the plan itself fails with.
pub fn sink(plan: LazyFrame, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let format = match format_of(path)? {
        TableFormat::Csv => FileWriteFormat::Csv(CsvWriterOptions::default()),
        TableFormat::Parquet => FileWriteFormat::Parquet(Arc::new(ParquetWriteOptions::default())),
        TableFormat::Ipc => FileWriteFormat::Ipc(IpcWriterOptions::default()),
    };
    write_whole(path, |writer| {
        let plan = plan.sink(writer.into_destination(), format, UnifiedSinkArgs::default())?;
        plan.collect_with_engine(Engine::Streaming).map(drop)
    })
}

/// The format that a file's suffix says.
///
/// # Errors
/// [`FeaturesError::Table`] for other suffixes than csv, tsv, txt, parquet, arrow, ipc and feather.
pub fn format_of(path: impl AsRef<Path>) -> Result<TableFormat> {
    let path = path.as_ref();
    let suffix = path.extension().map(|suffix| suffix.to_string_lossy().to_lowercase());
    match suffix.as_deref() {
        Some("csv" | "tsv" | "txt") => Ok(TableFormat::Csv),
        Some("parquet" | "pq") => Ok(TableFormat::Parquet),
        Some("arrow" | "ipc" | "feather") => Ok(TableFormat::Ipc),
        _ => Err(FeaturesError::table(
            path,
            "the suffix does not tell a format of tables",
            "expected .csv, .tsv, .txt, .parquet, .arrow, .ipc or .feather",
        )),
    }
}

fn reference(path: &Path) -> Result<PlRefPath> {
    PlRefPath::try_from_path(path)
        .map_err(|_| FeaturesError::table(path, "the path is not valid UTF-8", "rename the file or folder"))
}

fn unreadable(path: &Path) -> impl Fn(PolarsError) -> FeaturesError {
    let path = path.to_owned();
    move |error| {
        let hint = "check that the file is complete and in the format that its suffix says";
        FeaturesError::table(&path, format!("the table cannot be read: {error}"), hint)
    }
}
