//! A table on its way to Python, by the quickest way that it can take.

use polars::prelude::{DataFrame, DataType};
use pyo3::prelude::*;

use super::conversion::{self, TableBytes};
use super::stream::TableStream;
use crate::LexLearningError;

pub(super) enum Table {
    File(TableBytes),
    Stream(TableStream),
}

impl Table {
    /// Refuses columns that pandas would not know, by `refuse` with a message that names column, type and remedy.
    pub(super) fn new(
        table: &DataFrame,
        refuse: impl Fn(String) -> LexLearningError,
    ) -> Result<Self, LexLearningError> {
        for column in table.columns() {
            if !is_supported(column.dtype()) {
                let (name, kind) = (column.name(), column.dtype());
                return Err(refuse(format!(
                    "column '{name}' is of type {kind}, expected numbers, text or booleans. Drop it or convert it."
                )));
            }
        }
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

/// A column of nulls is let through: Python says how many there are.
fn is_supported(kind: &DataType) -> bool {
    let plain = matches!(kind, DataType::Boolean | DataType::String | DataType::Null);
    let wide = matches!(kind, DataType::Int128 | DataType::UInt128 | DataType::Float16);
    plain || kind.is_categorical() || kind.is_enum() || (kind.is_primitive_numeric() && !wide)
}

/// Turns a table into a pandas frame and drops it: the border alone, for the benchmarks.
///
/// # Errors
///
/// As for a training.
#[cfg(feature = "benchmark")]
pub fn transfer(table: &DataFrame) -> Result<(), LexLearningError> {
    let table = Table::new(table, LexLearningError::InvalidData)?;
    super::bridge::attached(|py| super::bridge::call(py, "_read_table", (table.into_python(py)?,)).map(drop))
}
