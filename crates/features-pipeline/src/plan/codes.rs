//! Texts that make groups, as codes: each is hashed once, and not again in every grouping, join and window.

use std::collections::BTreeSet;

use polars::prelude::*;

use crate::config::PipelineSteps;
use crate::error::{FeaturesError, Result};
use crate::features::code_column;

/// The table with a column of codes behind its own, for each column of texts that makes groups.
pub(super) fn with_codes(table: &DataFrame, steps: &PipelineSteps) -> Result<DataFrame> {
    let inputs = steps.steps.iter().flat_map(|step| step.as_feature().inputs());
    let keys: BTreeSet<String> = inputs.filter(|input| input.makes_groups).map(|input| input.column).collect();
    let is_text = |column: &String| matches!(table.schema().get(column), Some(DataType::String));
    let codes = |column: &String| {
        // Categories of their own, which end with the table.
        let categories = Categories::random(PlSmallStr::EMPTY, CategoricalPhysical::U32);
        col(column).cast(DataType::from_categories(categories)).alias(code_column(column))
    };
    let codes: Vec<Expr> = keys.iter().filter(|column| is_text(column)).map(codes).collect();
    if codes.is_empty() {
        return Ok(table.clone());
    }
    let result = table.clone().lazy().with_columns(codes).collect();
    result.map_err(|source| FeaturesError::polars("encoding the groups", source))
}
