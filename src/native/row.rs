//! The schema, and the encoding of a row: the same rules and words as in `core/column.py` and `core/schema.py`.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::words::{plain, quoted, shown};
use crate::{ColumnInfo, ColumnKind, LexLearningError, ModelInfo};

/// The feature columns, in the order in which the model sees them.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) columns: Vec<FeatureColumn>,
    /// Columns that may be present and are not used.
    ignored: HashSet<String>,
}

#[derive(Debug)]
pub(super) struct FeatureColumn {
    pub(super) info: ColumnInfo,
    pub(super) codes: HashMap<String, f64>,
    /// Its name in quotes.
    pub(super) quoted: String,
}

impl Schema {
    pub(super) fn new(info: &ModelInfo) -> Self {
        let columns = info.schema.iter().cloned().map(FeatureColumn::new).collect();
        Self { columns, ignored: info.unused_columns.iter().chain([&info.target_column]).cloned().collect() }
    }

    /// The features of a row, and what is unusual about it.
    pub(super) fn encode_row(&self, row: &Value) -> Result<(Vec<f64>, Vec<String>), LexLearningError> {
        let Value::Object(row) = row else {
            let message = format!("the row is {}, expected a JSON object", shown(row));
            return Err(refused(&message, "Give {column: value, ...}."));
        };
        let values: Option<Vec<&Value>> = self.columns.iter().map(|column| row.get(&column.info.name)).collect();
        let Some(values) = values.filter(|values| values.len() == row.len()) else { return self.encode_named(row) };
        self.encode(&values)
    }

    fn encode_named(&self, row: &Map<String, Value>) -> Result<(Vec<f64>, Vec<String>), LexLearningError> {
        self.check_names(&row.keys().map(String::as_str).collect::<Vec<_>>())?;
        let values: Vec<&Value> = self.columns.iter().filter_map(|column| row.get(&column.info.name)).collect();
        self.encode(&values)
    }

    fn encode(&self, values: &[&Value]) -> Result<(Vec<f64>, Vec<String>), LexLearningError> {
        let mut warnings = Vec::new();
        let features = self.columns.iter().zip(values).map(|(column, value)| column.encode(value, &mut warnings));
        Ok((features.collect::<Result<_, _>>()?, warnings))
    }

    pub(super) fn check_names(&self, given: &[&str]) -> Result<(), LexLearningError> {
        let present: HashSet<&str> = given.iter().copied().collect();
        let names = || self.columns.iter().map(|column| column.info.name.as_str());
        let missing: Vec<&str> = names().filter(|name| !present.contains(name)).collect();
        if let Some(first) = missing.first() {
            let all = names().collect::<Vec<_>>().join(", ");
            let message = format!("column {} is missing{}", quoted(first), and_more(missing.len()));
            return Err(refused(&message, &format!("Give all columns of the training table: {all}.")));
        }
        let known: HashSet<&str> = names().collect();
        let is_extra = |name: &&&str| !known.contains(**name) && !self.ignored.contains(**name);
        let extra: Vec<&&str> = given.iter().filter(is_extra).collect();
        if let Some(first) = extra.first() {
            let message = format!("column {} was not in the training table{}", quoted(first), and_more(extra.len()));
            return Err(refused(&message, "Drop it."));
        }
        Ok(())
    }
}

fn and_more(count: usize) -> String {
    if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() }
}

/// An error of a row or table.
pub(super) fn refused(message: &str, hint: &str) -> LexLearningError {
    LexLearningError::InferenceError(format!("{message}. {hint}"))
}

impl FeatureColumn {
    fn new(info: ColumnInfo) -> Self {
        let codes = info.levels.iter().enumerate().map(|(code, level)| (level.clone(), code as f64)).collect();
        Self { codes, quoted: quoted(&info.name), info }
    }

    pub(super) fn range_text(&self) -> String {
        let bound = |bound: Option<f64>| plain(bound.unwrap_or_default());
        format!("{} to {}", bound(self.info.minimum), bound(self.info.maximum))
    }

    /// Whether a value is below or above all those of the training; NaN is neither.
    pub(super) fn is_outside(&self, value: f64) -> bool {
        self.info.minimum.is_some_and(|least| value < least) || self.info.maximum.is_some_and(|most| value > most)
    }

    fn encode(&self, value: &Value, warnings: &mut Vec<String>) -> Result<f64, LexLearningError> {
        let name = &self.quoted;
        match (self.info.kind, value) {
            (_, Value::Null) if self.info.nullable => {
                if self.info.missing == 0 {
                    warnings.push(format!("column {name} has no value, and none was missing in training"));
                }
                Ok(f64::NAN)
            }
            (ColumnKind::Categorical, Value::String(level)) => {
                Ok(self.codes.get(level).copied().unwrap_or_else(|| {
                    warnings.push(format!("column {name}: category {} was not seen in training", shown(value)));
                    f64::NAN
                }))
            }
            (ColumnKind::Boolean, Value::Bool(value)) => Ok(f64::from(u8::from(*value))),
            (ColumnKind::Integer | ColumnKind::Float, Value::Number(number)) => {
                let number = number.as_f64().filter(|number| number.is_finite()).ok_or_else(|| self.unfit(value))?;
                if self.is_outside(number) {
                    let range = self.range_text();
                    warnings.push(format!("column {name}: {} is outside the training range {range}", plain(number)));
                }
                Ok(number)
            }
            _ => Err(self.unfit(value)),
        }
    }

    fn unfit(&self, value: &Value) -> LexLearningError {
        let expected = match self.info.kind {
            ColumnKind::Integer | ColumnKind::Float => "a finite number",
            ColumnKind::Boolean => "true or false",
            ColumnKind::Categorical => "text",
        };
        let message = format!("column {} is {}, expected {expected}", self.quoted, shown(value));
        refused(&message, "Give it the type that it had in training.")
    }
}
