//! A list of features, for Python.

use std::path::PathBuf;

use features_pipeline::config;
use features_pipeline::features::FeatureConfig;
use pyo3::prelude::*;

use crate::error::exception;
use crate::fitted::FittedFeatures;
use crate::frame::Frame;

/// A list of features, as a YAML file holds it.
///
/// Make one by `PipelineSteps.from_yaml` or `PipelineSteps.load_from_yaml`.
///
/// Example:
///     >>> import polars as pl
///     >>> from features_pipeline import PipelineSteps
///     >>> steps = PipelineSteps.from_yaml('''
///     ... steps:
///     ...   - type: ratio
///     ...     name: feature_profit_margin
///     ...     numerator: Total Profit
///     ...     denominator: Total Revenue
///     ... ''')
///     >>> steps.apply(pl.DataFrame({"Total Profit": [1.0, 2.0], "Total Revenue": [4.0, 0.0]})).to_dicts()[0]
///     {'Total Profit': 1.0, 'Total Revenue': 4.0, 'feature_profit_margin': 0.25}
#[pyclass(frozen, module = "features_pipeline", name = "PipelineSteps")]
pub(crate) struct PipelineSteps(config::PipelineSteps);

#[pymethods]
impl PipelineSteps {
    /// Reads YAML text, and checks it as far as that goes without a frame.
    ///
    /// Args:
    ///     text: What the file would hold. Errors call it `<text>`.
    ///
    /// Raises:
    ///     FeaturesError: It is no YAML, or does not say what it has to; `location` tells the line and column.
    ///
    /// Example:
    ///     >>> from features_pipeline import FeaturesError, PipelineSteps
    ///     >>> try:
    ///     ...     PipelineSteps.from_yaml("steps:\n  - { type: ratoi, name: margin }\n")
    ///     ... except FeaturesError as error:
    ///     ...     print(error.code, error.location.line, error.location.column)
    ///     configuration.invalid 2 13
    #[staticmethod]
    fn from_yaml(py: Python<'_>, text: &str) -> PyResult<Self> {
        py.detach(|| config::PipelineSteps::from_yaml(text)).map(Self).map_err(|error| exception(py, &error))
    }

    /// Reads a YAML file, and checks it as far as that goes without a frame.
    ///
    /// Args:
    ///     path: The file.
    ///
    /// Raises:
    ///     FeaturesError: It cannot be read, is no YAML, or does not say what it has to; `location` tells the line and
    ///         column.
    #[staticmethod]
    fn load_from_yaml(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| config::PipelineSteps::load_from_yaml(path)).map(Self).map_err(|error| exception(py, &error))
    }

    /// The names of the features, in the order of the file.
    #[getter]
    fn names(&self) -> Vec<&str> {
        self.0.steps.iter().map(FeatureConfig::name).collect()
    }

    /// The columns that a frame has to have.
    #[getter]
    fn required_columns(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.0.validate().map_err(|error| exception(py, &error))
    }

    /// Learns from training rows.
    ///
    /// Args:
    ///     frame: The training rows, a `polars.DataFrame` of at least one row.
    ///
    /// Returns:
    ///     What gives new rows the same columns.
    ///
    /// Raises:
    ///     FeaturesError: The frame has no rows, lacks a column, has it of another type, or has one that a feature makes.
    ///     TypeError: It is no `polars.DataFrame`, or has a column of Python objects.
    ///
    /// Example:
    ///     >>> import polars as pl
    ///     >>> from features_pipeline import PipelineSteps
    ///     >>> steps = PipelineSteps.from_yaml('''
    ///     ... steps:
    ///     ...   - { type: group_aggregate, name: average, column: units, by: [country], aggregate: mean }
    ///     ... ''')
    ///     >>> fitted = steps.fit(pl.DataFrame({"country": ["Chad", "Chad", "Fiji"], "units": [10, 30, 5]}))
    ///     >>> fitted.apply(pl.DataFrame({"country": ["Fiji", "Peru"]}))["average"].to_list()
    ///     [5.0, None]
    fn fit(&self, py: Python<'_>, frame: Frame) -> PyResult<FittedFeatures> {
        py.detach(|| self.0.fit(&frame.0)).map(FittedFeatures::from).map_err(|error| exception(py, &error))
    }

    /// Learns from training rows, and computes their columns.
    ///
    /// They are those that `FittedFeatures.apply` gives for the same rows, but for target encodings: a training row must
    /// not see its own target.
    ///
    /// Args:
    ///     frame: The training rows, a `polars.DataFrame` of at least one row.
    ///
    /// Returns:
    ///     What gives new rows the same columns, and the frame with the columns of all features behind its own.
    ///
    /// Raises:
    ///     FeaturesError: As in `fit`.
    ///     TypeError: As in `fit`.
    fn fit_apply(&self, py: Python<'_>, frame: Frame) -> PyResult<(FittedFeatures, Frame)> {
        let (fitted, table) = py.detach(|| self.0.fit_apply(&frame.0)).map_err(|error| exception(py, &error))?;
        Ok((fitted.into(), Frame(table)))
    }

    /// The frame with the columns of all features behind its own, learned from itself.
    ///
    /// Args:
    ///     frame: A `polars.DataFrame` of at least one row.
    ///
    /// Returns:
    ///     A new frame; the given one is unchanged.
    ///
    /// Raises:
    ///     FeaturesError: As in `fit`.
    ///     TypeError: As in `fit`.
    fn apply(&self, py: Python<'_>, frame: Frame) -> PyResult<Frame> {
        py.detach(|| self.0.apply(&frame.0)).map(Frame).map_err(|error| exception(py, &error))
    }

    fn __len__(&self) -> usize {
        self.0.steps.len()
    }

    fn __repr__(&self) -> String {
        format!("PipelineSteps({})", self.names().join(", "))
    }
}
