//! How frequent a row's level is.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::filled;
use super::{Feature, Input, Learned, Lesson, Question, Scalar};

/// How frequent a row's level is among the training rows: a share, or a count. Null is a level.
///
/// ```yaml
/// type: frequency_encoding
/// name: country_share
/// column: Country
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrequencyEncoding {
    /// The name of the new column.
    pub name: String,
    /// The column of levels.
    pub column: String,
    /// Whether counts are divided by the number of training rows.
    #[serde(default = "yes")]
    pub normalize: bool,
    /// What stands for a level that the training rows have not. Null where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<f64>,
}

fn yes() -> bool {
    true
}

impl Feature for FrequencyEncoding {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        vec![Input::of_groups(&self.column)]
    }

    fn question(&self, _schema: &Schema) -> Option<Question> {
        let aggregates = vec![len().cast(DataType::Float64).alias(&self.name)];
        Some(Question::Groups { by: vec![self.column.clone()], folds: None, aggregates })
    }

    fn learn(&self, answer: &DataFrame) -> PolarsResult<Lesson> {
        let counts = answer.column(&self.name)?;
        let rows = if self.normalize { counts.f64()?.iter().flatten().sum() } else { 1.0 };
        let shares = counts.f64()?.apply_values(|count| count / rows);
        Ok(Lesson { values: Some(shares.into_series().into_column()), ..Lesson::default() })
    }

    fn expressions(&self, _schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        Ok(vec![filled(col(&self.name), self.fill.map(Scalar::Number).as_ref())])
    }
}
