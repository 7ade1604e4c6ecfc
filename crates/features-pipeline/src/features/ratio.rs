//! One column divided by another.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{float, settle};
use super::{Accepts, Feature, Input, Learned};

/// One column divided by another. Where the denominator is 0: null, or `fill`.
///
/// ```yaml
/// type: ratio
/// name: feature_profit_margin
/// numerator: Total Profit
/// denominator: Total Revenue
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// The name of the new column.
    pub name: String,
    /// What is divided.
    pub numerator: String,
    /// What it is divided by.
    pub denominator: String,
    /// What stands where there is no ratio: a missing value or a denominator of 0. Null where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<f64>,
}

impl Feature for Ratio {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        [&self.numerator, &self.denominator].map(|column| Input::new(column, Accepts::Number)).into()
    }

    fn expressions(&self, _schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let ratio = float(&self.numerator) / float(&self.denominator);
        Ok(vec![settle(ratio, self.fill).alias(&self.name)])
    }
}
