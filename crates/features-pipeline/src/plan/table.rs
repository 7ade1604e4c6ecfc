//! What was learned for groups: a table of their values, that rows look theirs up in.

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::features::{FOLD, code_column, group_key};

/// Groups, and a column for each feature that learned something of them.
#[derive(Debug, Clone)]
pub(super) struct GroupTable {
    /// The columns that make the groups.
    pub(super) by: Vec<String>,
    /// The groups' values in columns named as `by` has them, then the features' columns.
    pub(super) rows: DataFrame,
}

/// The type in which a column's values are grouped, stored and looked up. None where that is its own.
///
/// One type for all integers, and so on: new rows may have others, and a file has few. Integers that an int64 may not hold
/// are texts.
pub(super) fn stored_type(dtype: &DataType) -> Option<DataType> {
    let stored = match dtype {
        DataType::Boolean | DataType::String | DataType::Date => return None,
        DataType::UInt64 => DataType::String,
        dtype if dtype.is_integer() => DataType::Int64,
        dtype if dtype.is_float() => DataType::Float64,
        DataType::Datetime(..) => DataType::Datetime(TimeUnit::Microseconds, None),
        _ => DataType::String,
    };
    (stored != *dtype).then_some(stored)
}

/// A group's value as it is stored: NaN is null, as everywhere.
pub(super) fn key(column: &str, schema: &Schema) -> Expr {
    let dtype = schema.get(column);
    if schema.contains(&code_column(column)) {
        return group_key(column, schema);
    }
    let values = match dtype.and_then(stored_type) {
        Some(stored) => col(column).cast(stored),
        None => col(column),
    };
    if dtype.is_some_and(DataType::is_float) { values.fill_nan(lit(NULL)) } else { values }
}

impl GroupTable {
    /// The columns of the features.
    pub(super) fn features(&self) -> impl Iterator<Item = &str> {
        let names = self.rows.columns().iter().map(|column| column.name().as_str());
        names.filter(|name| *name != FOLD && !self.by.iter().any(|column| column == name))
    }

    /// Puts values into the types that are stored.
    pub(super) fn normalize(values: Column) -> PolarsResult<Column> {
        match stored_type(values.dtype()) {
            Some(stored) => values.cast(&stored),
            None => Ok(values),
        }
    }

    /// The type in which a column's values are compared with the table's, where they are stored in two.
    fn common_type(&self, column: &str, schema: &Schema) -> Option<DataType> {
        let dtype = schema.get(column)?;
        let row = stored_type(dtype).unwrap_or_else(|| dtype.clone());
        let group = self.rows.column(column).ok()?.dtype();
        match (&row, group) {
            (row, group) if row == group => None,
            (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => Some(DataType::Float64),
            (_, group) => Some(group.clone()),
        }
    }

    /// Joins the table's columns to the rows of a plan, whose order stays. `folds`: the column of fold numbers that is
    /// looked up as well.
    pub(super) fn join(&self, plan: LazyFrame, schema: &Schema, folds: Option<&str>) -> LazyFrame {
        let names = (0..self.by.len()).map(|index| format!("__key_{index}"));
        let keys: Vec<(String, &String)> = names.zip(&self.by).collect();
        let mut own = Vec::new();
        let mut table = Vec::new();
        for (name, column) in &keys {
            let (mut row, mut group) = (key(column, schema), col(column.as_str()));
            match (schema.get(&code_column(column)), self.common_type(column, schema)) {
                (Some(codes), _) => group = group.cast(codes.clone()),
                (None, Some(DataType::Float64)) => {
                    row = row.cast(DataType::Float64);
                    group = group.cast(DataType::Float64);
                }
                (None, Some(common)) => row = row.strict_cast(common),
                (None, None) => {}
            }
            own.push(row.alias(name));
            table.push(group.alias(name));
        }
        table.extend(self.features().map(col));
        let mut left_on: Vec<Expr> = keys.iter().map(|(name, _)| col(name)).collect();
        let mut right_on = left_on.clone();
        if let Some(folds) = folds {
            table.push(col(FOLD));
            left_on.push(col(folds));
            right_on.push(col(FOLD));
        }
        let joined = plan
            .with_columns(own)
            .join_builder()
            .with(self.rows.clone().lazy().select(table))
            .left_on(left_on)
            .right_on(right_on)
            .how(JoinType::Left)
            .join_nulls(true)
            .coalesce(JoinCoalesce::CoalesceColumns)
            .maintain_order(MaintainOrderJoin::Left)
            .finish();
        let helpers = keys.into_iter().map(|(name, _)| PlSmallStr::from(name));
        joined.drop(by_name(helpers, true, false))
    }
}

/// The table as JSON has it.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredTable {
    by: Vec<StoredColumn>,
    features: Vec<StoredColumn>,
}

