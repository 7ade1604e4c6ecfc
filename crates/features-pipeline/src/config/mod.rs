//! The YAML files, and what they say.
//!
//! [`PipelineSteps`] is a list of features; [`Entrypoint`] names the input, the features, the model and the output.
//! [`load_yaml`] reads any other type so that errors name line and column; [`json_schema`] describes a type to editors.

mod entrypoint;
mod steps;
pub(crate) mod yaml;

use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::error::{FeaturesError, Location, Result};

pub use entrypoint::{Entrypoint, TableFormat};
pub use steps::PipelineSteps;

/// Reads a type from a YAML file.
///
/// Enums are names (texts); enums whose variants hold values have to be tagged by a field or untagged.
///
/// # Errors
/// [`FeaturesError::Io`] where the file cannot be read; [`FeaturesError::Configuration`] with the line and column of what
/// is no YAML or does not fit the type.
pub fn load_yaml<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<T> {
    let (node, name) = load_node(path.as_ref())?;
    node.read(&name)
}

/// The tree of a YAML file, and the file's name for errors.
pub(crate) fn load_node(path: &Path) -> Result<(yaml::Node, String)> {
    let (text, name) = read_text(path)?;
    Ok((yaml::parse(&text, &name)?, name))
}

/// Where a file has a setting, at whatever depth; its beginning where it has none.
pub(crate) fn locate(path: &Path, setting: &str) -> Location {
    let Ok((root, name)) = load_node(path) else { return Location::new(path.display().to_string(), 0, 0) };
    let settings = root.settings();
    let found = settings.iter().find(|(key, _)| *key == setting);
    found.map_or(&root, |(_, value)| value).location(&name)
}

/// The JSON Schema of a type, for editors and for `features-pipeline schema`.
pub fn json_schema<T: JsonSchema>() -> serde_json::Value {
    schemars::schema_for!(T).to_value()
}

/// A file's text, without a byte order mark, and its name for errors.
fn read_text(path: &Path) -> Result<(String, String)> {
    let text = fs::read_to_string(path).map_err(|source| FeaturesError::io(path, source))?;
    Ok((text.trim_start_matches('\u{feff}').to_owned(), path.display().to_string()))
}
