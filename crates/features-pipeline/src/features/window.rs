//! A row beside the other rows of its group, in their order.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{filled, group_key, number, settle_floats};
use super::rolling_time::{Statistic, rolling};
use super::times::{check_format, time};
use super::{Accepts, Feature, Input, Learned, Scalar, check_fill, check_groups};

/// A row beside the other rows of its group, in their order.
///
/// It is computed from the table that it is applied to, not learned: give new rows together with those that come before.
///
/// ```yaml
/// type: window
/// name: units_last_week
/// column: Units Sold
/// operation: rolling_mean
/// by: [Country]
/// order_by: Order Date
/// window: 7d
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The name of the new column.
    pub name: String,
    /// The column.
    pub column: String,
    /// What is done.
    pub operation: WindowOperation,
    /// The columns whose values make the groups. All rows are one group where not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// The column that orders the rows. The order of the table where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
    /// How dates of `order_by` are read where they are texts, in the letters of strftime. Where it is not given, they are
    /// read as ISO dates for a window of time, and else put in the order of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// For lag, difference and change: how many rows before. Negative: after. 1 where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub periods: Option<i64>,
    /// For rolling operations: how many rows, with this one; or how much time up to this row, such as `7d`, `12h`, `30m`
    /// (a row exactly that long ago does not count).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowLength>,
    /// For rolling operations: how many values a result needs. The rows of the window where not given; 1 for time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_values: Option<usize>,
    /// For rank: how equal values are ranked. `average` where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ties: Option<RankKind>,
    /// For rank: the greatest value is the first.
    #[serde(default)]
    pub descending: bool,
    /// What stands where there is no result. Null where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Scalar>,
}

/// What is done with a row and the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WindowOperation {
    /// The value some rows before.
    Lag,
    /// The value less the one some rows before.
    Difference,
    /// The difference, divided by the value some rows before.
    Change,
    /// The mean of the window.
    RollingMean,
    /// The sum of the window.
    RollingSum,
    /// The least value of the window.
    RollingMin,
    /// The greatest value of the window.
    RollingMax,
    /// The standard deviation of the window, of a sample (divided by n - 1).
    RollingStd,
    /// The rank of the value in its group, from 1.
    Rank,
    /// The sum of all values up to this row.
    CumulativeSum,
    /// The least of all values up to this row.
    CumulativeMin,
    /// The greatest of all values up to this row.
    CumulativeMax,
    /// How many values there are up to this row, nulls apart.
    CumulativeCount,
}

/// The length of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number of rows, or a time such as 7d")]
pub enum WindowLength {
    /// So many rows.
    Rows(usize),
    /// So much time: a number and `w`, `d`, `h`, `m`, `s` or `ms`, such as `7d`.
    Time(String),
}

/// How equal values are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RankKind {
    /// By the mean of their ranks.
    #[default]
    Average,
    /// By the least of their ranks.
    Min,
    /// By the greatest of their ranks.
    Max,
    /// As `min`, and the next value has the next number.
    Dense,
    /// In the order of the rows.
    Ordinal,
}

impl WindowOperation {
    fn is_rolling(self) -> bool {
        matches!(self, Self::RollingMean | Self::RollingSum | Self::RollingMin | Self::RollingMax | Self::RollingStd)
    }

    fn looks_back(self) -> bool {
        matches!(self, Self::Lag | Self::Difference | Self::Change)
    }
}

/// Time as Polars spells it, where it is a fixed length: months and years are not.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let count: u32 = text[..text.len() - unit.len()].parse().ok()?;
    let unit = match unit {
        "w" | "d" | "h" | "m" | "s" | "ms" => unit,
        _ => return None,
    };
    (count > 0).then(|| Duration::try_parse(&format!("{count}{unit}")).ok()).flatten()
}

impl Window {
    fn rank(&self) -> RankOptions {
        let method = match self.ties.unwrap_or_default() {
            RankKind::Average => RankMethod::Average,
            RankKind::Min => RankMethod::Min,
            RankKind::Max => RankMethod::Max,
            RankKind::Dense => RankMethod::Dense,
            RankKind::Ordinal => RankMethod::Ordinal,
        };
        RankOptions { method, descending: self.descending }
    }

    /// The column that orders the rows, as dates where it is text of dates.
    fn order(&self, schema: &Schema) -> Option<Expr> {
        let column = self.order_by.as_ref()?;
        let is_time = self.format.is_some() || matches!(self.window, Some(WindowLength::Time(_)));
        Some(if is_time { time(column, self.format.as_deref(), schema) } else { col(column) })
    }

