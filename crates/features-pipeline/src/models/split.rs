//! Which rows are for training and which for the test.

use ndarray::Array1;
use polars::prelude::{BooleanChunked, DataFrame, IdxCa, IdxSize, NewChunkedArray, PlSmallStr};

use super::ModelError;
use crate::error::{FeaturesError, Result};
use crate::random::Random;

/// The rows of a table in two parts, each in the order of the table.
///
/// The same number of rows, share and seed give the same parts on every platform and in every release.
///
/// ```
/// use features_pipeline::models::Split;
/// use polars::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = df!("units" => (0..10).collect::<Vec<i32>>())?;
/// let split = Split::shuffled(table.height(), 0.2, 42)?;
/// let (training, test) = split.apply(&table)?;
/// assert_eq!((training.height(), test.height()), (8, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Rows to train on, from 0, ascending.
    pub training: Vec<IdxSize>,
    /// Rows to test on, from 0, ascending.
    pub test: Vec<IdxSize>,
}

impl Split {
    /// Draws the test rows at random: `test_size` of `rows`, rounded up as scikit-learn's `train_test_split` does.
    ///
    /// # Errors
    ///
    /// [`ModelError::InvalidSetting`] unless `test_size` is between 0 and 1, and
    /// [`TooFewRows`](ModelError::TooFewRows) if no row is left to train on.
    pub fn shuffled(rows: usize, test_size: f64, seed: u64) -> Result<Self> {
        let tests = test_rows(rows, test_size)?;
        let mut order: Vec<IdxSize> = places(rows).collect();
        Random::new(seed).shuffle(&mut order);
        Ok(Self::of_tests(rows, &order[..tests]))
    }

    /// As [`shuffled`](Self::shuffled), with the classes in the same proportions in both parts.
    ///
    /// `codes` has the class of each row. A class of two rows or more is in both parts; one of a single row is trained on.
    ///
    /// # Errors
    ///
    /// As [`shuffled`](Self::shuffled).
    pub fn stratified(codes: &[usize], test_size: f64, seed: u64) -> Result<Self> {
        let tests = test_rows(codes.len(), test_size)?;
        let mut members: Vec<Vec<IdxSize>> = vec![Vec::new(); codes.iter().max().map_or(0, |code| code + 1)];
        for (row, &code) in places(codes.len()).zip(codes) {
            members[code].push(row);
        }
        // Each class gets its share rounded down; what is left goes to the largest fractions.
        let share = |rows: &Vec<IdxSize>| (rows.len() * tests) / codes.len();
        let fraction = |rows: &Vec<IdxSize>| (rows.len() * tests) % codes.len();
        let mut counts: Vec<usize> = members.iter().map(share).collect();
        let mut by_fraction: Vec<usize> = (0..members.len()).collect();
        by_fraction.sort_by_key(|&code| std::cmp::Reverse(fraction(&members[code])));
        let left = tests - counts.iter().sum::<usize>();
        for &code in &by_fraction[..left] {
            counts[code] += 1;
        }
        let mut random = Random::new(seed);
        let mut chosen = Vec::with_capacity(tests);
        for (rows, count) in members.iter_mut().zip(counts) {
            random.shuffle(rows);
            let most = rows.len().saturating_sub(1);
            chosen.extend_from_slice(&rows[..count.clamp(most.min(1), most)]);
        }
        Ok(Self::of_tests(codes.len(), &chosen))
    }

    /// For each row, whether it is trained on.
    pub fn marks(&self) -> BooleanChunked {
        let mut marks = vec![false; self.training.len() + self.test.len()];
        for &row in &self.training {
            if let Some(mark) = marks.get_mut(row as usize) {
                *mark = true;
            }
        }
        BooleanChunked::from_slice(PlSmallStr::EMPTY, &marks)
    }

    /// The two parts of a table: rows to train on, rows to test on.
    ///
    /// # Errors
    ///
    /// [`FeaturesError::Polars`] if the table has fewer rows than the split.
    pub fn apply(&self, frame: &DataFrame) -> Result<(DataFrame, DataFrame)> {
        let take = |rows: &[IdxSize]| {
            let rows = IdxCa::from_slice(PlSmallStr::EMPTY, rows);
            frame.take(&rows).map_err(|source| FeaturesError::polars("the rows of a split", source))
        };
        Ok((take(&self.training)?, take(&self.test)?))
    }

    fn of_tests(rows: usize, tests: &[IdxSize]) -> Self {
        let mut is_test = Array1::from_elem(rows, false);
        for &row in tests {
            is_test[row as usize] = true;
        }
        let (test, training) = places(rows).partition(|&row| is_test[row as usize]);
        Self { training, test }
    }
}

/// The rows' places. Polars has no table of more rows than its index counts.
fn places(rows: usize) -> std::ops::Range<IdxSize> {
    0..IdxSize::try_from(rows).unwrap_or(IdxSize::MAX)
}

fn test_rows(rows: usize, test_size: f64) -> Result<usize> {
    if !(test_size > 0.0 && test_size < 1.0) {
        let value = test_size.to_string();
        return Err(ModelError::InvalidSetting {
            setting: "test_size",
            value,
            expected: "a share above 0 and below 1",
        }
        .into());
    }
    // Exactly scikit-learn's number, where 0.07 of 100 rows are 8: their product is just above 7.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of what is in memory")]
    let tests = (rows as f64 * test_size).ceil() as usize;
    if tests >= rows {
        return Err(ModelError::TooFewRows { purpose: "a split", rows, needed: tests + 1 }.into());
    }
    Ok(tests)
}
