//! Several columns as one.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{float, settle, text};
use super::{Accepts, Feature, Input, Learned};

/// The product of numbers, or the combination of levels, of several columns.
///
/// ```yaml
/// type: interaction
/// name: country_and_item
/// columns: [Country, Item Type]
/// kind: combination
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interaction {
    /// The name of the new column.
    pub name: String,
    /// The columns, at least 2.
    pub columns: Vec<String>,
    /// How they become one.
    #[serde(default)]
    pub kind: InteractionKind,
    /// For combinations: what stands between the texts. `_` where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
}

/// How several columns become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InteractionKind {
    /// The product of numbers, as float64. Null where one is missing, or the product is not finite.
    #[default]
    Product,
    /// The texts, one after the other. Null where one is missing.
    Combination,
}

impl Feature for Interaction {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        let accepts = match self.kind {
            InteractionKind::Product => Accepts::Number,
            InteractionKind::Combination => Accepts::Anything,
        };
        self.columns.iter().map(|column| Input::new(column, accepts)).collect()
    }

    fn check(&self) -> Result<(), String> {
        if self.columns.len() < 2 {
            return Err(format!("columns: expected at least 2, found {}", self.columns.len()));
        }
        if self.separator.is_some() && self.kind == InteractionKind::Product {
            return Err("separator: only for combinations".to_owned());
        }
        Ok(())
    }

    fn expressions(&self, schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let value = match self.kind {
            InteractionKind::Product => {
                let product = self.columns.iter().map(|column| float(column)).reduce(|one, other| one * other);
                settle(product.unwrap_or_else(|| lit(f64::NAN)), None)
            }
            InteractionKind::Combination => {
                let texts: Vec<Expr> = self.columns.iter().map(|column| text(column, schema)).collect();
                concat_str(texts, self.separator.as_deref().unwrap_or("_"), false)
            }
        };
        Ok(vec![value.alias(&self.name)])
    }
}
