//! Models on real tables, beside scikit-learn's results on the same rows.
//!
//! The expected numbers are of scikit-learn 1.9.1. In each recipe, `table` is `pandas.read_csv` of a file in `tests/data`,
//! every fourth row from the first is a test row, and the others train:
//!
//! ```python
//! is_test = np.arange(len(table)) % 4 == 0
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::float_cmp, clippy::unreadable_literal, reason = "results are exact, or as scikit-learn prints them")]

mod bad_input;
mod classification;
mod collinear;
mod files;
mod regression;
mod split;
mod support;
mod yaml;
