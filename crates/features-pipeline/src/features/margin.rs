//! What is left of a revenue.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{float, settle};
use super::{Accepts, Feature, Input, Learned};

/// `(revenue - cost) / revenue`. Where the revenue is 0: null, or `fill`.
///
/// ```yaml
/// type: margin
/// name: unit_margin
/// revenue: Unit Price
/// cost: Unit Cost
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Margin {
    /// The name of the new column.
    pub name: String,
    /// What comes in.
    pub revenue: String,
    /// What goes out.
    pub cost: String,
    /// What stands where there is no margin: a missing value or a revenue of 0. Null where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<f64>,
}

impl Feature for Margin {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        [&self.revenue, &self.cost].map(|column| Input::new(column, Accepts::Number)).into()
    }

    fn expressions(&self, _schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let margin = (float(&self.revenue) - float(&self.cost)) / float(&self.revenue);
        Ok(vec![settle(margin, self.fill).alias(&self.name)])
    }
}
