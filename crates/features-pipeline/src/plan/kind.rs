//! The kinds of columns: what is learned from one table is applied to others, whose types may be narrower or wider.

use std::fmt;

use polars::prelude::*;
use serde::{Deserialize, Serialize};

/// A column's type, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ColumnKind {
    Boolean,
    Integer,
    Number,
    Text,
    Date,
    Datetime,
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Boolean => "truth values",
            Self::Integer => "integers",
            Self::Number => "numbers",
            Self::Text => "texts",
            Self::Date => "dates",
            Self::Datetime => "times",
        })
    }
}

impl ColumnKind {
    pub(super) fn of(dtype: &DataType) -> Self {
        match dtype {
            DataType::Boolean => Self::Boolean,
            DataType::Date => Self::Date,
            DataType::Datetime(..) => Self::Datetime,
            dtype if dtype.is_integer() => Self::Integer,
            dtype if dtype.is_primitive_numeric() => Self::Number,
            DataType::Decimal(..) => Self::Number,
            _ => Self::Text,
        }
    }

    /// The column of new rows as one of this kind. None where it is one, or does as it is.
    ///
    /// A CSV file tells no types: a column without a value reads as text, and one of whole numbers as integers.
    pub(super) fn conform(self, column: &str, dtype: &DataType) -> Option<Expr> {
        let found = Self::of(dtype);
        let wanted = match (self, found) {
            (Self::Integer, Self::Number) => return None,
            (wanted, found) if wanted == found => return None,
            (Self::Boolean, _) => DataType::Boolean,
            (Self::Integer, _) => DataType::Int64,
            (Self::Number, _) => DataType::Float64,
            (Self::Text, _) => DataType::String,
            (Self::Date, _) => DataType::Date,
            (Self::Datetime, _) => DataType::Datetime(TimeUnit::Microseconds, None),
        };
        Some(col(column).strict_cast(wanted))
    }
}
