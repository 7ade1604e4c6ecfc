//! A value by the first condition that holds.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    #[serde(rename_all = "snake_case")]
    Column {
        /// The column.
        column: String,
    },
    /// This value.
    Value(Scalar),
}

/// Comparisons of a column's value, and further conditions: all that are given have to hold.
///
/// A comparison with a missing value does not hold; `not` turns that round.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The column that is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The value is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Scalar>,
    /// The value is there, and not this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_equals: Option<Scalar>,
    /// The value is greater than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greater_than: Option<Scalar>,
    /// The value is this or greater.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Scalar>,
    /// The value is less than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub less_than: Option<Scalar>,
    /// The value is this or less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Scalar>,
    /// The value is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Scalar>>,
    /// The value is missing (`true`), or there (`false`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_missing: Option<bool>,
    /// All of these hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<Condition>>,
    /// At least one of these holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<Condition>>,
    /// This does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<Condition>>,
}

impl Condition {
    /// The conditions within it.
    fn inner(&self) -> impl Iterator<Item = &Self> {
        let listed = self.all.iter().chain(&self.any).flatten();
        listed.chain(self.not.as_deref())
    }

    fn columns(&self, columns: &mut Vec<String>) {
        columns.extend(self.column.clone());
        for condition in self.inner() {
            condition.columns(columns);
        }
    }

    /// The comparisons of the column, as expressions.
    fn comparisons(&self) -> Vec<Expr> {
        let Some(column) = &self.column else { return Vec::new() };
        let value = || col(column);
        let one_of = |values: &Vec<Scalar>| {
            let equal = values.iter().map(|scalar| value().eq(scalar.expression()));
            equal.reduce(Expr::or).unwrap_or_else(|| lit(false))
        };
        let comparisons = [
            self.equals.as_ref().map(|other| value().eq(other.expression())),
            self.not_equals.as_ref().map(|other| value().neq(other.expression())),
            self.greater_than.as_ref().map(|other| value().gt(other.expression())),
            self.at_least.as_ref().map(|other| value().gt_eq(other.expression())),
            self.less_than.as_ref().map(|other| value().lt(other.expression())),
            self.at_most.as_ref().map(|other| value().lt_eq(other.expression())),
            self.one_of.as_ref().map(one_of),
            self.is_missing.map(|missing| if missing { value().is_null() } else { value().is_not_null() }),
        ];
        comparisons.into_iter().flatten().collect()
    }

    /// True or false, never null.
    fn expression(&self) -> Expr {
        let mut parts = self.comparisons();
        if let Some(conditions) = &self.all {
            parts.extend(conditions.iter().map(Self::expression));
        }
        if let Some(conditions) = &self.any {
            parts.extend(conditions.iter().map(Self::expression).reduce(Expr::or));
        }
        if let Some(condition) = &self.not {
            parts.push(condition.expression().not());
        }
        parts.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true)).fill_null(lit(false))
    }

    fn check(&self) -> Result<(), String> {
        let compares =
            [&self.equals, &self.not_equals, &self.greater_than, &self.at_least, &self.less_than, &self.at_most]
                .into_iter()
                .any(Option::is_some)
                || self.one_of.is_some()
                || self.is_missing.is_some();
        if compares && self.column.is_none() {
            return Err("when: expected the column that is compared".to_owned());
        }
        if self.column.is_some() && !compares {
            let comparisons = "equals, not_equals, greater_than, at_least, less_than, at_most, one_of, is_missing";
            return Err(format!("when: expected a comparison of the column: {comparisons}"));
        }
        if self.column.is_none() && self.inner().next().is_none() {
            return Err("when: expected a column and a comparison, or all, any, not".to_owned());
        }
        self.inner().try_for_each(Self::check)
    }
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

    fn expressions(&self, _schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let otherwise = self.otherwise.as_ref().map_or_else(|| lit(NULL), Outcome::expression);
        let value = self.cases.iter().rev().fold(otherwise, |otherwise, case| {
            when(case.when.expression()).then(case.then.expression()).otherwise(otherwise)
        });
        Ok(vec![value.alias(&self.name)])
    }
}
