//! The module `features_pipeline._native`: the crate `features-pipeline` for Python.
//!
//! Frames cross by `pyo3-polars`, which shares their memory; no thread holds the interpreter's lock while Rust computes.

mod error;
mod fitted;
mod frame;
mod steps;

/// Features from YAML on polars frames.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::fitted::FittedFeatures;
    #[pymodule_export]
    use crate::steps::PipelineSteps;
}
