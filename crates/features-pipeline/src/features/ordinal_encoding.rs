//! A number for each level.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{filled, is_level};
use super::{Feature, Input, Learned, Lesson, Question, Scalar};

/// The place of a row's level among the levels, from 0.
///
/// The levels are those of the training rows, in ascending order, unless they are given in another. A level that is none
/// of them is null, or `fill`.
///
/// ```yaml
/// type: ordinal_encoding
/// name: priority
/// column: Order Priority
/// levels: [L, M, H, C]
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrdinalEncoding {
    /// The name of the new column.
    pub name: String,
    /// The column of levels.
    pub column: String,
    /// The levels, from the least to the greatest. Learned where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<Vec<Scalar>>,
    /// What stands for another level, or none. Null where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<i64>,
}

impl Feature for OrdinalEncoding {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        vec![Input::of_groups(&self.column)]
    }

    fn check(&self) -> Result<(), String> {
        match &self.levels {
            Some(levels) if levels.is_empty() => Err("levels: expected at least one".to_owned()),
            _ => Ok(()),
        }
    }

    fn question(&self, _schema: &Schema) -> Option<Question> {
        if self.levels.is_some() {
            return None;
        }
        let aggregates = vec![len().alias(&self.name)];
        Some(Question::Groups { by: vec![self.column.clone()], folds: None, aggregates })
    }

    fn learn(&self, answer: &DataFrame) -> PolarsResult<Lesson> {
        let levels = answer.column(&self.column)?.as_materialized_series();
        let nulls = levels.null_count();
        let mut places: Vec<Option<i64>> = vec![None; levels.len()];
        // Nulls come first, and are no level.
        for (place, row) in levels.arg_sort(SortOptions::default()).iter().flatten().enumerate().skip(nulls) {
            places[row as usize] = i64::try_from(place - nulls).ok();
        }
        Ok(Lesson { values: Some(Column::new(self.name.as_str().into(), places)), ..Lesson::default() })
    }

    fn expressions(&self, schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let fill = self.fill.map(Scalar::Integer);
        let Some(levels) = &self.levels else { return Ok(vec![filled(col(&self.name), fill.as_ref())]) };
        let none = lit(NULL).cast(DataType::Int64);
        let places: Vec<(i64, &Scalar)> = (0..).zip(levels).collect();
        let place = places.into_iter().rev().fold(none, |others, (place, level)| {
            when(is_level(&self.column, &level.label(), schema)).then(lit(place)).otherwise(others)
        });
        Ok(vec![filled(place, fill.as_ref()).alias(&self.name)])
    }
}
