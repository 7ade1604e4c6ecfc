//! Sets of levels as bits.

use super::super::invalid;
use super::read::{Forest, Test};
use crate::LexLearningError;

/// All words of all sets: 128 MB.
const MAX_WORDS: usize = 1 << 24;

/// The columns whose levels are looked up, and the sets.
#[derive(Debug, Default)]
pub(super) struct Sets {
    pub(super) columns: Vec<LevelColumn>,
    pub(super) words: Vec<u64>,
    /// For each column of the input, its place among the columns, counted from 1; 0 where it has no levels.
    by_column: Vec<u32>,
}

/// A column of levels. Each of its sets has a bit for every level, one for other numbers, and one for NaN.
#[derive(Debug, Clone, Copy)]
pub(super) struct LevelColumn {
    pub(super) column: usize,
    pub(super) levels: u32,
}

impl LevelColumn {
    /// The bit of a value.
    pub(super) fn bit(self, value: f64) -> u32 {
        // A cast gives the nearest number that there is, and 0 for NaN.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared with the value")]
        let level = value as u32;
        if value.is_nan() {
            self.levels + 1
        } else if level < self.levels && f64::from(level) - value == 0.0 {
            level
        } else {
            self.levels
        }
    }

    fn words(self) -> usize {
        (self.levels as usize + 2).div_ceil(64)
    }
}

impl Sets {
    /// Finds the columns, and how many levels each has.
    pub(super) fn new(forest: &Forest) -> Self {
        let mut sets = Self { by_column: vec![0; forest.columns], ..Self::default() };
        for inner in &forest.inner {
            if let Test::Member(levels) = &inner.test {
                let place = &mut sets.by_column[inner.column as usize];
                if *place == 0 {
                    sets.columns.push(LevelColumn { column: inner.column as usize, levels: 0 });
                    *place = u32::try_from(sets.columns.len()).unwrap_or(u32::MAX);
                }
                let column = &mut sets.columns[*place as usize - 1];
                for &level in forest.levels(levels) {
                    column.levels = column.levels.max(level + 1);
                }
            }
        }
        sets
    }

    /// Adds a set of levels of a column; gives the column's number and the set's first word.
    pub(super) fn add(
        &mut self,
        column: u32,
        levels: &[u32],
        has_missing: bool,
    ) -> Result<(u32, usize), LexLearningError> {
        let number = self.by_column[column as usize] - 1;
        let column = self.columns[number as usize];
        let start = self.words.len();
        if start + column.words() > MAX_WORDS {
            return Err(invalid("the sets of levels of a TreeEnsemble are too large"));
        }
        self.words.resize(start + column.words(), 0);
        let missing = has_missing.then_some(column.levels + 1);
        for bit in levels.iter().copied().chain(missing) {
            self.words[start + bit as usize / 64] |= 1 << (bit % 64);
        }
        Ok((number, start))
    }
}
