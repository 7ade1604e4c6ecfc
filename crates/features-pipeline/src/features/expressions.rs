//! What several kinds of features share.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A plain value of YAML.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a truth value, a number or a text")]
pub enum Scalar {
    /// `true` or `false`.
    Boolean(bool),
    /// A number without a point.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

impl Scalar {
    pub(crate) fn expression(&self) -> Expr {
        match self {
            Self::Boolean(value) => lit(*value),
            Self::Integer(value) => lit(*value),
            Self::Number(value) => lit(*value),
            Self::Text(value) => lit(value.clone()),
        }
    }

    /// The value as a text: how a column's values are compared with levels.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Number(value) => format!("{value:?}"),
            Self::Text(value) => value.clone(),
        }
    }
}

/// The column of a column's codes; see `with_codes`.
pub(crate) fn code_column(column: &str) -> String {
    format!("__code_{column}")
}

/// The column, or its codes where there are any: to make groups.
pub(crate) fn group_key(column: &str, schema: &Schema) -> Expr {
    let codes = code_column(column);
    if schema.contains(&codes) { col(codes) } else { col(column) }
}

/// The column as float64, null where it is NaN: for what is learned, where NaN would spread.
pub(crate) fn number(column: &str, schema: &Schema) -> Expr {
    let values = col(column).cast(DataType::Float64);
    if schema.get(column).is_some_and(DataType::is_float) { values.fill_nan(lit(NULL)) } else { values }
}

/// The column as float64, null where it is NaN or infinite: for what a single infinity would spoil.
pub(crate) fn finite(column: &str, schema: &Schema) -> Expr {
    let values = col(column).cast(DataType::Float64);
    if schema.get(column).is_some_and(DataType::is_float) { settle(values, None) } else { values }
}

/// Whether the column's value is a level: true or false, never null. Numbers are compared as numbers of the column's type.
pub(crate) fn is_level(column: &str, level: &str, schema: &Schema) -> Expr {
    let values = col(column);
    let equal = match schema.get(column) {
        Some(dtype) if dtype.is_bool() => level.parse::<bool>().ok().map(|level| values.eq(lit(level))),
        Some(dtype) if dtype.is_signed_integer() => {
            whole_number(level).map(|level| values.cast(DataType::Int64).eq(lit(level)))
        }
        Some(DataType::Float32) => level.parse::<f32>().ok().map(|level| values.eq(lit(level))),
        Some(dtype) if dtype.is_float() => {
            level.parse::<f64>().ok().map(|level| values.cast(DataType::Float64).eq(lit(level)))
        }
        Some(DataType::Datetime(..)) => {
            let stored = DataType::Datetime(TimeUnit::Microseconds, None);
            Some(values.cast(stored).cast(DataType::String).eq(lit(level.to_owned())))
        }
        Some(DataType::String) => Some(group_key(column, schema).eq(lit(level.to_owned()))),
        _ => Some(values.cast(DataType::String).eq(lit(level.to_owned()))),
    };
    equal.unwrap_or_else(|| lit(false)).fill_null(lit(false))
}

/// A level such as `3` or `3.0`.
fn whole_number(level: &str) -> Option<i64> {
    level.strip_suffix(".0").unwrap_or(level).parse().ok()
}

/// The column as float64, for what ends in [`settle`].
pub(crate) fn float(column: &str) -> Expr {
    col(column).cast(DataType::Float64)
}

/// Null, or `fill`, in place of whatever is not a finite number.
pub(crate) fn settle(values: Expr, fill: Option<f64>) -> Expr {
    values.map(
        move |column| {
            let numbers = column.f64()?;
            let all_finite = numbers.downcast_iter().all(|chunk| chunk.values().iter().all(|value| value.is_finite()));
            if all_finite && (fill.is_none() || numbers.null_count() == 0) {
                return Ok(column);
            }
            let settled = numbers.apply(|value| value.filter(|value| value.is_finite()).or(fill));
            Ok(settled.into_series().into_column())
        },
        |_, field| Ok(field.clone()),
    )
}

/// Null in place of an infinity or NaN, where the values are floats.
pub(crate) fn settle_floats(values: Expr) -> Expr {
    values.map(
        |column| {
            if !column.dtype().is_float() {
                return Ok(column);
            }
            let dtype = column.dtype().clone();
            let numbers = column.cast(&DataType::Float64)?;
            let settled = numbers.f64()?.apply(|value| value.filter(|value| value.is_finite()));
            settled.into_series().into_column().cast(&dtype)
        },
        |_, field| Ok(field.clone()),
    )
}

/// Replaces nulls, where there is something to replace them with.
pub(crate) fn filled(values: Expr, fill: Option<&Scalar>) -> Expr {
    match fill {
        Some(fill) => values.fill_null(fill.expression()),
        None => values,
    }
}

/// The column as text, as it is where it is one.
pub(crate) fn text(column: &str, schema: &Schema) -> Expr {
    let is_text = matches!(schema.get(column), Some(DataType::String));
    if is_text { col(column) } else { col(column).cast(DataType::String) }
}

/// Quantiles, between the two nearest values.
pub(crate) fn quantile(values: Expr, probability: f64) -> Expr {
    values.quantile(lit(probability), QuantileMethod::Linear)
}

/// The first value of a column of an answer, as float64.
pub(crate) fn first_number(answer: &DataFrame, column: &str) -> PolarsResult<Option<f64>> {
    Ok(answer.column(column)?.cast(&DataType::Float64)?.f64()?.get(0))
}
