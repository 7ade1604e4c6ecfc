//! Numbers on a common scale.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{finite, first_number, float, quantile, settle};
use super::{Accepts, Feature, Input, Learned, Lesson, Question};

/// A column of numbers on another scale, learned from the training rows.
///
/// Where all training rows have one value, up to rounding, the spread counts as 1, so that the result is the distance from
/// it (by the bounds of scikit-learn).
///
/// ```yaml
/// type: scaling
/// name: units_scaled
/// column: Units Sold
/// method: standard
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// The name of the new column.
    pub name: String,
    /// The column of numbers.
    pub column: String,
    /// The scale.
    pub method: ScalingMethod,
    /// For `log`: what is added first. 1 where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
    /// What stands for a missing value, and for a logarithm that there is not. Null where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<f64>,
}

/// A scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScalingMethod {
    /// `(x - mean) / standard deviation`, of all rows (divided by n), as scikit-learn's `StandardScaler`.
    Standard,
    /// `(x - least) / (greatest - least)`.
    MinMax,
    /// `(x - median) / (third quartile - first quartile)`.
    Robust,
    /// The natural logarithm of `x + offset`. Nothing is learned.
    Log,
}

impl Scaling {
    fn center(&self) -> String {
        format!("{}::center", self.name)
    }

    fn count(&self) -> String {
        format!("{}::count", self.name)
    }

    fn spread(&self) -> String {
        format!("{}::spread", self.name)
    }
}

impl Feature for Scaling {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        vec![Input::new(&self.column, Accepts::Number)]
    }

    fn check(&self) -> Result<(), String> {
        match (self.method, self.offset) {
            (ScalingMethod::Log, Some(offset)) if !offset.is_finite() => {
                Err(format!("offset: expected a finite number, found {offset}"))
            }
            (ScalingMethod::Log, _) | (_, None) => Ok(()),
            (_, Some(_)) => Err("offset: only for log".to_owned()),
        }
    }

    fn question(&self, schema: &Schema) -> Option<Question> {
        let values = finite(&self.column, schema);
        let count = values.clone().count().cast(DataType::Float64).alias(self.count());
        let (center, spread) = match self.method {
            ScalingMethod::Standard => (values.clone().mean(), values.std(0)),
            ScalingMethod::MinMax => (values.clone().min(), values.clone().max() - values.min()),
            ScalingMethod::Robust => {
                (quantile(values.clone(), 0.5), quantile(values.clone(), 0.75) - quantile(values, 0.25))
            }
            ScalingMethod::Log => return None,
        };
        Some(Question::Totals(vec![center.alias(self.center()), spread.alias(self.spread()), count]))
    }

    fn learn(&self, answer: &DataFrame) -> PolarsResult<Lesson> {
        let center = first_number(answer, &self.center())?.unwrap_or(0.0);
        let spread = first_number(answer, &self.spread())?.unwrap_or(0.0);
        let count = first_number(answer, &self.count())?.unwrap_or(0.0);
        // What rounding leaves of one value alone: `_is_constant_feature` and `_handle_zeros_in_scale` of scikit-learn.
        let is_constant = match self.method {
            ScalingMethod::Standard => {
                let rounding = count * f64::EPSILON;
                spread.powi(2) <= rounding * spread.powi(2) + (rounding * center).powi(2)
            }
            _ => spread < 10.0 * f64::EPSILON,
        };
        let spread = if is_constant || !spread.is_finite() { 1.0 } else { spread };
        Ok(Lesson { learned: Some(Learned::Scale { center, spread }), ..Lesson::default() })
    }

    fn expressions(&self, _schema: &Schema, learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let values = float(&self.column);
        let scaled = match learned {
            Some(Learned::Scale { center, spread }) => (values - lit(*center)) / lit(*spread),
            _ => (values + lit(self.offset.unwrap_or(1.0))).log(lit(std::f64::consts::E)),
        };
        Ok(vec![settle(scaled, self.fill).alias(&self.name)])
    }
}
