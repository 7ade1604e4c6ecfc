//! A table on its way to Python, by the quickest way that it can take.

use polars::frame::DataFrame;
use pyo3::prelude::*;

use super::conversion::{self, TableBytes};
use super::stream::TableStream;
use crate::LexLearningError;

pub(super) enum Table {
    File(TableBytes),
    Stream(TableStream),
}

impl Table {
    pub(super) fn new(table: &DataFrame) -> Result<Self, LexLearningError> {
        // The stream interface ends names at a zero byte, as C does.
        if table.get_column_names().iter().any(|name| name.contains('\0')) {
            return conversion::to_bytes(table).map(Self::File);
        }
        Ok(Self::Stream(TableStream::new(table)))
    }

    pub(super) fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        match self {
            Self::File(bytes) => Bound::new(py, bytes).map(Bound::into_any),
            Self::Stream(stream) => Bound::new(py, stream).map(Bound::into_any),
        }
    }
}

/// Turns a table into a pandas frame and drops it: the border alone, for the benchmarks.
///
/// # Errors
///
/// As for a training.
#[cfg(feature = "benchmark")]
pub fn transfer(table: &DataFrame) -> Result<(), LexLearningError> {
    let table = Table::new(table)?;
    super::bridge::attached(|py| super::bridge::call(py, "_read_table", (table.into_python(py)?,)).map(drop))
}
