//! A column of 0 and 1 for each level.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::is_level;
use super::{Feature, Input, Learned, Lesson, Outputs, Question, Scalar};

/// A column of 0 and 1 for each level, named `{name}_{level}`.
///
/// The levels are those of the training rows, in alphabetical order, unless they are given. A row with another level, or
/// with none, has 0 in all of them.
///
/// ```yaml
/// type: one_hot_encoding
/// name: channel
/// column: Sales Channel
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneHotEncoding {
    /// What the names of the new columns begin with.
    pub name: String,
    /// The column of levels.
    pub column: String,
    /// The levels, in the order of the columns. Learned where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<Vec<Scalar>>,
    /// At most as many levels, the most frequent ones, of those that are learned. 100 where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_levels: Option<usize>,
    /// Leaves the first level out: it follows from the others, which a linear model without regularisation cannot bear.
    #[serde(default)]
    pub drop_first: bool,
}

const MAXIMUM_LEVELS: usize = 100;

impl OneHotEncoding {
    /// What the answer calls the number of rows of a level.
    fn rows(&self) -> String {
        format!("{}::rows", self.name)
    }

    fn column_of(&self, level: &str) -> String {
        format!("{}_{level}", self.name)
    }

    /// The levels that get a column.
    fn levels(&self, learned: Option<&Learned>) -> Vec<String> {
        let mut levels = match (&self.levels, learned) {
            (Some(levels), _) => levels.iter().map(Scalar::label).collect(),
            (None, Some(Learned::Levels { levels })) => levels.clone(),
            (None, _) => Vec::new(),
        };
        if self.drop_first && !levels.is_empty() {
            levels.remove(0);
        }
        levels
    }
}

impl Feature for OneHotEncoding {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        vec![Input::of_groups(&self.column)]
    }

    fn outputs(&self) -> Outputs {
        if self.levels.is_some() {
            Outputs::Known(self.columns(None))
        } else {
            Outputs::Prefixed(format!("{}_", self.name))
        }
    }

    fn check(&self) -> Result<(), String> {
        match (&self.levels, self.maximum_levels) {
            (Some(levels), _) if levels.is_empty() => Err("levels: expected at least one".to_owned()),
            (Some(_), Some(_)) => Err("maximum_levels: only for levels that are learned".to_owned()),
            (_, Some(0)) => Err("maximum_levels: expected at least 1, found 0".to_owned()),
            _ => Ok(()),
        }
    }

    fn question(&self, _schema: &Schema) -> Option<Question> {
        if self.levels.is_some() {
            return None;
        }
        let aggregates = vec![len().cast(DataType::Int64).alias(self.rows())];
        Some(Question::Groups { by: vec![self.column.clone()], folds: None, aggregates })
    }

    fn learn(&self, answer: &DataFrame) -> PolarsResult<Lesson> {
        let texts = answer.column(&self.column)?.cast(&DataType::String)?;
        let counts = answer.column(&self.rows())?.cast(&DataType::Int64)?;
        let levels = texts.str()?.iter().zip(counts.i64()?.iter());
        let mut levels: Vec<(&str, i64)> = levels.filter_map(|(level, count)| Some((level?, count?))).collect();
        levels.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        let most = self.maximum_levels.unwrap_or(MAXIMUM_LEVELS);
        if levels.len() > most && self.maximum_levels.is_none() {
            tracing::warn!(feature = self.name, levels = levels.len(), most, "the rarest levels get no column");
        }
        levels.truncate(most);
        levels.sort_by(|one, other| one.0.cmp(other.0));
        let levels = levels.into_iter().map(|(level, _)| level.to_owned()).collect();
        Ok(Lesson { learned: Some(Learned::Levels { levels }), ..Lesson::default() })
    }

    fn expressions(&self, schema: &Schema, learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let flag =
            |level: String| is_level(&self.column, &level, schema).cast(DataType::UInt8).alias(self.column_of(&level));
        Ok(self.levels(learned).into_iter().map(flag).collect())
    }

    fn columns(&self, learned: Option<&Learned>) -> Vec<String> {
        self.levels(learned).iter().map(|level| self.column_of(level)).collect()
    }
}
