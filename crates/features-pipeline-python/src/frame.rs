//! Frames across the border. Their columns are shared, not copied.
//!
//! Names go beside the columns: within them they are C strings, which a zero byte ends.

use polars::prelude::{Column, DataFrame, IntoColumn};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3_polars::PySeries;

/// A `polars.DataFrame` on its way in or out.
pub(crate) struct Frame(pub(crate) DataFrame);

impl<'py> FromPyObject<'_, 'py> for Frame {
    type Error = PyErr;

    fn extract(frame: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let class = frame.py().import("polars")?.getattr("DataFrame")?;
        if !frame.is_instance(&class)? {
            let found = frame.get_type().fully_qualified_name()?;
            return Err(PyTypeError::new_err(format!(
                "expected a polars.DataFrame, found {found}. A LazyFrame has `collect()`; for pandas and pyarrow there \
                 are `polars.from_pandas` and `polars.from_arrow`."
            )));
        }
        let height = frame.getattr("height")?.extract()?;
        let columns = frame.call_method0("get_columns")?.try_iter()?.map(|series| import(&series?));
        DataFrame::new(height, columns.collect::<PyResult<_>>()?)
            .map(Self)
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

fn import(series: &Bound<'_, PyAny>) -> PyResult<Column> {
    let name: String = series.getattr("name")?.extract()?;
    let kind = series.getattr("dtype")?.str()?;
    if kind.to_cow()? == "Object" {
        return Err(PyTypeError::new_err(format!(
            "the column '{name}' holds Python objects, which only Python can read. Drop or convert it."
        )));
    }
    let PySeries(values) = series.call_method1("alias", ("",))?.extract()?;
    Ok(values.with_name(name.into()).into_column())
}

impl<'py> IntoPyObject<'py> for Frame {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let export = |(number, column): (usize, &Column)| {
            let values = column.as_materialized_series().clone();
            PySeries(values.with_name(number.to_string().into())).into_pyobject(py)
        };
        let columns = self.0.columns().iter().enumerate().map(export).collect::<PyResult<Vec<_>>>()?;
        let frame = py.import("polars")?.getattr("DataFrame")?.call1((columns,))?;
        let names: Vec<&str> = self.0.columns().iter().map(|column| column.name().as_str()).collect();
        frame.setattr("columns", names)?;
        Ok(frame)
    }
}
