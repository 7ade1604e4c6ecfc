//! The time from one date to another.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::times::{check_format, time};
use super::{Accepts, Feature, Input, Learned};

/// The time from one date or time to another, as float64. Negative where `to` is the earlier.
///
/// ```yaml
/// type: date_difference
/// name: days_to_ship
/// from: Order Date
/// to: Ship Date
/// unit: days
/// format: "%m/%d/%Y"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DateDifference {
    /// The name of the new column.
    pub name: String,
    /// The column of the beginning.
    pub from: String,
    /// The column of the end.
    pub to: String,
    /// What is counted; a part of one is a fraction.
    #[serde(default)]
    pub unit: TimeUnitName,
    /// How texts are read, in the letters of strftime; as ISO dates and times where not given. A text that does not fit is an
    /// error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimeUnitName {
    /// 7 days.
    Weeks,
    /// 24 hours.
    #[default]
    Days,
    /// 60 minutes.
    Hours,
    /// 60 seconds.
    Minutes,
    /// Seconds.
    Seconds,
}

impl TimeUnitName {
    fn microseconds(self) -> f64 {
        let seconds = match self {
            Self::Weeks => 604_800.0,
            Self::Days => 86_400.0,
            Self::Hours => 3_600.0,
            Self::Minutes => 60.0,
            Self::Seconds => 1.0,
        };
        seconds * 1e6
    }
}

impl Feature for DateDifference {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        [&self.from, &self.to].map(|column| Input::new(column, Accepts::TimeOrText)).into()
    }

    fn check(&self) -> Result<(), String> {
        check_format(self.format.as_deref())
    }

    fn expressions(&self, schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let instant = |column: &str| {
            let value = time(column, self.format.as_deref(), schema);
            let value = match schema.get(column) {
                Some(DataType::Datetime(_, Some(_))) => value.dt().cast_time_unit(TimeUnit::Microseconds),
                _ => value.cast(DataType::Datetime(TimeUnit::Microseconds, None)),
            };
            value.cast(DataType::Int64)
        };
        let difference = (instant(&self.to) - instant(&self.from)).cast(DataType::Float64);
        Ok(vec![(difference / lit(self.unit.microseconds())).alias(&self.name)])
    }
}
