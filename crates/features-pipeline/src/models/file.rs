//! Model files: JSON with a version, which people can read and other programs too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::any_model::AnyModel;
#[cfg(feature = "lex")]
use super::lex::StoredLexModel;
use super::{LinearModel, Metrics, ModelError, ModelKind};
use crate::error::{FeaturesError, Result};
use crate::files::write_json;

const FORMAT: &str = "features-pipeline model";
/// Of the files that are written. A file of a later version is refused.
const VERSION: u32 = 1;

/// What tells a model file from any other, in all versions, and one kind from another.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u64,
    #[serde(default)]
    model: Value,
}

/// All of a model file, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<M> {
    format: String,
    version: u32,
    target_column: String,
    model: M,
    metrics: BTreeMap<String, Metrics>,
}

/// All of a model file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ModelFile {
    pub(super) target_column: String,
    pub(super) model: AnyModel,
    /// By the name of the rows, such as `test`.
    pub(super) metrics: BTreeMap<String, Metrics>,
}

impl ModelFile {
    pub(super) fn new(target_column: &str, model: AnyModel) -> Self {
        Self { target_column: target_column.to_owned(), model, metrics: BTreeMap::new() }
    }

    /// Writes the file as a whole or not at all. What belongs to it is written first.
    pub(super) fn save(&self, path: &Path) -> Result<()> {
        match &self.model {
            AnyModel::Linear(model) => write_json(path, &self.stored(model)),
            #[cfg(feature = "lex")]
            AnyModel::Lex(model) => write_json(path, &self.stored(model.store(path)?)),
        }
    }

    /// The files that [`save`](Self::save) writes.
    pub(super) fn paths(&self, path: &Path) -> Vec<PathBuf> {
        match &self.model {
            AnyModel::Linear(_) => vec![path.to_owned()],
            #[cfg(feature = "lex")]
            AnyModel::Lex(_) => vec![path.to_owned(), super::LexModel::file_beside(path)],
        }
    }

    pub(super) fn load(path: &Path) -> Result<Self> {
        let text = fs::read(path).map_err(|source| FeaturesError::io(path, source))?;
        let refused = |reason: String| FeaturesError::from(ModelError::NotAModelFile { path: path.to_owned(), reason });
        if text.starts_with(b"PK") {
            return Err(refused("it may be a .lex file, which belongs to a JSON file beside it: name that".to_owned()));
        }
        let header: Header = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
        if header.format != FORMAT {
            return Err(refused(format!("its format is '{}', and '{FORMAT}' was expected", header.format)));
        }
        if header.version > u64::from(VERSION) {
            return Err(
                ModelError::NewerVersion { path: path.to_owned(), version: header.version, newest: VERSION }.into()
            );
        }
        if header.model["specification"]["kind"] == ModelKind::Lex.name() {
            return Self::load_lex(&text, path);
        }
        let Stored { target_column, model, metrics, .. } = parse::<Stored<LinearModel>>(&text, path)?;
        match model.defect() {
            Some(defect) => Err(refused(defect)),
            None => Ok(Self { target_column, model: AnyModel::Linear(model), metrics }),
        }
    }

    #[cfg(feature = "lex")]
    fn load_lex(text: &[u8], path: &Path) -> Result<Self> {
        let Stored { target_column, model, metrics, .. } = parse::<Stored<StoredLexModel>>(text, path)?;
        let model = AnyModel::Lex(super::LexModel::restore(model, path)?);
        Ok(Self { target_column, model, metrics })
    }

    #[cfg(not(feature = "lex"))]
    fn load_lex(_text: &[u8], _path: &Path) -> Result<Self> {
        Err(ModelError::EngineMissing.into())
    }

    fn stored<M>(&self, model: M) -> Stored<M> {
        Stored {
            format: FORMAT.to_owned(),
            version: VERSION,
            target_column: self.target_column.clone(),
            model,
            metrics: self.metrics.clone(),
        }
    }
}

fn parse<T: DeserializeOwned>(text: &[u8], path: &Path) -> Result<T> {
    serde_json::from_slice(text)
        .map_err(|error| ModelError::NotAModelFile { path: path.to_owned(), reason: error.to_string() }.into())
}
