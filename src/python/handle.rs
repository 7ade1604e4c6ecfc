//! A model that lives in the interpreter.

use std::path::Path;

use polars::frame::DataFrame;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::Value;

use super::bridge::{attached, call, parse};
use super::conversion;
use super::table::Table;
use crate::{Explanation, LexLearningError, ModelInfo, PredictionResult};

pub(crate) struct PythonModel(Py<PyAny>);

impl PythonModel {
    pub(super) fn new(model: Py<PyAny>) -> Self {
        Self(model)
    }

    pub(crate) fn load(path: &Path) -> Result<Self, LexLearningError> {
        attached(|py| call(py, "load_model", (path,)).map(|model| Self(model.unbind())))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, LexLearningError> {
        attached(|py| call(py, "model_from_bytes", (PyBytes::new(py, bytes),)).map(|model| Self(model.unbind())))
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), LexLearningError> {
        attached(|py| call(py, "save_model", (&self.0, path)).map(drop))
    }

    pub(crate) fn export_onnx(&self, path: &Path, leave_out_members: bool) -> Result<Vec<String>, LexLearningError> {
        attached(|py| call(py, "export_onnx", (&self.0, path, leave_out_members))?.extract())
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, LexLearningError> {
        attached(|py| call(py, "model_to_bytes", (&self.0,))?.extract())
    }

    pub(crate) fn info(&self) -> Result<ModelInfo, LexLearningError> {
        let text: String = attached(|py| call(py, "model_info", (&self.0,))?.extract())?;
        parse(&text)
    }

    pub(crate) fn predict(&self, row: &Value) -> Result<PredictionResult, LexLearningError> {
        let row = row.to_string();
        let text: String = attached(|py| call(py, "predict_row", (&self.0, row))?.extract())?;
        parse(&text)
    }

    pub(crate) fn predict_batch(&self, table: &DataFrame) -> Result<(DataFrame, Vec<String>), LexLearningError> {
        self.of_table("predict_table", table)
    }

    pub(crate) fn explain(&self, row: &Value) -> Result<Explanation, LexLearningError> {
        let row = row.to_string();
        let (text, waterfall): (String, Vec<u8>) = attached(|py| call(py, "explain_row", (&self.0, row))?.extract())?;
        let mut explanation: Explanation = parse(&text)?;
        explanation.waterfall = waterfall;
        Ok(explanation)
    }

    pub(crate) fn explain_batch(&self, table: &DataFrame) -> Result<(DataFrame, Vec<String>), LexLearningError> {
        self.of_table("explain_table", table)
    }

    /// What a function of the api module says of a table: another table, and warnings.
    fn of_table(&self, function: &str, table: &DataFrame) -> Result<(DataFrame, Vec<String>), LexLearningError> {
        let table = Table::new(table, LexLearningError::InferenceError)?;
        let (bytes, warnings) = attached(|py| {
            let answer = call(py, function, (&self.0, table.into_python(py)?))?;
            let (answer, warnings): (Bound<'_, PyAny>, Vec<String>) = answer.extract()?;
            Ok((conversion::copy_bytes(&answer)?, warnings))
        })?;
        Ok((conversion::from_bytes(bytes)?, warnings))
    }
}
