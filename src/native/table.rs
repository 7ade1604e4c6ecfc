//! Predictions for tables: the same rules and words as in `core/schema.py` and `inference/model.py`.

use polars::prelude::{Column, DataFrame, DataType, NamedFrom, Series};

use super::description::Classes;
use super::model::NativeModel;
use super::row::{FeatureColumn, Schema, refused};
use super::words::counted;
use crate::{ColumnKind, LexLearningError};

impl NativeModel {
    /// Predicts every row of a table, its columns in any order; the target and the
    /// [`unused_columns`](crate::ModelInfo::unused_columns) may be in it and are ignored.
    ///
    /// Gives the column `prediction` (a class of the target's type, or a number), for classes one
    /// `probability_<label>` column each, and for numbers with bounds `lower` and `upper`. An empty table gives an empty
    /// one.
    ///
    /// # Errors
    ///
    /// [`InferenceError`](LexLearningError::InferenceError): a column is missing, unknown, of another type, or holds
    /// nulls (unless it was trained with `allow_missing`); the message names it.
    pub fn predict_batch(&self, table: &DataFrame) -> Result<DataFrame, LexLearningError> {
        self.predict_batch_with_warnings(table).map(|(predictions, _)| predictions)
    }

    /// As [`predict_batch`](Self::predict_batch), with a sentence for each column that holds what training did not see.
    ///
    /// # Errors
    ///
    /// As [`predict_batch`](Self::predict_batch).
    pub fn predict_batch_with_warnings(&self, table: &DataFrame) -> Result<(DataFrame, Vec<String>), LexLearningError> {
        let encoded = encode(self.schema(), table)?;
        let output = self.output(&encoded.features, table.height())?;
        let columns =
            if matches!(self.classes(), Classes::None) { self.numbers(&output) } else { self.shares(&output) };
        let predictions = DataFrame::new(table.height(), columns)
            .map_err(|error| LexLearningError::InferenceError(format!("the predictions make no table ({error})")))?;
        Ok((predictions, encoded.warnings))
    }

    fn numbers(&self, output: &[f64]) -> Vec<Column> {
        let mut columns = vec![Column::new("prediction".into(), output)];
        if let Some(margin) = self.info().interval_half_width {
            let moved = |by: f64| output.iter().map(|value| value + by).collect::<Vec<_>>();
            columns.push(Column::new("lower".into(), moved(-margin)));
            columns.push(Column::new("upper".into(), moved(margin)));
        }
        columns
    }

    fn shares(&self, output: &[f64]) -> Vec<Column> {
        let labels = self.info().class_labels.as_deref().unwrap_or_default();
        let codes: Vec<usize> = output.chunks_exact(labels.len()).map(|shares| self.class_of(shares)).collect();
        let mut columns = vec![decoded(self.classes(), &codes).into()];
        for (place, label) in labels.iter().enumerate() {
            let shares: Vec<f64> = output.iter().skip(place).step_by(labels.len()).copied().collect();
            columns.push(Column::new(format!("probability_{label}").into(), shares));
        }
        columns
    }
}

/// The classes of some codes, of the target's type.
fn decoded(classes: &Classes, codes: &[usize]) -> Series {
    fn pick<T: Clone>(classes: &[T], codes: &[usize]) -> Vec<T> {
        codes.iter().map(|&code| classes[code].clone()).collect()
    }
    let name = "prediction".into();
    match classes {
        Classes::None => Series::new_empty(name, &DataType::Float64),
        Classes::Text(classes) => {
            let texts: Vec<&str> = codes.iter().map(|&code| classes[code].as_str()).collect();
            Series::new(name, texts)
        }
        Classes::Integers(classes) => Series::new(name, pick(classes, codes)),
        Classes::Unsigned(classes) => Series::new(name, pick(classes, codes)),
        Classes::Floats(classes) => Series::new(name, pick(classes, codes)),
        Classes::Truths(classes) => Series::new(name, pick(classes, codes)),
    }
}

struct Encoded {
    /// Row by row.
    features: Vec<f64>,
    warnings: Vec<String>,
}

fn encode(schema: &Schema, table: &DataFrame) -> Result<Encoded, LexLearningError> {
    for column in table.columns() {
        if kind(column.dtype()).is_none() && column.dtype() != &DataType::Null {
            let (name, kind) = (column.name(), column.dtype());
            let message = format!("column '{name}' is of type {kind}, expected numbers, text or booleans");
            return Err(refused(&message, "Drop it or convert it."));
        }
    }
    let names: Vec<&str> = table.columns().iter().map(|column| column.name().as_str()).collect();
    schema.check_names(&names)?;
    let width = schema.columns.len();
    let mut encoded = Encoded { features: vec![0.0; table.height() * width], warnings: Vec::new() };
    if table.height() == 0 {
        return Ok(encoded);
    }
    let mut further = Vec::new();
    for (place, expected) in schema.columns.iter().enumerate() {
        let given = table.column(&expected.info.name).map_err(|error| unreadable(expected, &error))?;
        let found = encode_column(expected, given)?;
        for (cell, value) in encoded.features.iter_mut().skip(place).step_by(width).zip(&found.values) {
            *cell = *value;
        }
        if found.unseen > 0 {
            let rows = counted(found.unseen, "row");
            encoded.warnings.push(format!("column {}: a category not seen in training in {rows}", expected.quoted));
        }
        further.extend(remarks(expected, &found));
    }
    encoded.warnings.extend(further);
    Ok(encoded)
}

