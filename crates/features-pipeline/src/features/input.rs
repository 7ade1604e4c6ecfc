//! What features use of a table.

use polars::prelude::*;

/// A column that a feature uses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Input {
    /// The column's name.
    pub column: String,
    /// The types that do.
    pub accepts: Accepts,
    /// Whether it is used to learn alone: new rows need not have it.
    pub only_to_learn: bool,
    /// Whether its values make groups.
    pub makes_groups: bool,
}

impl Input {
    pub(crate) fn new(column: impl Into<String>, accepts: Accepts) -> Self {
        Self { column: column.into(), accepts, only_to_learn: false, makes_groups: false }
    }

    /// A column whose values make groups, or are levels.
    pub(crate) fn of_groups(column: impl Into<String>) -> Self {
        Self { makes_groups: true, ..Self::new(column, Accepts::Anything) }
    }
}

/// The types that a feature takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accepts {
    /// Any plain type.
    Anything,
    /// Integers, floats and truth values.
    Number,
    /// Text and categories.
    Text,
    /// Dates, times, and text that is read as such.
    TimeOrText,
    /// What can be put in order: numbers, dates, times, text.
    Ordered,
}

impl Accepts {
    /// Whether a type does.
    pub fn takes(self, dtype: &DataType) -> bool {
        let nested = dtype.is_nested() || matches!(dtype, DataType::Binary);
        let number = dtype.is_primitive_numeric() || dtype.is_decimal() || dtype.is_bool();
        let text = matches!(dtype, DataType::String | DataType::Categorical(..) | DataType::Enum(..));
        let time = matches!(dtype, DataType::Date | DataType::Datetime(..));
        match self {
            _ if nested => false,
            Self::Anything | Self::Ordered => true,
            Self::Number => number,
            Self::Text => text,
            Self::TimeOrText => time || matches!(dtype, DataType::String),
        }
    }

    /// The types in words, such as `a number`.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Anything => "a number, a truth value, a text, a date or a time",
            Self::Number => "a number or a truth value",
            Self::Text => "a text",
            Self::TimeOrText => "a date, a time, or a text that holds one",
            Self::Ordered => "a number, a text, a date or a time",
        }
    }
}
