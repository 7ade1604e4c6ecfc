//! A statistic of a group, on each of its rows.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{filled, number, settle_floats};
use super::{Accepts, Feature, Input, Learned, Lesson, Question, Scalar, check_fill, check_groups};

/// A statistic of the group that a row belongs to, kept per row.
///
/// It is learned: new rows get the statistics of the training rows, by their group. Rows whose group columns are null are
/// a group of their own. Nulls of `column` count for nothing.
///
/// ```yaml
/// type: group_aggregate
/// name: feature_avg_units_by_country
/// column: Units Sold
/// by: [Country]
/// aggregate: mean
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupAggregate {
    /// The name of the new column.
    pub name: String,
    /// The column that the statistic is of.
    pub column: String,
    /// The columns whose values make the groups.
    pub by: Vec<String>,
    /// The statistic.
    pub aggregate: Aggregate,
    /// What stands for a group that the training rows have not, or that has no such statistic. Null where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Scalar>,
}

/// A statistic of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Aggregate {
    /// The mean.
    Mean,
    /// The sum; 0 for a group without values. Of integers an integer, unless a sum is too large to be exact (2⁵³).
    Sum,
    /// The least value, in the order of the column's type.
    Min,
    /// The greatest value, in the order of the column's type.
    Max,
    /// How many values there are, nulls apart.
    Count,
    /// The standard deviation of a sample (divided by n - 1). Null for a single value.
    Std,
    /// The median.
    Median,
    /// How many different values there are, nulls apart.
    NUnique,
}

/// Below this, floats hold integers without rounding.
const EXACT_SUMS: f64 = 9_007_199_254_740_992.0;

impl GroupAggregate {
    /// What the answer calls sums of integers.
    fn integers(&self) -> String {
        format!("{}::integers", self.name)
    }
}

impl Feature for GroupAggregate {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        let accepts = match self.aggregate {
            Aggregate::Count | Aggregate::NUnique => Accepts::Anything,
            Aggregate::Min | Aggregate::Max => Accepts::Ordered,
            Aggregate::Mean | Aggregate::Sum | Aggregate::Std | Aggregate::Median => Accepts::Number,
        };
        let mut inputs = vec![Input { only_to_learn: true, ..Input::new(&self.column, accepts) }];
        inputs.extend(self.by.iter().map(Input::of_groups));
        inputs
    }

    fn check(&self) -> Result<(), String> {
        check_groups(&self.by)?;
        if self.by.is_empty() { Err("by: expected at least one column".to_owned()) } else { Ok(()) }
    }

    fn check_types(&self, schema: &Schema) -> Result<(), String> {
        let keeps_type = matches!(self.aggregate, Aggregate::Min | Aggregate::Max);
        let dtype = schema.get(&self.column).filter(|_| keeps_type).unwrap_or(&DataType::Float64);
        check_fill(self.fill.as_ref(), dtype)
    }

    fn question(&self, schema: &Schema) -> Option<Question> {
        let dtype = schema.get(&self.column);
        let numeric = number(&self.column, schema);
        let is_float = dtype.is_some_and(DataType::is_float);
        let is_truth = dtype.is_some_and(DataType::is_bool);
        let is_integer = dtype.is_some_and(DataType::is_integer);
        // Integers, dates and texts keep their type where the statistic is one of them.
        let plain = if is_float {
            numeric.clone()
        } else if is_truth {
            col(&self.column).cast(DataType::Int64)
        } else {
            col(&self.column)
        };
        let aggregate = match self.aggregate {
            Aggregate::Mean => numeric.mean(),
            // A sum of integers may not fit into their type: `learn` makes it an integer again, if it can be one.
            Aggregate::Sum if is_integer => numeric.sum(),
            Aggregate::Sum => plain.sum(),
            Aggregate::Min => plain.min(),
            Aggregate::Max => plain.max(),
            Aggregate::Count => plain.count(),
            Aggregate::Std => numeric.std(1),
            Aggregate::Median => numeric.median(),
            // A null is one more unique value.
            Aggregate::NUnique => {
                plain.clone().n_unique().cast(DataType::Int64) - plain.null_count().gt(lit(0)).cast(DataType::Int64)
            }
        };
        let name = if is_integer && self.aggregate == Aggregate::Sum { self.integers() } else { self.name.clone() };
        Some(Question::Groups { by: self.by.clone(), folds: None, aggregates: vec![aggregate.alias(name)] })
    }

    fn learn(&self, answer: &DataFrame) -> PolarsResult<Lesson> {
        let Ok(sums) = answer.column(&self.integers()) else {
            return Ok(Lesson { values: Some(answer.column(&self.name)?.clone()), ..Lesson::default() });
        };
        let fits = sums.f64()?.iter().flatten().all(|sum| sum.abs() < EXACT_SUMS);
        let values = if fits { sums.cast(&DataType::Int64)? } else { sums.clone() };
        Ok(Lesson { values: Some(values.with_name(self.name.as_str().into())), ..Lesson::default() })
    }

    fn expressions(&self, _schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        Ok(vec![filled(settle_floats(col(&self.name)), self.fill.as_ref())])
    }
}
