//! Tables across the border, as Arrow IPC files in memory.

use std::ffi::c_int;
use std::io::Cursor;

use polars::prelude::{CompatLevel, DataFrame, IpcReader, IpcWriter, SerReader, SerWriter};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use pyo3::{ffi, pyclass};

use crate::{ArrowConversionKind, LexLearningError};

/// Bytes that Python reads where they lie: copying them would cost as much as writing them.
#[pyclass(frozen, name = "TableBytes")]
pub(super) struct TableBytes(Vec<u8>);

#[pymethods]
#[allow(clippy::needless_pass_by_value, reason = "the buffer protocol's signature")]
impl TableBytes {
    /// # Safety
    ///
    /// Called by the interpreter with a view to fill, as the buffer protocol says.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("no view to fill"));
        }
        let bytes = &slf.get().0;
        let length = ffi::Py_ssize_t::try_from(bytes.len())?;
        // SAFETY: the class is frozen, so the bytes neither move nor change while the view, which holds a reference to
        // this object, lives; `view` is not null; and the view is read-only.
        let status =
            unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), bytes.as_ptr().cast_mut().cast(), length, 1, flags) };
        if status == 0 { Ok(()) } else { Err(PyErr::fetch(slf.py())) }
    }
}

/// Writes a table as one uncompressed Arrow IPC file.
pub(super) fn to_bytes(table: &DataFrame) -> Result<TableBytes, LexLearningError> {
    let mut table = table.clone();
    // One chunk makes one batch, which pyarrow hands to pandas without a copy.
    table.rechunk_mut();
    let mut bytes = Vec::with_capacity(table.estimated_size() + 4096);
    IpcWriter::new(Cursor::new(&mut bytes))
        .with_compression(None)
        .with_compat_level(CompatLevel::oldest())
        .finish(&mut table)
        .map_err(|error| ArrowConversionKind::Serialize(error.to_string()))?;
    Ok(TableBytes(bytes))
}

/// Copies a buffer of Python's.
pub(super) fn copy_bytes(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    PyBuffer::<u8>::get(object).or_else(|_| signed(object))?.to_vec(object.py())
}

/// pyarrow's buffers count in signed bytes; a view of them as unsigned ones is the same memory.
fn signed(object: &Bound<'_, PyAny>) -> PyResult<PyBuffer<u8>> {
    let view = object.py().import("builtins")?.getattr("memoryview")?.call1((object,))?;
    PyBuffer::get(&view.call_method1("cast", ("B",))?)
}

/// Reads a table from Arrow IPC bytes.
pub(super) fn from_bytes(bytes: Vec<u8>) -> Result<DataFrame, LexLearningError> {
    IpcReader::new(Cursor::new(bytes))
        .finish()
        .map_err(|error| ArrowConversionKind::Deserialize(error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use super::*;
    use crate::python::bridge::{attached, call};
    use crate::python::table::Table;

    fn echo_by(table: Table) -> DataFrame {
        let bytes = attached(|py| copy_bytes(&call(py, "echo_table", (table.into_python(py)?,))?)).unwrap();
        from_bytes(bytes).unwrap()
    }

    /// Through pandas and back, by the usual way and as a file, which must agree.
    fn echo(table: &DataFrame) -> DataFrame {
        crate::initialize().unwrap();
        let usual = echo_by(Table::new(table, LexLearningError::InvalidData).unwrap());
        assert_eq!(usual, echo_by(Table::File(to_bytes(table).unwrap())));
        usual
    }

    #[test]
    fn the_six_contract_types_survive() {
        let table = df!(
            "int32" => [i32::MIN, 0, i32::MAX],
            "int64" => [i64::MIN, 0, i64::MAX],
            "float32" => [f32::MIN, 0.5, f32::MAX],
            "float64" => [f64::MIN, 0.5, f64::MAX],
            "text" => ["", "Ωmega 日本 🛋", "nul \0 inside"],
            "flag" => [true, false, true],
        )
        .unwrap();
        assert_eq!(echo(&table), table);
    }

    #[test]
    fn an_empty_table_keeps_its_columns_and_types() {
        let table = df!("number" => [1.0, 2.0], "text" => ["a", "b"], "flag" => [true, false]).unwrap().head(Some(0));
        let echoed = echo(&table);
        assert_eq!(echoed.schema(), table.schema());
        assert_eq!(echoed.height(), 0);
    }

    #[test]
    fn one_row_survives() {
        let table = df!("number" => [1_i64], "text" => ["a"]).unwrap();
        assert_eq!(echo(&table), table);
    }

    #[test]
    fn odd_column_names_survive() {
        let names = ["a b", "\"'`", "🛋", "", "index", "__index_level_0__", "new\nline", "nul\0"];
        let columns = names.iter().map(|name| Column::new((*name).into(), [1_i64, 2])).collect();
        let table = DataFrame::new_infer_height(columns).unwrap();
        assert_eq!(echo(&table), table);
    }

    #[test]
    fn a_million_rows_in_many_chunks_survive() {
        let part = df!("number" => (0..250_000).map(f64::from).collect::<Vec<_>>(),
                       "text" => (0..250_000).map(|row| format!("level {}", row % 7)).collect::<Vec<_>>())
        .unwrap();
        let mut table = part.clone();
        for _ in 0..3 {
            table.vstack_mut(&part).unwrap();
        }
        assert_eq!(echo(&table), table);
    }
}
