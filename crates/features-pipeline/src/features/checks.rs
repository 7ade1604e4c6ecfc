//! Checks that several kinds of features share.

use polars::prelude::*;

use super::{Accepts, Scalar};

/// A column can only be named once among those that make groups.
pub(super) fn check_groups(by: &[String]) -> Result<(), String> {
    match by.iter().enumerate().find(|(index, column)| by[..*index].contains(column)) {
        Some((_, column)) => Err(format!("by: the column '{column}' is named twice")),
        None => Ok(()),
    }
}

/// What stands for missing values of a type has to be of that type.
pub(super) fn check_fill(fill: Option<&Scalar>, dtype: &DataType) -> Result<(), String> {
    let Some(fill) = fill else { return Ok(()) };
    let is_number = dtype.is_primitive_numeric();
    let fits = match fill {
        Scalar::Text(_) => Accepts::Text.takes(dtype),
        Scalar::Boolean(_) => dtype.is_bool(),
        Scalar::Integer(_) => is_number,
        Scalar::Number(_) => dtype.is_float(),
    };
    if fits { Ok(()) } else { Err(format!("fill: expected a value of the type {dtype}, found {fill:?}")) }
}
