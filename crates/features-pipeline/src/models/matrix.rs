//! From a table to the numbers that a model learns from.

use std::collections::HashSet;

use ndarray::{Array1, Array2, ShapeBuilder};
use polars::prelude::{Column, DataFrame, DataType};

use super::ModelError;
use crate::error::{FeaturesError, Result};

/// The features of a model as finite numbers: a row for each row of the table, a named column for each feature.
///
/// ```
/// use features_pipeline::models::Matrix;
/// use polars::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = df!("units" => [1_i64, 2], "online" => [true, false])?;
/// let matrix = Matrix::from_frame(&table, &["online", "units"])?;
/// assert_eq!(matrix.values()[[0, 0]], 1.0);
/// assert_eq!(matrix.values()[[1, 1]], 2.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    names: Vec<String>,
    /// Rows by features, column after column: the solvers go along columns.
    values: Array2<f64>,
}

impl Matrix {
    /// Takes columns of a table. Booleans are 0 and 1; integers of any size and decimals become 64-bit floats.
    ///
    /// # Errors
    ///
    /// [`ModelError::ColumnNotFound`], [`NotNumeric`](ModelError::NotNumeric), and
    /// [`InvalidValue`](ModelError::InvalidValue) for a null, a NaN or an infinity: none is filled in.
    /// [`NoFeatures`](ModelError::NoFeatures) and [`DuplicateFeature`](ModelError::DuplicateFeature) for the names.
    pub fn from_frame(frame: &DataFrame, columns: &[impl AsRef<str>]) -> Result<Self> {
        let names: Vec<String> = columns.iter().map(|name| name.as_ref().to_owned()).collect();
        if names.is_empty() {
            return Err(ModelError::NoFeatures.into());
        }
        let mut seen = HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(ModelError::DuplicateFeature { column: name.clone() }.into());
        }
        let shape = (frame.height(), names.len());
        let mut values = Vec::with_capacity(shape.0 * shape.1);
        for name in &names {
            append_numbers(frame, name, &mut values)?;
        }
        let values = Array2::from_shape_vec(shape.f(), values)
            .map_err(|error| FeaturesError::data(format!("the columns differ in length: {error}"), ""))?;
        Ok(Self { names, values })
    }

    /// The features' names, in the order of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The numbers: rows by features.
    pub fn values(&self) -> &Array2<f64> {
        &self.values
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.values.nrows()
    }
}

/// One column as finite numbers.
pub(super) fn numbers(frame: &DataFrame, name: &str) -> Result<Array1<f64>> {
    let mut values = Vec::with_capacity(frame.height());
    append_numbers(frame, name, &mut values)?;
    Ok(Array1::from_vec(values))
}

/// The column, or the names that there are.
pub(super) fn column<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column> {
    frame.column(name).map_err(|_| {
        let known = frame.get_column_names().into_iter().map(ToString::to_string).collect();
        ModelError::ColumnNotFound { column: name.to_owned(), known }.into()
    })
}

/// A null, a NaN or an infinity, where one was found.
pub(super) fn invalid_value(column: &str, row: usize, value: impl Into<String>, count: usize) -> FeaturesError {
    ModelError::InvalidValue { column: column.to_owned(), row, value: value.into(), count }.into()
}

fn append_numbers(frame: &DataFrame, name: &str, values: &mut Vec<f64>) -> Result<()> {
    let column = column(frame, name)?;
    let dtype = column.dtype();
    if matches!(dtype, DataType::Null) && !column.is_empty() {
        return Err(invalid_value(name, 0, "null", column.len()));
    }
    if !(dtype.is_numeric() || dtype.is_bool()) {
        return Err(ModelError::NotNumeric { column: name.to_owned(), dtype: dtype.to_string() }.into());
    }
    let context = || format!("the column '{name}' as numbers");
    let floats = column.cast(&DataType::Float64).map_err(|source| FeaturesError::polars(context(), source))?;
    let floats = floats.f64().map_err(|source| FeaturesError::polars(context(), source))?;

    let start = values.len();
    values.extend(floats.iter().map(|value| value.unwrap_or(f64::NAN)));
    let added = &values[start..];
    let Some(row) = added.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let count = added.iter().filter(|value| !value.is_finite()).count();
    let found = floats.get(row).map_or_else(|| "null".to_owned(), |value| value.to_string());
    Err(invalid_value(name, row, found, count))
}
