//! Features that have learned, for Python.

use std::path::PathBuf;

use features_pipeline::plan;
use pyo3::prelude::*;

use crate::error::exception;
use crate::frame::Frame;

/// Features that have learned from training rows: they give new rows the same columns.
///
/// `PipelineSteps.fit` makes one, `FittedFeatures.load` reads one from a file. The file is that of Rust: the command
/// `features-pipeline features --fitted` takes it, and what that command writes as `features.json` can be loaded here.
#[pyclass(frozen, module = "features_pipeline", name = "FittedFeatures")]
pub(crate) struct FittedFeatures(plan::FittedFeatures);

impl From<plan::FittedFeatures> for FittedFeatures {
    fn from(fitted: plan::FittedFeatures) -> Self {
        Self(fitted)
    }
}

#[pymethods]
impl FittedFeatures {
    /// Reads what `save`, or Rust, has written.
    ///
    /// Args:
    ///     path: The file.
    ///
    /// Raises:
    ///     FeaturesError: It cannot be read, is no such file, or one of a later version.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| plan::FittedFeatures::load(path)).map(Self).map_err(|error| exception(py, &error))
    }

    /// Writes what was learned as JSON. The file appears under its name only when it is complete.
    ///
    /// Args:
    ///     path: The file. One that is there is replaced.
    ///
    /// Raises:
    ///     FeaturesError: It cannot be written.
    ///
    /// Example:
    ///     >>> import polars as pl
    ///     >>> from features_pipeline import FittedFeatures, PipelineSteps
    ///     >>> steps = PipelineSteps.from_yaml("steps: [{ type: scaling, name: scaled, column: a, method: min_max }]")
    ///     >>> steps.fit(pl.DataFrame({"a": [0, 10]})).save("features.json")
    ///     >>> FittedFeatures.load("features.json").apply(pl.DataFrame({"a": [5]}))["scaled"].to_list()
    ///     [0.5]
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.0.save(path)).map_err(|error| exception(py, &error))
    }

    /// The columns that the features make, in their order.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.columns()
    }

    /// The columns that new rows have to have, and some that only training rows had to.
    #[getter]
    fn required_columns(&self) -> Vec<String> {
        self.0.required_columns().to_vec()
    }

    /// The frame with the columns of all features behind its own.
    ///
    /// Args:
    ///     frame: Any rows, as a `polars.DataFrame`.
    ///
    /// Returns:
    ///     A new frame; the given one is unchanged.
    ///
    /// Raises:
    ///     FeaturesError: The frame lacks a column, has it of another type, or has one that a feature makes.
    ///     TypeError: It is no `polars.DataFrame`, or has a column of Python objects.
    fn apply(&self, py: Python<'_>, frame: Frame) -> PyResult<Frame> {
        py.detach(|| self.0.apply(&frame.0)).map(Frame).map_err(|error| exception(py, &error))
    }

    fn __repr__(&self) -> String {
        format!("FittedFeatures({})", self.columns().join(", "))
    }
}
