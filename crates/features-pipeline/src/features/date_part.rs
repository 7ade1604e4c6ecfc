//! The year, the month, ... of a date.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::time;
use super::{Accepts, Feature, Input, Learned};

/// A part of a date or time, as an integer.
///
/// ```yaml
/// type: date_part
/// name: order_month
/// column: Order Date
/// part: month
/// format: "%m/%d/%Y"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatePart {
    /// The name of the new column.
    pub name: String,
    /// A column of dates, times, or texts.
    pub column: String,
    /// The part.
    pub part: DatePartName,
    /// How texts are read, in the letters of strftime. `%Y-%m-%d` where not given. A text that does not fit is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// A part of a date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DatePartName {
    /// The year.
    Year,
    /// 1 to 4.
    Quarter,
    /// 1 to 12.
    Month,
    /// The week of ISO 8601, 1 to 53.
    Week,
    /// The day of the month, 1 to 31.
    Day,
    /// The day of the year, 1 to 366.
    DayOfYear,
    /// 1 (Monday) to 7 (Sunday), as in ISO 8601.
    Weekday,
    /// 1 on Saturdays and Sundays, else 0.
    IsWeekend,
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    Minute,
    /// 0 to 59.
    Second,
}

impl Feature for DatePart {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        vec![Input::new(&self.column, Accepts::TimeOrText)]
    }

    fn expressions(&self, schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let mut value = time(&self.column, self.format.as_deref(), schema);
        let has_time = matches!(schema.get(&self.column), Some(DataType::Datetime(..)));
        if !has_time && matches!(self.part, DatePartName::Hour | DatePartName::Minute | DatePartName::Second) {
            // A date has no time of day: midnight. A time keeps its zone, in which the hours are counted.
            value = value.cast(DataType::Datetime(TimeUnit::Microseconds, None));
        }
        let value = value.dt();
        let part = match self.part {
            DatePartName::Year => value.year(),
            DatePartName::Quarter => value.quarter(),
            DatePartName::Month => value.month(),
            DatePartName::Week => value.week(),
            DatePartName::Day => value.day(),
            DatePartName::DayOfYear => value.ordinal_day(),
            DatePartName::Weekday => value.weekday(),
            DatePartName::IsWeekend => value.weekday().gt(lit(5)),
            DatePartName::Hour => value.hour(),
            DatePartName::Minute => value.minute(),
            DatePartName::Second => value.second(),
        };
        Ok(vec![part.cast(DataType::Int32).alias(&self.name)])
    }
}
