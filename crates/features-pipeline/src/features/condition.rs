//! What has to hold of a row.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scalar;
use super::times::moment;

/// Comparisons of a column's value, and further conditions: all that are given have to hold.
///
/// A comparison with a missing value, null or NaN, does not hold; `not` turns that round. Dates and times are compared with
/// texts such as `2020-06-01` and `2020-06-01 12:30:00`.
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

    pub(super) fn columns(&self, columns: &mut Vec<String>) {
        columns.extend(self.column.clone());
        for condition in self.inner() {
            condition.columns(columns);
        }
    }

    /// The values that the column is compared with, by the names of the settings.
    fn values(&self) -> impl Iterator<Item = (&'static str, &Scalar)> {
        let single = [
            ("equals", &self.equals),
            ("not_equals", &self.not_equals),
            ("greater_than", &self.greater_than),
            ("at_least", &self.at_least),
            ("less_than", &self.less_than),
            ("at_most", &self.at_most),
        ];
        let single = single.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        single.chain(self.one_of.iter().flatten().map(|value| ("one_of", value)))
    }

    /// The comparisons of the column, as expressions.
    fn comparisons(&self, schema: &Schema) -> Vec<Expr> {
        let Some(column) = &self.column else { return Vec::new() };
        let dtype = schema.get(column);
        let value = match dtype {
            Some(dtype) if dtype.is_float() => col(column).fill_nan(lit(NULL)),
            // The time of day as a clock there shows it.
            Some(DataType::Datetime(_, Some(_))) => {
                col(column).dt().replace_time_zone(None, lit("raise"), NonExistent::Raise)
            }
            _ => col(column),
        };
        let compare = |name: &str, other: &Scalar| {
            let (value, other) = (value.clone(), comparable(other, dtype));
            match name {
                "not_equals" => value.neq(other),
                "greater_than" => value.gt(other),
                "at_least" => value.gt_eq(other),
                "less_than" => value.lt(other),
                "at_most" => value.lt_eq(other),
                _ => value.eq(other),
            }
        };
        let (one_of, single): (Vec<_>, Vec<_>) = self.values().partition(|(name, _)| *name == "one_of");
        let mut comparisons: Vec<Expr> = single.into_iter().map(|(name, other)| compare(name, other)).collect();
        if self.one_of.is_some() {
            let equal = one_of.into_iter().map(|(name, other)| compare(name, other));
            comparisons.push(equal.reduce(Expr::or).unwrap_or_else(|| lit(false)));
        }
        comparisons.extend(
            self.is_missing.map(|missing| if missing { value.clone().is_null() } else { value.clone().is_not_null() }),
        );
        comparisons
    }

    /// True or false, never null.
    pub(super) fn expression(&self, schema: &Schema) -> Expr {
        let mut parts = self.comparisons(schema);
        let inner = |conditions: &Vec<Self>| conditions.iter().map(|each| each.expression(schema)).collect::<Vec<_>>();
        parts.extend(self.all.as_ref().map(inner).into_iter().flatten());
        parts.extend(self.any.as_ref().and_then(|conditions| inner(conditions).into_iter().reduce(Expr::or)));
        parts.extend(self.not.as_ref().map(|condition| condition.expression(schema).not()));
        parts.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true)).fill_null(lit(false))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let compares = self.values().next().is_some() || self.one_of.is_some() || self.is_missing.is_some();
        if compares && self.column.is_none() {
            return Err("when: expected the column that is compared".to_owned());
        }
        if self.column.is_some() && !compares {
            let comparisons = "equals, not_equals, greater_than, at_least, less_than, at_most, one_of, is_missing";
            return Err(format!("when: expected a comparison of the column: {comparisons}"));
        }
        for (name, conditions) in [("all", &self.all), ("any", &self.any)] {
            if conditions.as_ref().is_some_and(Vec::is_empty) {
                return Err(format!("{name}: expected at least one condition"));
            }
        }
        if self.column.is_none() && self.inner().next().is_none() {
            return Err("when: expected a column and a comparison, or all, any, not".to_owned());
        }
        self.inner().try_for_each(Self::check)
    }

    /// Values have to be of the column's type.
    pub(super) fn check_types(&self, schema: &Schema) -> Result<(), String> {
        if let Some((column, dtype)) = self.column.as_ref().and_then(|column| Some((column, schema.get(column)?))) {
            for (name, value) in self.values() {
                check_value(name, value, column, dtype)?;
            }
        }
        self.inner().try_for_each(|condition| condition.check_types(schema))
    }
}

fn check_value(name: &str, value: &Scalar, column: &str, dtype: &DataType) -> Result<(), String> {
    let (fits, expected) = match dtype {
        DataType::Date | DataType::Datetime(..) => {
            let is_time = matches!(value, Scalar::Text(text) if moment(text).is_some());
            (is_time, "a date such as 2020-06-01")
        }
        dtype if dtype.is_bool() => (matches!(value, Scalar::Boolean(_)), "true or false"),
        dtype if dtype.is_primitive_numeric() => (matches!(value, Scalar::Integer(_) | Scalar::Number(_)), "a number"),
        _ => (matches!(value, Scalar::Text(_)), "a text (in quotes, if it looks like a number)"),
    };
    if fits {
        return Ok(());
    }
    Err(format!("{name}: the column '{column}' is of the type {dtype}, expected {expected}, found {value:?}"))
}

/// A value beside which the column's values can be put.
fn comparable(value: &Scalar, dtype: Option<&DataType>) -> Expr {
    match (value, dtype) {
        (Scalar::Text(text), Some(DataType::Date | DataType::Datetime(..))) => {
            moment(text).map_or_else(|| lit(NULL), lit)
        }
        (value, _) => value.expression(),
    }
}
