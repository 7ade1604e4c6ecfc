//! A value by the first condition that holds.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::{Accepts, Feature, Input, Learned, Scalar};

/// The value of the first case whose condition holds; `otherwise` where none does.
///
/// ```yaml
/// type: conditional
/// name: size
/// cases:
///   - when: { column: Units Sold, greater_than: 5000 }
///     then: large
///   - when: { column: Units Sold, greater_than: 1000 }
///     then: medium
/// otherwise: small
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conditional {
    /// The name of the new column.
    pub name: String,
    /// The cases, in order.
    pub cases: Vec<Case>,
    /// The value where no condition holds. Null where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Outcome>,
}

/// A condition and its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The condition.
    pub when: Condition,
    /// The value where it holds.
    pub then: Outcome,
}

/// A value, or the column that has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a truth value, a number, a text, or `column:` with a name")]
pub enum Outcome {
    /// The row's value of a column.
    Column {
        /// The column.
        column: String,
    },
    /// This value.
    Value(Scalar),
}

impl Outcome {
    fn expression(&self) -> Expr {
        match self {
            Self::Column { column } => col(column),
            Self::Value(value) => value.expression(),
        }
    }
}

impl Conditional {
    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.cases.iter().map(|case| &case.then).chain(&self.otherwise)
    }
}

impl Feature for Conditional {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        let mut columns = Vec::new();
        for case in &self.cases {
            case.when.columns(&mut columns);
        }
        columns.extend(self.outcomes().filter_map(|outcome| match outcome {
            Outcome::Column { column } => Some(column.clone()),
            Outcome::Value(_) => None,
        }));
        columns.into_iter().map(|column| Input::new(column, Accepts::Anything)).collect()
    }

    fn check(&self) -> Result<(), String> {
        if self.cases.is_empty() {
            return Err("cases: expected at least one".to_owned());
        }
        self.cases.iter().try_for_each(|case| case.when.check())?;
        let is_text = |outcome: &Outcome| match outcome {
            Outcome::Column { .. } => None,
            Outcome::Value(value) => Some(matches!(value, Scalar::Text(_))),
        };
        let kinds: Vec<bool> = self.outcomes().filter_map(is_text).collect();
        if kinds.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err("then, otherwise: expected all texts, or none (quote numbers that are texts)".to_owned());
        }
        Ok(())
    }

    fn check_types(&self, schema: &Schema) -> Result<(), String> {
        self.cases.iter().try_for_each(|case| case.when.check_types(schema))
    }

    fn expressions(&self, schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let otherwise = self.otherwise.as_ref().map_or_else(|| lit(NULL), Outcome::expression);
        let value = self.cases.iter().rev().fold(otherwise, |otherwise, case| {
            when(case.when.expression(schema)).then(case.then.expression()).otherwise(otherwise)
        });
        Ok(vec![value.alias(&self.name)])
    }
}
