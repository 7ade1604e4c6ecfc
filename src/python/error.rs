//! From a Python exception to a variant, by its code.

use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::LexLearningError;

#[derive(Deserialize)]
struct Description {
    code: String,
    message: String,
    context: Value,
}

/// The error that a Python exception stands for.
pub(super) fn from_python(py: Python<'_>, error: &PyErr) -> LexLearningError {
    describe(py, error).map_or_else(
        || LexLearningError::PythonError { message: error.to_string() },
        |found| LexLearningError::from_code(&found.code, found.message, &found.context),
    )
}

fn describe(py: Python<'_>, error: &PyErr) -> Option<Description> {
    let text: String =
        super::bridge::api(py).ok()?.call_method1("describe_error", (error.value(py),)).ok()?.extract().ok()?;
    serde_json::from_str(&text).ok()
}
