//! The engine's automated machine learning as a model of the pipeline, from a CSV file to predictions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bad_input;
mod configuration;
mod one_command;
mod predictor;
mod stopping;
mod support;
