//! A column and another, or a number.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{float, settle};
use super::{Accepts, Feature, Input, Learned};

/// Two columns, or a column and a number, in one operation, as float64.
///
/// ```yaml
/// type: arithmetic
/// name: revenue
/// left: Units Sold
/// operation: multiply
/// right: Unit Price
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arithmetic {
    /// The name of the new column.
    pub name: String,
    /// A column, or a number.
    pub left: Operand,
    /// What is done.
    pub operation: Operation,
    /// A column, or a number.
    pub right: Operand,
    /// What stands where there is no finite result, such as after a division by 0. Null where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<f64>,
}

/// A number, or the name of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number, or the name of a column")]
pub enum Operand {
    /// A number.
    Number(f64),
    /// The name of a column.
    Column(String),
}

/// An operation between two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// left + right
    Add,
    /// left - right
    Subtract,
    /// left * right
    Multiply,
    /// left / right
    Divide,
    /// The lesser of the two.
    Minimum,
    /// The greater of the two.
    Maximum,
}

impl Operand {
    fn expression(&self) -> Expr {
        match self {
            Self::Number(value) => lit(*value),
            Self::Column(column) => float(column),
        }
    }
}

impl Feature for Arithmetic {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        let columns = [&self.left, &self.right].into_iter().filter_map(|operand| match operand {
            Operand::Column(column) => Some(Input::new(column, Accepts::Number)),
            Operand::Number(_) => None,
        });
        columns.collect()
    }

    fn check(&self) -> Result<(), String> {
        if self.inputs().is_empty() { Err("left, right: expected at least one column".to_owned()) } else { Ok(()) }
    }

    fn expressions(&self, _schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let (left, right) = (self.left.expression(), self.right.expression());
        let result = match self.operation {
            Operation::Add => left + right,
            Operation::Subtract => left - right,
            Operation::Multiply => left * right,
            Operation::Divide => left / right,
            // With a null on the right, the comparison is null and `otherwise` gives that null; one on the left is spelled out.
            Operation::Minimum => {
                when(left.clone().is_null().or(left.clone().lt(right.clone()))).then(left).otherwise(right)
            }
            Operation::Maximum => {
                when(left.clone().is_null().or(left.clone().gt(right.clone()))).then(left).otherwise(right)
            }
        };
        Ok(vec![settle(result, self.fill).alias(&self.name)])
    }
}
