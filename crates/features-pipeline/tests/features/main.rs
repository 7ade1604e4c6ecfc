//! Features through the public API, beside what was computed without it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::float_cmp, clippy::default_trait_access, reason = "small integers and defaults of options")]

mod fitting;
mod pandas;
mod rows;
mod tables;
mod types;
mod yaml;

use features_pipeline::FeaturesError;
use features_pipeline::config::PipelineSteps;
use polars::prelude::*;

/// A table of this repository.
fn table(name: &str) -> DataFrame {
    let path = format!("{}/../../tests/data/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    features_pipeline::tables::read(path, &Default::default()).unwrap()
}

fn steps(yaml: &str) -> PipelineSteps {
    PipelineSteps::from_yaml(yaml).unwrap()
}

/// The column that one feature makes; its name is `x`.
fn column(table: &DataFrame, fields: &str) -> Column {
    let result = steps(&format!("steps:\n  - {{ name: x, {fields} }}\n")).apply(table).unwrap();
    result.column("x").unwrap().clone()
}

fn numbers(column: &Column) -> Vec<Option<f64>> {
    column.cast(&DataType::Float64).unwrap().f64().unwrap().iter().collect()
}

fn texts(column: &Column) -> Vec<Option<String>> {
    column.str().unwrap().iter().map(|text| text.map(str::to_owned)).collect()
}

fn error(yaml: &str) -> FeaturesError {
    PipelineSteps::from_yaml(yaml).unwrap_err()
}
