//! Which feature it was.

use polars::prelude::*;

use super::FittedFeatures;
use crate::error::{FeaturesError, first_line};

impl FittedFeatures {
    /// The error with the feature that it comes from: Polars' own says which column at best. Every feature is computed
    /// again, alone, up to the first that fails; the error stays as it is if none does.
    pub(crate) fn blame(&self, table: &LazyFrame, error: FeaturesError) -> FeaturesError {
        let FeaturesError::Polars { .. } = error else { return error };
        if attempt(table.clone(), self.required_columns()).is_err() {
            return error; // The table itself cannot be read.
        }
        for index in self.order() {
            let step = &self.steps().steps[index];
            let Ok(plan) = self.apply_lazy(table.clone()) else { return error };
            if let Err(source) = attempt(plan, &self.columns_of(index)) {
                return FeaturesError::Feature {
                    location: self.steps().location(index),
                    feature: step.name().to_owned(),
                    message: first_line(&source),
                };
            }
        }
        error
    }
}

/// Computes columns, and keeps nothing of them.
fn attempt(plan: LazyFrame, columns: &[String]) -> PolarsResult<()> {
    let counts: Vec<Expr> = columns.iter().map(|name| col(name).null_count()).collect();
    plan.select(counts).collect_with_engine(Engine::Streaming).map(drop)
}
