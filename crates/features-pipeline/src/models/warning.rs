//! What a fit has to say besides its coefficients.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something about the columns or the settings that whoever reads the coefficients should know. The model can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "warning", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FitWarning {
    /// Columns of a single value: their coefficient is 0.
    ConstantColumns {
        /// Their names.
        columns: Vec<String>,
    },
    /// Columns of which some are combinations of the others. The shortest of all equally good coefficients were taken.
    CollinearColumns {
        /// The columns that take part.
        columns: Vec<String>,
    },
    /// As many columns as rows, or more: the model fits each row of the training, whatever it is.
    FewRows {
        /// The rows.
        rows: usize,
        /// The columns.
        columns: usize,
    },
    /// Columns in such small units that they do not count beside the others.
    SmallColumns {
        /// Their names.
        columns: Vec<String>,
    },
    /// The solver ended before its result was exact.
    NotConverged {
        /// The iterations that it was given.
        iterations: u32,
    },
    /// The columns tell the classes apart without an error, and no penalty bounds the coefficients.
    SeparableClasses,
    /// What the engine said of the table or of the training.
    Engine {
        /// In a sentence.
        message: String,
    },
}

impl fmt::Display for FitWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConstantColumns { columns } => {
                write!(formatter, "constant columns have the coefficient 0: {}", columns.join(", "))
            }
            Self::CollinearColumns { columns } => write!(
                formatter,
                "some of these columns are combinations of the others, and share coefficients: {}; leave some out",
                columns.join(", ")
            ),
            Self::FewRows { rows, columns } => write!(
                formatter,
                "{columns} columns and {rows} rows: the model fits any such rows; take fewer columns, or ridge or lasso"
            ),
            Self::SmallColumns { columns } => write!(
                formatter,
                "these columns vary so little beside the others that they do not count: {}; scale the columns, or lower \
                 `tolerance`",
                columns.join(", ")
            ),
            Self::NotConverged { iterations } => write!(
                formatter,
                "the coefficients are not exact after {iterations} iterations; scale the columns, or raise \
                 `max_iterations` or `penalty`"
            ),
            Self::Engine { message } => formatter.write_str(message),
            Self::SeparableClasses => formatter.write_str(
                "the classes are separable, so the coefficients grow without a bound; set `penalty` above 0",
            ),
        }
    }
}
