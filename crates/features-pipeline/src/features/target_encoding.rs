//! The mean of the target in a row's level, without the row's own target.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{finite, first_number, is_level, settle};
use super::{Accepts, FOLD, Feature, Input, Learned, Lesson, OutOfFold, Question, Scalar};

/// The mean of the target among the rows of the same level, drawn towards the mean of all:
/// `(sum + smoothing * mean of all) / (count + smoothing)`.
///
/// A training row gets it from the rows of the other folds alone, so that its own target cannot leak into it: row i,
/// counted from 0, is of fold `i % folds`. New rows get it from all training rows; they need no target, and a level that
/// was not seen has the mean of all, or `fill`. (Micci-Barreca 2001; out of fold as in scikit-learn's `TargetEncoder`.)
///
/// ```yaml
/// type: target_encoding
/// name: country_profit
/// column: Country
/// target: Total Profit
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetEncoding {
    /// The name of the new column.
    pub name: String,
    /// The column of levels.
    pub column: String,
    /// The column of the target: numbers, or any levels with `positive`.
    pub target: String,
    /// The level of the target that counts as 1, all others as 0. For targets that are no numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<Scalar>,
    /// How many folds, at least 2.
    #[serde(default = "five")]
    pub folds: u32,
    /// How many rows of the mean of all are added to a level, at least 0.
    #[serde(default = "ten")]
    pub smoothing: f64,
    /// What stands for a level that the training rows have not. The mean of all where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<f64>,
}

fn five() -> u32 {
    5
}

fn ten() -> f64 {
    10.0
}

impl TargetEncoding {
    fn sum(&self) -> String {
        format!("{}::sum", self.name)
    }

    fn count(&self) -> String {
        format!("{}::count", self.name)
    }

    /// The smoothed mean; the mean of all where that is 0 of 0.
    fn mean(&self, sum: Expr, count: Expr, mean_of_all: Expr) -> Expr {
        let smoothing = lit(self.smoothing);
        let mean = (sum + smoothing.clone() * mean_of_all.clone()) / (count + smoothing);
        settle(mean, None).fill_null(mean_of_all)
    }
}

impl Feature for TargetEncoding {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        let accepts = if self.positive.is_some() { Accepts::Anything } else { Accepts::Number };
        let target = Input { only_to_learn: true, ..Input::new(&self.target, accepts) };
        vec![Input::of_groups(&self.column), target]
    }

    fn check(&self) -> Result<(), String> {
        if self.folds < 2 {
            return Err(format!("folds: expected at least 2, found {}", self.folds));
        }
        if !self.smoothing.is_finite() || self.smoothing < 0.0 {
            return Err(format!("smoothing: expected at least 0, found {}", self.smoothing));
        }
        if self.column == self.target {
            return Err("column: expected another column than the target".to_owned());
        }
        Ok(())
    }

    fn question(&self, schema: &Schema) -> Option<Question> {
        let target = match &self.positive {
            // A missing target is no 0.
            Some(positive) => when(col(&self.target).is_not_null())
                .then(is_level(&self.target, &positive.label(), schema).cast(DataType::Float64))
                .otherwise(lit(NULL)),
            None => finite(&self.target, schema),
        };
        let sum = target.clone().sum().alias(self.sum());
        let count = target.count().cast(DataType::Float64).alias(self.count());
        let (by, folds) = (vec![self.column.clone()], Some(self.folds));
        Some(Question::Groups { by, folds, aggregates: vec![sum, count] })
    }

    fn learn(&self, answer: &DataFrame) -> PolarsResult<Lesson> {
        let (sum, count) = (col(self.sum()), col(self.count()));
        let level = [col(&self.column)];
        let fold = [col(FOLD)];
        // What the other folds have: all of it, less this fold's.
        let others = |values: &Expr| values.clone().sum() - values.clone();
        let level_sum = others(&sum).over(&level)?;
        let level_count = others(&count).over(&level)?;
        let all_sum = sum.clone().sum() - sum.clone().sum().over(&fold)?;
        let all_count = count.clone().sum() - count.clone().sum().over(&fold)?;
        let training = answer
            .clone()
            .lazy()
            .with_columns([
                level_sum.alias("__level_sum"),
                level_count.alias("__level_count"),
                (all_sum / all_count).alias("__mean_of_all"),
            ])
            .with_column(self.mean(col("__level_sum"), col("__level_count"), col("__mean_of_all")).alias(&self.name))
            .select([col(&self.column), col(FOLD), col(&self.name)])
            .collect()?;

        let totals = answer.clone().lazy().select([sum.clone().sum(), count.clone().sum()]).collect()?;
        let total = |name: String| Ok::<f64, PolarsError>(first_number(&totals, &name)?.unwrap_or(0.0));
        let mean_of_all = total(self.sum())? / total(self.count())?;
        let mean_of_all = Some(mean_of_all).filter(|mean| mean.is_finite());
        let new = answer
            .clone()
            .lazy()
            .group_by([col(&self.column)])
            .agg([sum.sum(), count.sum()])
            .select([
                col(&self.column),
                self.mean(col(self.sum()), col(self.count()), lit(mean_of_all.unwrap_or(f64::NAN))).alias(&self.name),
            ])
            .collect()?;
        let learned = Some(Learned::Unseen { value: self.fill.or(mean_of_all) });
        Ok(Lesson { out_of_fold: Some(OutOfFold { training, new }), learned, ..Lesson::default() })
    }

    fn expressions(&self, _schema: &Schema, learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let unseen = if let Some(Learned::Unseen { value }) = learned { *value } else { self.fill };
        Ok(vec![settle(col(&self.name), unseen)])
    }
}
