//! What can go wrong with a model.

use std::path::PathBuf;

use thiserror::Error;

/// What failed, on which value. Rows are counted from 0, as Polars does.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The table lacks a column that the model needs.
    #[error("the table has no column '{column}'; it has {}", quoted(known))]
    ColumnNotFound {
        /// The column that is missing.
        column: String,
        /// The columns that there are.
        known: Vec<String>,
    },
    /// A feature, or the target of a regression, is neither a number nor a boolean.
    #[error("the column '{column}' is {dtype}, and a number was expected")]
    NotNumeric {
        /// The column.
        column: String,
        /// Its type.
        dtype: String,
    },
    /// A value is missing or not finite. Nothing is filled in silently.
    #[error(
        "the column '{column}' has {value} in row {row} (from 0), and a finite number was expected; {count} such rows"
    )]
    InvalidValue {
        /// The column.
        column: String,
        /// The first such row, from 0.
        row: usize,
        /// `null`, `NaN` or an infinity.
        value: String,
        /// How many rows of the column are null or not finite.
        count: usize,
    },
    /// No features were named.
    #[error("the model has no feature columns, and at least one was expected")]
    NoFeatures,
    /// A feature is named twice.
    #[error("the feature column '{column}' is named twice")]
    DuplicateFeature {
        /// The column.
        column: String,
    },
    /// The target is among the features.
    #[error("the target column '{column}' is among the feature columns: the model would be told the answer")]
    TargetAmongFeatures {
        /// The column.
        column: String,
    },
    /// There are too few rows.
    #[error("{purpose} needs at least {needed} rows, and there are {rows}")]
    TooFewRows {
        /// What the rows are for.
        purpose: &'static str,
        /// The rows that there are.
        rows: usize,
        /// The rows that it takes.
        needed: usize,
    },
    /// The target's column cannot be what the model predicts.
    #[error("the target column '{column}' is {found}, and {expected} was expected")]
    InvalidTarget {
        /// The column.
        column: String,
        /// What it holds.
        found: String,
        /// What the model can predict.
        expected: &'static str,
    },
    /// A class that the model did not see in training.
    #[error(
        "the target column '{column}' has the class '{class}' in row {row} (from 0); the model knows {}",
        quoted(known)
    )]
    UnknownClass {
        /// The column.
        column: String,
        /// The row, from 0.
        row: usize,
        /// The class.
        class: String,
        /// The classes of the training.
        known: Vec<String>,
    },
    /// A setting is outside its bounds.
    #[error("the setting `{setting}` is {value}, and {expected} was expected")]
    InvalidSetting {
        /// The setting, as it is spelt in YAML.
        setting: &'static str,
        /// Its value.
        value: String,
        /// Its bounds.
        expected: &'static str,
    },
    /// The values are so large that the sums over them are not finite, or Linfa's solver refused them.
    #[error("the {kind} model could not be fitted: {reason}")]
    NotFitted {
        /// The kind of the model.
        kind: &'static str,
        /// Why.
        reason: String,
    },
    /// A matrix has other columns than the model.
    #[error("the matrix has the columns {}, and {} were expected, in this order", quoted(found), quoted(expected))]
    OtherFeatures {
        /// The columns of the matrix.
        found: Vec<String>,
        /// The columns of the model.
        expected: Vec<String>,
    },
    /// Something was asked that only the other sort of model can answer.
    #[error("a {kind} model has no {asked}")]
    WrongKind {
        /// The kind of the model.
        kind: &'static str,
        /// What was asked.
        asked: &'static str,
    },
    /// A `lex` model was named, and this program has no engine.
    #[error("a model of the kind `lex` needs the engine, and this program was built without it")]
    EngineMissing,
    /// The engine refused the settings or the table, or failed.
    #[error("{message}")]
    Engine {
        /// The engine's code, such as `data.invalid`.
        code: &'static str,
        /// What it said, with the remedy.
        message: String,
    },
    /// A file that is not a model of this crate, or is cut or altered.
    #[error("{} is not a model file: {reason}", path.display())]
    NotAModelFile {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A model file of a later version.
    #[error("{} has the format version {version}, and at most {newest} was expected", path.display())]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
        /// The newest version that this release reads.
        newest: u32,
    },
}

impl ModelError {
    /// The stable code, such as `model.invalid_value`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ColumnNotFound { .. } => "model.column_not_found",
            Self::NotNumeric { .. } => "model.not_numeric",
            Self::InvalidValue { .. } => "model.invalid_value",
            Self::NoFeatures => "model.no_features",
            Self::DuplicateFeature { .. } => "model.duplicate_feature",
            Self::TargetAmongFeatures { .. } => "model.target_among_features",
            Self::TooFewRows { .. } => "model.too_few_rows",
            Self::InvalidTarget { .. } => "model.invalid_target",
            Self::UnknownClass { .. } => "model.unknown_class",
            Self::InvalidSetting { .. } => "model.invalid_setting",
            Self::NotFitted { .. } => "model.not_fitted",
            Self::OtherFeatures { .. } => "model.other_features",
            Self::WrongKind { .. } => "model.wrong_kind",
            Self::EngineMissing => "model.engine_missing",
            Self::Engine { code, .. } => code,
            Self::NotAModelFile { .. } => "model.not_a_model_file",
            Self::NewerVersion { .. } => "model.newer_version",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::ColumnNotFound { .. } => "spell the name as in the table, or add the feature that makes the column",
            Self::NotNumeric { .. } => {
                "encode it: one-hot, ordinal, frequency or target encoding, or the parts of a date; `kind: lex` takes texts"
            }
            Self::InvalidValue { .. } => {
                "fill or leave out these rows, or give the feature that makes them a fill value"
            }
            Self::NoFeatures => "name columns in `feature_columns`",
            Self::DuplicateFeature { .. } => "name it once in `feature_columns`",
            Self::TargetAmongFeatures { .. } => "take it out of `feature_columns`",
            Self::TooFewRows { .. } => "bring more rows, or another `test_size`",
            Self::InvalidTarget { .. } => {
                "take `kind: logistic` for classes, another kind for numbers, or `kind: lex` for either"
            }
            Self::UnknownClass { .. } => "leave out these rows, or train with all classes",
            Self::InvalidSetting { .. } => "change the setting",
            Self::NotFitted { .. } => "scale the columns, and leave out those of extreme values",
            Self::OtherFeatures { .. } => "make the matrix from the columns that the model was trained on",
            Self::WrongKind { .. } => {
                "`logistic` predicts classes, `lex` predicts either; the other kinds predict numbers"
            }
            Self::EngineMissing => {
                "build it with the engine: `cargo build --release --package features-pipeline --features lex`"
            }
            Self::Engine { code, .. } => engine_hint(code),
            Self::NotAModelFile { .. } => "name a file that `train` wrote",
            Self::NewerVersion { .. } => "update features-pipeline, or train anew",
        }
    }
}

/// The message names the remedy where there is one.
fn engine_hint(code: &str) -> &'static str {
    match code {
        "config.invalid" => "change the setting below `model`",
        "data.invalid" => "change the column where the table is made, or take it out of `feature_columns`",
        "training.cancelled" => "press Ctrl-C once only, to keep the best model so far",
        "runtime.init" => "build again on this machine, or name a runtime in the variable `LEX_LEARNING_RUNTIME`",
        "inference.failed" => "bring the columns that the model was trained on, in their types",
        _ => "",
    }
}

fn quoted(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown = names.iter().take(SHOWN).map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
