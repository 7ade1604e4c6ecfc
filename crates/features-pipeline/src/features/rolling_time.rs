//! Statistics of the rows of the last so much time.

use std::collections::VecDeque;

use polars::prelude::*;

/// The statistic of a window.
#[derive(Debug, Clone, Copy)]
pub(super) enum Statistic {
    Mean,
    Sum,
    Least,
    Greatest,
    /// Of a sample, divided by n - 1.
    StandardDeviation,
}

/// For each row, the statistic of itself and of the rows before it that are less than `length` older. Null where there are
/// fewer than `minimum` values, and where the time is null.
///
/// Of rows of the same time, those that come later do not count, as in pandas' `rolling` by time: Polars counts them all.
/// `times` increase, nulls apart; they and `length` are in microseconds.
pub(super) fn rolling(
    values: &Float64Chunked,
    times: &Int64Chunked,
    length: i64,
    minimum: usize,
    statistic: Statistic,
) -> Float64Chunked {
    let mut window = Window::default();
    let results = values.iter().zip(times.iter()).map(|(value, time)| {
        let time = time?;
        window.forget(time.saturating_sub(length));
        if let Some(value) = value {
            window.add(time, value);
        }
        (window.rows.len() >= minimum.max(1)).then(|| window.statistic(statistic)).flatten()
    });
    results.collect()
}

/// The values in reach, and what is known of them.
#[derive(Default)]
struct Window {
    rows: VecDeque<(i64, f64)>,
    /// Those that are less than all later ones, and so on: the first is the least of all.
    least: VecDeque<(i64, f64)>,
    greatest: VecDeque<(i64, f64)>,
    sum: CompensatedSum,
    mean: f64,
    /// The sum of squared distances from the mean (Welford 1962).
    squares: f64,
}

impl Window {
    fn add(&mut self, time: i64, value: f64) {
        self.rows.push_back((time, value));
        while self.least.back().is_some_and(|(_, other)| *other >= value) {
            self.least.pop_back();
        }
        self.least.push_back((time, value));
        while self.greatest.back().is_some_and(|(_, other)| *other <= value) {
            self.greatest.pop_back();
        }
        self.greatest.push_back((time, value));
        self.sum.add(value);
        let distance = value - self.mean;
        self.mean += distance / self.rows.len() as f64;
        self.squares += distance * (value - self.mean);
    }

    /// Takes away the rows until `time`.
    fn forget(&mut self, time: i64) {
        while let Some((_, value)) = pop_until(&mut self.rows, time) {
            self.sum.add(-value);
            let count = self.rows.len() as f64;
            let distance = value - self.mean;
            self.mean -= distance / count;
            self.squares -= distance * (value - self.mean);
        }
        for extremes in [&mut self.least, &mut self.greatest] {
            while pop_until(extremes, time).is_some() {}
        }
        // What rounding has left, or an infinity, ends with the last value.
        if self.rows.is_empty() {
            *self = Self::default();
        }
    }

    fn statistic(&self, statistic: Statistic) -> Option<f64> {
        let count = self.rows.len();
        match statistic {
            Statistic::Mean => Some(self.sum.value() / count as f64),
            Statistic::Sum => Some(self.sum.value()),
            Statistic::Least => self.least.front().map(|row| row.1),
            Statistic::Greatest => self.greatest.front().map(|row| row.1),
            Statistic::StandardDeviation if count > 1 => Some((self.squares.max(0.0) / (count - 1) as f64).sqrt()),
            Statistic::StandardDeviation => None,
        }
    }
}

/// The first row, if it is not later than `time`.
fn pop_until(rows: &mut VecDeque<(i64, f64)>, time: i64) -> Option<(i64, f64)> {
    rows.front().is_some_and(|row| row.0 <= time).then(|| rows.pop_front()).flatten()
}

/// A sum that keeps what rounding takes from it (Neumaier 1974).
#[derive(Default)]
struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    fn value(&self) -> f64 {
        self.sum + self.lost
    }
}
