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

/// The column as float64, null where it is NaN: for what is learned, where NaN would spread.
pub(crate) fn number(column: &str, schema: &Schema) -> Expr {
    let values = col(column).cast(DataType::Float64);
    if schema.get(column).is_some_and(DataType::is_float) { values.fill_nan(lit(NULL)) } else { values }
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

/// Replaces nulls, where there is something to replace them with.
pub(crate) fn filled(values: Expr, fill: Option<&Scalar>) -> Expr {
    match fill {
        Some(fill) => values.fill_null(fill.expression()),
        None => values,
    }
}

/// The column as a date or time: itself, or read from text by a format such as `%m/%d/%Y`. ISO dates where none is given.
pub(crate) fn time(column: &str, format: Option<&str>, schema: &Schema) -> Expr {
    if !matches!(schema.get(column), Some(DataType::String)) {
        return col(column);
    }
    let format = format.unwrap_or("%Y-%m-%d");
    let has_time =
        ["%H", "%I", "%M", "%S", "%T", "%R", "%X", "%c", "%s", "%+"].iter().any(|mark| format.contains(mark));
    let dtype = if has_time { DataType::Datetime(TimeUnit::Microseconds, None) } else { DataType::Date };
    let options = StrptimeOptions { format: Some(format.into()), ..StrptimeOptions::default() };
    col(column).str().strptime(dtype, options, lit("raise"))
}

/// The median and other quantiles, between the two nearest values.
pub(crate) fn quantile(values: Expr, probability: f64) -> Expr {
    values.quantile(lit(probability), QuantileMethod::Linear)
}

/// The first value of a column of an answer, as float64.
pub(crate) fn first_number(answer: &DataFrame, column: &str) -> PolarsResult<Option<f64>> {
    Ok(answer.column(column)?.cast(&DataType::Float64)?.f64()?.get(0))
}
