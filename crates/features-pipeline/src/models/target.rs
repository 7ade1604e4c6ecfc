//! What a model predicts: numbers or classes.

use std::fmt;

use ndarray::Array1;
use polars::prelude::{Column, DataFrame, DataType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matrix::{column, invalid_value, numbers};
use super::{ModelError, ModelSpecification};
use crate::error::{FeaturesError, Result};

/// More classes than this are taken for a number or an id.
const MOST_CLASSES: usize = 256;

/// The value of a class, as the table has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ClassLabel {
    /// Of a boolean column.
    Boolean(bool),
    /// Of a column of integers, or of floats that are whole.
    Integer(i64),
    /// Of a text column.
    Text(String),
}

impl fmt::Display for ClassLabel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(formatter),
            Self::Integer(value) => value.fmt(formatter),
            Self::Text(value) => value.fmt(formatter),
        }
    }
}

/// The right answers, one for each row.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// Finite numbers, for a regression.
    Numbers(Array1<f64>),
    /// Classes, for a classification.
    Classes {
        /// The distinct classes in order: `false` before `true`, numbers and texts ascending.
        classes: Vec<ClassLabel>,
        /// For each row, the place of its class in `classes`.
        codes: Vec<usize>,
    },
}

impl Target {
    /// Takes the column that a model of this kind learns: classes for `logistic`, numbers for the others. For a `lex` model
    /// that is not told: classes if they are texts or booleans, or two whole numbers.
    ///
    /// # Errors
    ///
    /// [`ModelError::ColumnNotFound`]; [`InvalidValue`](ModelError::InvalidValue) for a null, a NaN or an infinity;
    /// [`InvalidTarget`](ModelError::InvalidTarget) for text where a number is needed, and for one class, fractions or
    /// more than 256 classes where classes are needed.
    pub fn from_frame(frame: &DataFrame, name: &str, specification: &ModelSpecification) -> Result<Self> {
        let is_classifier = match specification.is_classifier() {
            Some(known) => known,
            None => holds_classes(column(frame, name)?),
        };
        if !is_classifier {
            return Ok(Self::Numbers(target_numbers(frame, name)?));
        }
        let labels = labels(frame, name)?;
        let mut classes = labels.clone();
        classes.sort_unstable();
        classes.dedup();
        if !(2..=MOST_CLASSES).contains(&classes.len()) {
            return Err(ModelError::InvalidTarget {
                column: name.to_owned(),
                found: format!("a column of {} distinct values", classes.len()),
                expected: "a column of 2 to 256 classes",
            }
            .into());
        }
        let codes = encode(&labels, &classes, name)?;
        Ok(Self::Classes { classes, codes })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Classes { codes, .. } => codes.len(),
        }
    }
}

/// Whether a column looks like classes to whoever was not told.
fn holds_classes(column: &Column) -> bool {
    let dtype = column.dtype();
    if dtype.is_integer() {
        return column.as_materialized_series().drop_nulls().n_unique().is_ok_and(|values| values == 2);
    }
    dtype.is_bool() || dtype.is_string() || dtype.is_categorical() || dtype.is_enum()
}

/// The numbers that a regression predicts.
pub(super) fn target_numbers(frame: &DataFrame, name: &str) -> Result<Array1<f64>> {
    numbers(frame, name).map_err(|error| match error {
        FeaturesError::Model(ModelError::NotNumeric { column, dtype }) => {
            ModelError::InvalidTarget { column, found: dtype, expected: "a column of numbers" }.into()
        }
        other => other,
    })
}

/// The codes of a column whose classes a model knows.
pub(super) fn known_codes(frame: &DataFrame, name: &str, classes: &[ClassLabel]) -> Result<Vec<usize>> {
    encode(&labels(frame, name)?, classes, name)
}

/// The classes of the codes, in the type of the classes.
pub(super) fn label_column(name: &str, classes: &[ClassLabel], codes: &[usize]) -> Column {
    let labels = codes.iter().map(|&code| &classes[code]);
    let boolean = |label: &ClassLabel| if let ClassLabel::Boolean(value) = label { Some(*value) } else { None };
    let integer = |label: &ClassLabel| if let ClassLabel::Integer(value) = label { Some(*value) } else { None };
    match classes.first() {
        Some(ClassLabel::Boolean(_)) => Column::new(name.into(), labels.map(boolean).collect::<Vec<_>>()),
        Some(ClassLabel::Integer(_)) => Column::new(name.into(), labels.map(integer).collect::<Vec<_>>()),
        _ => Column::new(name.into(), labels.map(ToString::to_string).collect::<Vec<_>>()),
    }
}

fn encode(labels: &[ClassLabel], classes: &[ClassLabel], name: &str) -> Result<Vec<usize>> {
    let code = |(row, label): (usize, &ClassLabel)| {
        classes.binary_search(label).map_err(|_| {
            ModelError::UnknownClass {
                column: name.to_owned(),
                row,
                class: label.to_string(),
                known: classes.iter().map(ToString::to_string).collect(),
            }
            .into()
        })
    };
    labels.iter().enumerate().map(code).collect()
}

/// A label for each row.
fn labels(frame: &DataFrame, name: &str) -> Result<Vec<ClassLabel>> {
    let column = column(frame, name)?;
    let failed = |source| FeaturesError::polars(format!("the classes of the column '{name}'"), source);
    let invalid = |found: String| {
        FeaturesError::from(ModelError::InvalidTarget {
            column: name.to_owned(),
            found,
            expected: "a column of texts, booleans or whole numbers",
        })
    };
    refuse_nulls(column, name)?;
    let dtype = column.dtype();
    if dtype.is_bool() {
        let values = column.bool().map_err(failed)?;
        return Ok(values.iter().flatten().map(ClassLabel::Boolean).collect());
    }
    if dtype.is_integer() {
        let values = column.strict_cast(&DataType::Int64).map_err(failed)?;
        return Ok(values.i64().map_err(failed)?.iter().flatten().map(ClassLabel::Integer).collect());
    }
    if dtype.is_numeric() {
        let whole = |value: &f64| {
            #[expect(clippy::cast_possible_truncation, reason = "compared with the value")]
            let integer = *value as i64;
            if (integer as f64).total_cmp(value).is_eq() || *value == 0.0 {
                Ok(ClassLabel::Integer(integer))
            } else {
                Err(invalid(format!("{dtype} with {value}")))
            }
        };
        return numbers(frame, name)?.iter().map(whole).collect();
    }
    if dtype.is_string() || dtype.is_categorical() || dtype.is_enum() {
        let values = column.cast(&DataType::String).map_err(failed)?;
        return Ok(values
            .str()
            .map_err(failed)?
            .iter()
            .flatten()
            .map(|text| ClassLabel::Text(text.to_owned()))
            .collect());
    }
    Err(invalid(dtype.to_string()))
}

fn refuse_nulls(column: &Column, name: &str) -> Result<()> {
    let count = column.null_count();
    if count == 0 {
        return Ok(());
    }
    let row = column.is_null().iter().position(|null| null == Some(true)).unwrap_or(0);
    Err(invalid_value(name, row, "null", count))
}
