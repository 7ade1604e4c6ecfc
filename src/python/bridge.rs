//! One doorway into Python: attach, call a function of `lex_learning.api`, map the error.

use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyModule;
use serde::de::DeserializeOwned;

use super::error::from_python;
use super::runtime;
use crate::LexLearningError;

static API: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

/// The module `lex_learning.api`, imported once.
pub(super) fn api(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    API.get_or_try_init(py, || py.import("lex_learning.api").map(Bound::unbind)).map(|module| module.bind(py))
}

/// Attaches to the interpreter and runs `work`.
pub(super) fn attached<T>(work: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, LexLearningError> {
    runtime::require()?;
    Python::attach(|py| work(py).map_err(|error| from_python(py, &error)))
}

/// Calls a function of the api module.
pub(super) fn call<'py, A>(py: Python<'py>, function: &str, arguments: A) -> PyResult<Bound<'py, PyAny>>
where
    A: PyCallArgs<'py>,
{
    api(py)?.getattr(function)?.call1(arguments)
}

/// Reads what the api module wrote as JSON.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, LexLearningError> {
    serde_json::from_str(text).map_err(|error| LexLearningError::PythonError {
        message: format!("the answer of the Python package is not understood: {error}"),
    })
}
