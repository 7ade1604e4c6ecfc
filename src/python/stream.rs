//! Tables to Python over the Arrow C stream interface: within one process nothing is written, and numbers are not copied.

use polars::prelude::{ArrowDataType, ArrowField, CompatLevel, DataFrame};
use polars_arrow::array::{Array, StructArray};
use polars_arrow::ffi::{ArrowArrayStream, export_iterator};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// A table that pyarrow reads through the `PyCapsule` interface.
#[pyclass(frozen, name = "TableStream")]
pub(super) struct TableStream(DataFrame);

impl TableStream {
    /// Shares the table's memory.
    pub(super) fn new(table: &DataFrame) -> Self {
        let mut table = table.clone();
        table.align_chunks();
        Self(table)
    }
}

#[pymethods]
impl TableStream {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer answer in its own schema.
        drop(requested_schema);
        let stream = py.detach(|| export(&self.0));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }
}

/// One struct array for each chunk of the table.
fn export(table: &DataFrame) -> ArrowArrayStream {
    let level = CompatLevel::newest();
    let fields = table.columns().iter().map(|column| column.field().to_arrow(level)).collect();
    let kind = ArrowDataType::Struct(fields);
    let batches: Vec<Box<dyn Array>> = table
        .iter_chunks(level, false)
        .map(|batch| StructArray::new(kind.clone(), batch.len(), batch.into_arrays(), None).boxed())
        .collect();
    export_iterator(Box::new(batches.into_iter().map(Ok)), ArrowField::new("".into(), kind, false))
}
