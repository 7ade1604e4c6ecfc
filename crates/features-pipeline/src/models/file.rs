//! Model files: JSON with a version, which people can read and other programs too.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{LinearModel, Metrics, ModelError};
use crate::error::{FeaturesError, Result};
use crate::files::write_json;

const FORMAT: &str = "features-pipeline model";
/// Of the files that are written. A file of a later version is refused.
const VERSION: u32 = 1;

/// What tells a model file from any other, in all versions.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u64,
}

/// All of a model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelFile {
    format: String,
    version: u32,
    pub(super) target_column: String,
    pub(super) model: LinearModel,
    /// By the name of the rows, such as `test`.
    pub(super) metrics: BTreeMap<String, Metrics>,
}

impl ModelFile {
    pub(super) fn new(target_column: &str, model: LinearModel) -> Self {
        let target_column = target_column.to_owned();
        Self { format: FORMAT.to_owned(), version: VERSION, target_column, model, metrics: BTreeMap::new() }
    }

    /// Writes the file as a whole or not at all.
    pub(super) fn save(&self, path: &Path) -> Result<()> {
        write_json(path, self)
    }

    pub(super) fn load(path: &Path) -> Result<Self> {
        let text = fs::read(path).map_err(|source| FeaturesError::io(path, source))?;
        let refused = |reason: String| FeaturesError::from(ModelError::NotAModelFile { path: path.to_owned(), reason });
        let header: Header = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
        if header.format != FORMAT {
            return Err(refused(format!("its format is '{}', and '{FORMAT}' was expected", header.format)));
        }
        if header.version > u64::from(VERSION) {
            return Err(
                ModelError::NewerVersion { path: path.to_owned(), version: header.version, newest: VERSION }.into()
            );
        }
        let file: Self = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
        match file.model.defect() {
            Some(defect) => Err(refused(defect)),
            None => Ok(file),
        }
    }
}
