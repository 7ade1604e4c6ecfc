//! Everything that can go wrong: what failed, where, and what was expected. The next step is [`FeaturesError::hint`].

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use polars::prelude::PolarsError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::models::ModelError;

/// A place in a YAML file. It prints as `path:line:column`, both counted from 1; where neither is known, as the path.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Location {
    /// The file as it was named, or `<text>` for YAML that came as text. Empty for steps that were made in Rust.
    pub path: String,
    /// The line, from 1. 0 where it is not known.
    pub line: u64,
    /// The column in characters, from 1. 0 where it is not known.
    pub column: u64,
}

impl Location {
    /// A place in a file.
    pub fn new(path: impl Into<String>, line: u64, column: u64) -> Self {
        Self { path: path.into(), line, column }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path.is_empty(), self.line) {
            (true, 0) => formatter.write_str("configuration"),
            (false, 0) => formatter.write_str(&self.path),
            (true, line) => write!(formatter, "{line}:{}", self.column),
            (false, line) => write!(formatter, "{}:{line}:{}", self.path, self.column),
        }
    }
}

/// What failed, on which value. Decide by the variant or by [`code`](Self::code), never by the text.
///
/// ```
/// use features_pipeline::config::PipelineSteps;
///
/// let error = PipelineSteps::from_yaml("steps:\n  - type: ratoi\n    name: margin\n").unwrap_err();
/// assert_eq!(error.code(), "configuration.invalid");
/// assert!(error.to_string().starts_with("<text>:2:"));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FeaturesError {
    /// A YAML file that does not say what it has to.
    #[error("{location}: {message}")]
    Configuration {
        /// Where in the file.
        location: Location,
        /// What is wrong there, and what was expected.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// Two features make a column of the same name, or one makes a column that the table has.
    #[error("{location}: the column '{name}' exists already: {taken_by}")]
    DuplicateName {
        /// Where the second one is.
        location: Location,
        /// The name of the column.
        name: String,
        /// What has it, such as `the feature at line 3 makes it` or `the table has it`.
        taken_by: String,
    },
    /// A feature uses a column that neither the table nor another feature has.
    #[error("{location}: the feature '{feature}' uses the column '{column}', which does not exist")]
    UnknownColumn {
        /// Where the feature is.
        location: Location,
        /// The feature's name.
        feature: String,
        /// The column that it names.
        column: String,
        /// The nearest names, or all of them.
        hint: String,
    },
    /// Features that need each other.
    #[error("{location}: features need each other: {}", features.join(" -> "))]
    Cycle {
        /// Where the first of them is.
        location: Location,
        /// Their names, in order; the first is repeated at the end.
        features: Vec<String>,
    },
    /// A feature cannot be computed of a column of this type.
    #[error("{location}: the feature '{feature}' needs '{column}' to be {expected}, and it is {found}")]
    ColumnType {
        /// Where the feature is.
        location: Location,
        /// The feature's name.
        feature: String,
        /// The column.
        column: String,
        /// What the feature takes, such as `a number`.
        expected: String,
        /// The type that the table has.
        found: String,
    },
    /// A feature cannot be computed of the values that there are.
    #[error("{location}: the feature '{feature}' cannot be computed: {message}")]
    Feature {
        /// Where the feature is.
        location: Location,
        /// The feature's name.
        feature: String,
        /// What is wrong, with values.
        message: String,
    },
    /// The values of a table cannot be used as they are.
    #[error("{message}")]
    Data {
        /// What is wrong with which column or row.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// A file of a table cannot be read or written.
    #[error("{}: {message}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; names the row where there is one.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// A model cannot be fitted, loaded or asked.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The files of an experiment cannot be read or written.
    #[error("{}: {message}", path.display())]
    Experiment {
        /// The run's folder or file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// The operating system refused a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// There is no room for a file. What was there before is unchanged.
    #[error("{}: the disk is full: {source}", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The bundled Python, which a command needs, is missing or failed.
    #[error("{message}")]
    Python {
        /// What failed, with what Python said.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// Polars failed where nothing more exact is known.
    #[error("{context}: {}", first_line(source))]
    Polars {
        /// What was being computed.
        context: String,
        /// Polars' error.
        source: PolarsError,
    },
}

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, FeaturesError>;

impl FeaturesError {
    /// The stable code, such as `column.unknown`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Configuration { .. } => "configuration.invalid",
            Self::DuplicateName { .. } => "configuration.duplicate_name",
            Self::UnknownColumn { .. } => "column.unknown",
            Self::Cycle { .. } => "configuration.cycle",
            Self::ColumnType { .. } => "column.type",
            Self::Feature { .. } => "feature.failed",
            Self::Data { .. } => "data.invalid",
            Self::Table { .. } => "table.invalid",
            Self::Model(error) => error.code(),
            Self::Experiment { .. } => "experiment.invalid",
            Self::Io { .. } => "file.failed",
            Self::DiskFull { .. } => "disk.full",
            Self::Python { .. } => "python.failed",
            Self::Polars { .. } => "polars.failed",
        }
    }

    /// What to do about it, where something can be said.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Configuration { hint, .. }
            | Self::UnknownColumn { hint, .. }
            | Self::Data { hint, .. }
            | Self::Table { hint, .. }
            | Self::Experiment { hint, .. }
            | Self::Python { hint, .. } => Some(hint).filter(|hint| !hint.is_empty()).map(String::as_str),
            Self::Model(error) => Some(error.hint()).filter(|hint| !hint.is_empty()),
            Self::DuplicateName { .. } => Some("rename one of the two"),
            Self::Cycle { .. } => Some("let one of them use a column of the table instead"),
            Self::ColumnType { .. } => Some("choose another column, or change its type where the table is made"),
            Self::Feature { .. } => Some("check the values of its columns, and its settings"),
            Self::Io { .. } => Some("check the path and its permissions"),
            Self::DiskFull { .. } => Some("make room, or choose another place"),
            Self::Polars { .. } => None,
        }
    }

    /// Where in a YAML file it is, where it is about one.
    ///
    /// ```
    /// use features_pipeline::config::PipelineSteps;
    ///
    /// let error = PipelineSteps::from_yaml("steps:\n  - type: ratoi\n    name: margin\n").unwrap_err();
    /// assert_eq!(error.location().map(|location| location.line), Some(2));
    /// ```
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::Configuration { location, .. }
            | Self::DuplicateName { location, .. }
            | Self::UnknownColumn { location, .. }
            | Self::Cycle { location, .. }
            | Self::ColumnType { location, .. } => Some(location),
            _ => None,
        }
    }

    /// The system's error on a path. For `map_err(|source| FeaturesError::io(path, source))`.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { path, source },
            _ => Self::Io { path, source },
        }
    }

    /// Polars' error in what was being computed. For `map_err(|source| FeaturesError::polars("...", source))`.
    pub fn polars(context: impl Into<String>, source: PolarsError) -> Self {
        Self::Polars { context: context.into(), source }
    }

    /// Values that cannot be used as they are.
    pub fn data(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Data { message: message.into(), hint: hint.into() }
    }

    /// A table's file that cannot be used as it is.
    pub fn table(path: impl AsRef<Path>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Table { path: path.as_ref().to_owned(), message: message.into(), hint: hint.into() }
    }
}

/// Polars' error without its advice, which is about its own settings, and without its plans.
pub(crate) fn first_line(error: &PolarsError) -> String {
    match error {
        PolarsError::Context { error, .. } => first_line(error),
        error => error.to_string().lines().next().unwrap_or_default().trim_end().to_owned(),
    }
}
