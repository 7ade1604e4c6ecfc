//! Dates and times that are written as texts.

use std::collections::HashMap;

use chrono::format::{Item, StrftimeItems};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use polars::prelude::*;

/// The column as dates or times: itself, or read from text by a format such as `%m/%d/%Y`. Without one, ISO dates and times
/// are read, such as `2020-06-01` and `2020-06-01 12:30:00`. A text that does not fit is an error.
pub(super) fn time(column: &str, format: Option<&str>, schema: &Schema) -> Expr {
    if !matches!(schema.get(column), Some(DataType::String)) {
        return col(column);
    }
    let (column, format) = (column.to_owned(), format.map(str::to_owned));
    col(&column).map(
        move |texts| {
            let mut known: HashMap<&str, i64> = HashMap::new();
            let mut read = |text| {
                if let Some(time) = known.get(text) {
                    return Ok(*time);
                }
                let time = read(text, format.as_deref()).ok_or_else(|| misfit(&column, text, format.as_deref()))?;
                let time = time.and_utc().timestamp_micros();
                known.insert(text, time);
                Ok(time)
            };
            let times = texts.str()?.iter().map(|text| text.map(&mut read).transpose());
            let times: Int64Chunked = times.collect::<PolarsResult<_>>()?;
            let times = times.with_name(texts.name().clone()).into_datetime(TimeUnit::Microseconds, None);
            Ok(times.into_series().into_column())
        },
        |_, field| Ok(Field::new(field.name().clone(), DataType::Datetime(TimeUnit::Microseconds, None))),
    )
}

fn read(text: &str, format: Option<&str>) -> Option<NaiveDateTime> {
    let Some(format) = format else { return moment(text) };
    let date = || Some(NaiveDate::parse_from_str(text, format).ok()?.and_time(NaiveTime::MIN));
    NaiveDateTime::parse_from_str(text, format).ok().or_else(date)
}

fn misfit(column: &str, text: &str, format: Option<&str>) -> PolarsError {
    match format {
        Some(format) => polars_err!(ComputeError: "column '{column}': '{text}' does not fit the format {format}"),
        None => polars_err!(
            ComputeError: "column '{column}': '{text}' is no date such as 2020-06-01: give its format"
        ),
    }
}

/// A date, its midnight, or a date and a time.
pub(super) fn moment(text: &str) -> Option<NaiveDateTime> {
    let date = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN));
    let time = || NaiveDateTime::parse_from_str(&text.replacen('T', " ", 1), "%Y-%m-%d %H:%M:%S%.f").ok();
    date().or_else(time)
}

/// A format has to be one of strftime.
pub(super) fn check_format(format: Option<&str>) -> Result<(), String> {
    match format {
        Some(format) if StrftimeItems::new(format).any(|item| matches!(item, Item::Error)) => {
            Err(format!("format: expected the letters of strftime, such as %m/%d/%Y, found '{format}'"))
        }
        _ => Ok(()),
    }
}