#[derive(Serialize, Deserialize)]
struct StoredColumn {
    name: String,
    #[serde(flatten)]
    values: StoredValues,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", content = "values", rename_all = "snake_case")]
enum StoredValues {
    Boolean(Vec<Option<bool>>),
    Integer(Vec<Option<i64>>),
    Number(Vec<Option<StoredNumber>>),
    Text(Vec<Option<String>>),
    /// Days since 1970-01-01.
    Date(Vec<Option<i32>>),
    /// Microseconds since 1970-01-01 00:00.
    Datetime(Vec<Option<i64>>),
}

/// JSON has no infinity.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredNumber {
    Finite(f64),
    Infinite(Infinity),
}

#[derive(Serialize, Deserialize)]
enum Infinity {
    #[serde(rename = "infinity")]
    Positive,
    #[serde(rename = "-infinity")]
    Negative,
}

impl StoredNumber {
    /// Nothing for NaN.
    fn new(value: f64) -> Option<Self> {
        match value {
            f64::INFINITY => Some(Self::Infinite(Infinity::Positive)),
            f64::NEG_INFINITY => Some(Self::Infinite(Infinity::Negative)),
            value => (!value.is_nan()).then_some(Self::Finite(value)),
        }
    }

    fn value(&self) -> f64 {
        match self {
            Self::Finite(value) => *value,
            Self::Infinite(Infinity::Positive) => f64::INFINITY,
            Self::Infinite(Infinity::Negative) => f64::NEG_INFINITY,
        }
    }
}

impl StoredTable {
    pub(super) fn new(table: &GroupTable) -> PolarsResult<Self> {
        let stored = |name: &str| StoredColumn::new(table.rows.column(name)?);
        let by = table.by.iter().map(|name| stored(name)).collect::<PolarsResult<_>>()?;
        let features = table.features().map(stored).collect::<PolarsResult<_>>()?;
        Ok(Self { by, features })
    }

    pub(super) fn into_table(self) -> PolarsResult<GroupTable> {
        let by = self.by.iter().map(|column| column.name.clone()).collect();
        let columns = self.by.into_iter().chain(self.features).map(StoredColumn::into_column);
        let rows = DataFrame::new_infer_height(columns.collect::<PolarsResult<_>>()?)?;
        Ok(GroupTable { by, rows })
    }
}

impl StoredColumn {
    fn new(column: &Column) -> PolarsResult<Self> {
        let values = match column.dtype() {
            DataType::Boolean => StoredValues::Boolean(column.bool()?.iter().collect()),
            DataType::Date => StoredValues::Date(column.cast(&DataType::Int32)?.i32()?.iter().collect()),
            DataType::Datetime(..) => StoredValues::Datetime(column.cast(&DataType::Int64)?.i64()?.iter().collect()),
            dtype if dtype.is_integer() => {
                StoredValues::Integer(column.cast(&DataType::Int64)?.i64()?.iter().collect())
            }
            dtype if dtype.is_float() => {
                let numbers = column.cast(&DataType::Float64)?;
                StoredValues::Number(numbers.f64()?.iter().map(|value| StoredNumber::new(value?)).collect())
            }
            _ => {
                let texts = column.cast(&DataType::String)?;
                StoredValues::Text(texts.str()?.iter().map(|text| text.map(str::to_owned)).collect())
            }
        };
        Ok(Self { name: column.name().to_string(), values })
    }

    fn into_column(self) -> PolarsResult<Column> {
        let name = PlSmallStr::from(self.name);
        match self.values {
            StoredValues::Boolean(values) => Ok(Column::new(name, values)),
            StoredValues::Integer(values) => Ok(Column::new(name, values)),
            StoredValues::Number(values) => {
                let values = values.iter().map(|value| value.as_ref().map(StoredNumber::value));
                Ok(Column::new(name, values.collect::<Vec<_>>()))
            }
            StoredValues::Text(values) => Ok(Column::new(name, values)),
            StoredValues::Date(values) => Column::new(name, values).cast(&DataType::Date),
            StoredValues::Datetime(values) => {
                Column::new(name, values).cast(&DataType::Datetime(TimeUnit::Microseconds, None))
            }
        }
    }
}