    fn rolling(&self, values: Expr, schema: &Schema) -> Expr {
        match &self.window {
            Some(WindowLength::Time(text)) => {
                // Checked before.
                let length = duration(text).map_or(0, |length| length.duration_us());
                let minimum = self.minimum_values.unwrap_or(1);
                let statistic = match self.operation {
                    WindowOperation::RollingMean => Statistic::Mean,
                    WindowOperation::RollingSum => Statistic::Sum,
                    WindowOperation::RollingMin => Statistic::Least,
                    WindowOperation::RollingMax => Statistic::Greatest,
                    _ => Statistic::StandardDeviation,
                };
                let times = self.order(schema).unwrap_or_else(|| lit(NULL));
                let times = times.cast(DataType::Datetime(TimeUnit::Microseconds, None)).cast(DataType::Int64);
                values.apply_many(
                    move |columns| {
                        let [values, times] = columns else { polars_bail!(ComputeError: "expected values and times") };
                        let result = rolling(values.f64()?, times.i64()?, length, minimum, statistic);
                        Ok(result.with_name(values.name().clone()).into_series().into_column())
                    },
                    &[times],
                    |_, fields| Ok(fields[0].clone()),
                )
            }
            length => {
                let window_size = if let Some(WindowLength::Rows(rows)) = length { *rows } else { 1 };
                let options = RollingOptionsFixedWindow {
                    window_size,
                    min_periods: self.minimum_values.unwrap_or(window_size),
                    weights: None,
                    center: false,
                    fn_params: None,
                };
                match self.operation {
                    WindowOperation::RollingMean => values.rolling_mean(options),
                    WindowOperation::RollingSum => values.rolling_sum(options),
                    WindowOperation::RollingMin => values.rolling_min(options),
                    WindowOperation::RollingMax => values.rolling_max(options),
                    _ => values.rolling_std(options),
                }
            }
        }
    }
}

impl Feature for Window {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        let accepts = match self.operation {
            WindowOperation::Lag | WindowOperation::CumulativeCount => Accepts::Anything,
            WindowOperation::Rank => Accepts::Ordered,
            _ => Accepts::Number,
        };
        let mut inputs = vec![Input::new(&self.column, accepts)];
        inputs.extend(self.by.iter().map(Input::of_groups));
        inputs.extend(self.order_by.iter().map(|column| {
            let accepts = match (&self.window, &self.format) {
                (_, Some(_)) | (Some(WindowLength::Time(_)), None) => Accepts::TimeOrText,
                _ => Accepts::Ordered,
            };
            Input::new(column, accepts)
        }));
        inputs
    }

    fn check_types(&self, schema: &Schema) -> Result<(), String> {
        let keeps_type = self.operation == WindowOperation::Lag;
        let dtype = schema.get(&self.column).filter(|_| keeps_type).unwrap_or(&DataType::Float64);
        check_fill(self.fill.as_ref(), dtype)
    }

    fn check(&self) -> Result<(), String> {
        check_groups(&self.by)?;
        check_format(self.format.as_deref())?;
        match (&self.window, self.operation.is_rolling()) {
            (None, true) => return Err("window: expected a number of rows, or a time such as 7d".to_owned()),
            (Some(_), false) => return Err("window: only for rolling operations".to_owned()),
            (Some(WindowLength::Rows(0)), true) => return Err("window: expected at least 1 row, found 0".to_owned()),
            (Some(WindowLength::Time(text)), true) => {
                if duration(text).is_none() {
                    let units = "w, d, h, m, s or ms";
                    return Err(format!("window: expected a number of rows, or a number and {units}, found '{text}'"));
                }
                if self.order_by.is_none() {
                    return Err("order_by: expected the column of dates that the window is measured by".to_owned());
                }
            }
            _ => {}
        }
        if let (Some(WindowLength::Rows(rows)), Some(minimum)) = (&self.window, self.minimum_values)
            && minimum > *rows
        {
            return Err(format!("minimum_values: expected at most the window's {rows} rows, found {minimum}"));
        }
        if self.periods.is_some() && !self.operation.looks_back() {
            return Err("periods: only for lag, difference and change".to_owned());
        }
        if self.minimum_values.is_some() && !self.operation.is_rolling() {
            return Err("minimum_values: only for rolling operations".to_owned());
        }
        if (self.ties.is_some() || self.descending) && self.operation != WindowOperation::Rank {
            return Err("ties, descending: only for rank".to_owned());
        }
        if self.format.is_some() && self.order_by.is_none() {
            return Err("format: only with order_by".to_owned());
        }
        Ok(())
    }

    fn expressions(&self, schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let values = number(&self.column, schema);
        let before = || lit(self.periods.unwrap_or(1));
        let result = match self.operation {
            WindowOperation::Lag => col(&self.column).shift(before()),
            WindowOperation::Difference => values.clone() - values.shift(before()),
            WindowOperation::Change => {
                let earlier = values.clone().shift(before());
                (values - earlier.clone()) / earlier
            }
            WindowOperation::Rank => {
                let is_number = schema.get(&self.column).is_some_and(|dtype| Accepts::Number.takes(dtype));
                let values = if is_number { values } else { col(&self.column) };
                values.rank(self.rank(), None).cast(DataType::Float64)
            }
            WindowOperation::CumulativeSum => values.cum_sum(false),
            WindowOperation::CumulativeMin => values.cum_min(false),
            WindowOperation::CumulativeMax => values.cum_max(false),
            WindowOperation::CumulativeCount => col(&self.column).cum_count(false).cast(DataType::Int64),
            _ => self.rolling(values, schema),
        };
        let groups: Option<Vec<Expr>> =
            (!self.by.is_empty()).then(|| self.by.iter().map(|column| group_key(column, schema)).collect());
        let order = self.order(schema).map(|order| {
            (vec![order], SortOptions { maintain_order: true, nulls_last: true, ..SortOptions::default() })
        });
        let result = match (groups, order) {
            (None, None) => result,
            (groups, order) => result.over_with_options(groups, order, WindowMapping::GroupsToRows)?,
        };
        Ok(vec![filled(settle_floats(result), self.fill.as_ref()).alias(&self.name)])
    }
}