struct EncodedColumn {
    values: Vec<f64>,
    unseen: usize,
}

fn remarks(column: &FeatureColumn, found: &EncodedColumn) -> Vec<String> {
    let mut remarks = Vec::new();
    let outside = found.values.iter().filter(|&&value| column.is_outside(value)).count();
    if outside > 0 && column.info.kind != ColumnKind::Categorical {
        let (name, range, rows) = (&column.quoted, column.range_text(), counted(outside, "row"));
        remarks.push(format!("column {name}: a value outside the training range {range} in {rows}"));
    }
    if column.info.nullable && column.info.missing == 0 {
        let missing = found.values.iter().filter(|value| value.is_nan()).count() - found.unseen;
        if missing > 0 {
            let rows = counted(missing, "row");
            remarks.push(format!("column {}: no value in {rows}, and none was missing in training", column.quoted));
        }
    }
    remarks
}

/// How the values of a column of a table are read; None where they cannot be.
fn kind(kind: &DataType) -> Option<ColumnKind> {
    match kind {
        DataType::Boolean => Some(ColumnKind::Boolean),
        DataType::String => Some(ColumnKind::Categorical),
        DataType::Float32 | DataType::Float64 => Some(ColumnKind::Float),
        DataType::Int128 | DataType::UInt128 => None,
        kind if kind.is_integer() => Some(ColumnKind::Integer),
        kind if kind.is_categorical() || kind.is_enum() => Some(ColumnKind::Categorical),
        _ => None,
    }
}

fn encode_column(expected: &FeatureColumn, given: &Column) -> Result<EncodedColumn, LexLearningError> {
    let name = &expected.quoted;
    let is_numeric = |kind| matches!(kind, Some(ColumnKind::Integer | ColumnKind::Float));
    let found = kind(given.dtype());
    let numbers = if is_numeric(found) { numbers(expected, given)? } else { Vec::new() };
    // NaN is a missing value as well.
    let nulls =
        if is_numeric(found) { numbers.iter().filter(|value| value.is_nan()).count() } else { given.null_count() };
    if nulls > 0 && !expected.info.nullable {
        let message = format!("column {name} has a null or NaN in {}", counted(nulls, "row"));
        return Err(refused(&message, "Fill or drop them; or train with allow_missing, which takes them."));
    }
    if nulls == given.len() {
        return Ok(EncodedColumn { values: vec![f64::NAN; given.len()], unseen: 0 });
    }
    if found != Some(expected.info.kind) && !(is_numeric(found) && is_numeric(Some(expected.info.kind))) {
        let (kind, wanted) = (given.dtype(), format!("{:?}", expected.info.kind).to_lowercase());
        let message = format!("column {name} is of type {kind}, expected {wanted}");
        return Err(refused(&message, "Give it the type that it had in training."));
    }
    match expected.info.kind {
        ColumnKind::Categorical => categories(expected, given),
        ColumnKind::Boolean => {
            let truths = given.bool().map_err(|error| unreadable(expected, &error))?;
            let values = truths.iter().map(|value| value.map_or(f64::NAN, |value| f64::from(u8::from(value))));
            Ok(EncodedColumn { values: values.collect(), unseen: 0 })
        }
        ColumnKind::Integer | ColumnKind::Float => {
            if numbers.iter().any(|value| value.is_infinite()) {
                return Err(refused(&format!("column {name} holds an infinite value"), "Give finite numbers."));
            }
            Ok(EncodedColumn { values: numbers, unseen: 0 })
        }
    }
}

fn numbers(expected: &FeatureColumn, given: &Column) -> Result<Vec<f64>, LexLearningError> {
    let cast = given.cast(&DataType::Float64).map_err(|error| unreadable(expected, &error))?;
    let numbers = cast.f64().map_err(|error| unreadable(expected, &error))?;
    Ok(numbers.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

fn categories(expected: &FeatureColumn, given: &Column) -> Result<EncodedColumn, LexLearningError> {
    let cast = given.cast(&DataType::String).map_err(|error| unreadable(expected, &error))?;
    let texts = cast.str().map_err(|error| unreadable(expected, &error))?;
    let mut unseen = 0;
    let values = texts.iter().map(|text| {
        let Some(text) = text else { return f64::NAN };
        expected.codes.get(text).copied().unwrap_or_else(|| {
            unseen += 1;
            f64::NAN
        })
    });
    Ok(EncodedColumn { values: values.collect(), unseen })
}

fn unreadable(column: &FeatureColumn, error: &polars::error::PolarsError) -> LexLearningError {
    refused(&format!("column {} cannot be read ({error})", column.quoted), "Convert it.")
}
