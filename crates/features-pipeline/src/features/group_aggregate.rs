//! A statistic of a group, on each of its rows.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{filled, number, quantile};
use super::{Accepts, Feature, Input, Learned, Lesson, Question, Scalar};

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
    /// The sum; 0 for a group without values.
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
        inputs.extend(self.by.iter().map(|column| Input::new(column, Accepts::Anything)));
        inputs
    }

    fn check(&self) -> Result<(), String> {
        if self.by.is_empty() { Err("by: expected at least one column".to_owned()) } else { Ok(()) }
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
            // The sum of narrow integers can be too wide for them.
            Aggregate::Sum if is_integer => plain.cast(DataType::Int64).sum(),
            Aggregate::Sum => plain.sum(),
            Aggregate::Min => plain.min(),
            Aggregate::Max => plain.max(),
            Aggregate::Count => plain.count(),
            Aggregate::Std => numeric.std(1),
            Aggregate::Median => quantile(numeric, 0.5),
            // A null is one more unique value.
            Aggregate::NUnique => {
                plain.clone().n_unique().cast(DataType::Int64) - plain.null_count().gt(lit(0)).cast(DataType::Int64)
            }
        };
        Some(Question::Groups { by: self.by.clone(), folds: None, aggregates: vec![aggregate.alias(&self.name)] })
    }

    fn learn(&self, answer: &DataFrame) -> PolarsResult<Lesson> {
        Ok(Lesson { values: Some(answer.column(&self.name)?.clone()), ..Lesson::default() })
    }

    fn expressions(&self, _schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        Ok(vec![filled(col(&self.name), self.fill.as_ref())])
    }
}
