//! From an error to Python's exception.

use pyo3::prelude::*;

/// The exception of `features_pipeline.errors` that tells the same.
pub(crate) fn exception(py: Python<'_>, error: &features_pipeline::FeaturesError) -> PyErr {
    let location = error.location().filter(|location| location.line > 0);
    let location = location.map(|location| (&location.path, location.line, location.column));
    let value = py
        .import("features_pipeline.errors")
        .and_then(|module| module.getattr("FeaturesError"))
        .and_then(|class| class.call1((error.to_string(), error.code(), error.hint(), location)));
    // Whatever kept the exception from being made is worth more than nothing.
    value.map_or_else(|failure| failure, PyErr::from_value)
}
