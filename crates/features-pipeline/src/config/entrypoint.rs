//! The file that names all others.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{load_yaml, locate};
use crate::error::{FeaturesError, Result};
use crate::files::plain;

/// What a run reads and writes.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("entrypoint.yaml");
/// # std::fs::write(&path, "input: sales.csv\nfeatures: features.yaml\noutput: runs\n")?;
/// let entrypoint = features_pipeline::config::Entrypoint::load_from_yaml(&path)?;
/// assert_eq!(entrypoint.input, folder.path().join("sales.csv"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Entrypoint {
    /// The table: a CSV, Parquet or Arrow IPC file, told by its suffix. As all paths here, it counts from the folder of
    /// this file.
    pub input: PathBuf,
    /// What separates the fields of a CSV file. Guessed where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// The YAML file of the features.
    pub features: PathBuf,
    /// The YAML file of the model. Needed to train.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// The folder in which each run makes its own.
    pub output: PathBuf,
    /// How the engineered table is written.
    #[serde(default)]
    pub format: TableFormat,
    /// The name of the experiment whose runs are tracked. Not tracked where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
}

/// The format of a table's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    /// Comma-separated text.
    #[default]
    Csv,
    /// Apache Parquet.
    Parquet,
    /// An Arrow IPC file, also known as Feather.
    Ipc,
}

impl TableFormat {
    /// The suffix of such files, without its dot.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Ipc => "arrow",
        }
    }
}

impl Entrypoint {
    /// Reads the file; relative paths in it count from its folder.
    ///
    /// # Errors
    /// [`FeaturesError::Io`] and [`FeaturesError::Configuration`].
    pub fn load_from_yaml(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut entrypoint: Self = load_yaml(path)?;
        if let Some(delimiter) = entrypoint.delimiter.filter(|delimiter| !delimiter.is_ascii()) {
            return Err(FeaturesError::Configuration {
                location: locate(path, "delimiter"),
                message: format!("delimiter: '{delimiter}' is not an ASCII character"),
                hint: "leave it out to have it guessed".to_owned(),
            });
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        for file in [&mut entrypoint.input, &mut entrypoint.features, &mut entrypoint.output] {
            *file = plain(&folder.join(&*file));
        }
        entrypoint.model = entrypoint.model.map(|model| plain(&folder.join(model)));
        Ok(entrypoint)
    }
}
