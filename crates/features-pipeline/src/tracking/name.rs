//! Names that any file system takes, and names of values.

use std::path::Path;

use crate::{FeaturesError, Result};

/// File systems take 255 bytes; a suffix has to fit in as well.
const MOST_BYTES: usize = 200;
/// What MLflow takes.
const MOST_VALUE_CHARACTERS: usize = 250;
const RESERVED: &[char] = &['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// Refuses a name that is not one plain part of a path on every system.
pub(super) fn check_file_name(folder: &Path, what: &str, name: &str) -> Result<()> {
    let problem = if name.is_empty() {
        "is empty"
    } else if name.len() > MOST_BYTES {
        "has more than 200 bytes"
    } else if name.starts_with('.') || name.starts_with(' ') || name.ends_with('.') || name.ends_with(' ') {
        "starts or ends with a dot or a space"
    } else if name.contains(RESERVED) || name.contains(char::is_control) {
        "has a separator or another character that file systems reserve"
    } else {
        return Ok(());
    };
    Err(refused(folder, format!("the {what} {name:?} {problem}"), "use letters, digits, spaces and - _ ."))
}

/// Refuses a name of a parameter, metric or tag that could not be shown.
pub(super) fn check_value_name(folder: &Path, what: &str, name: &str) -> Result<()> {
    let problem = if name.trim().is_empty() {
        "is empty"
    } else if name.chars().count() > MOST_VALUE_CHARACTERS {
        "has more than 250 characters"
    } else if name.contains(char::is_control) {
        "has a control character"
    } else {
        return Ok(());
    };
    Err(refused(folder, format!("the name of a {what}, {name:?}, {problem}"), "name it in a few words"))
}

pub(super) fn refused(path: &Path, message: impl Into<String>, hint: &str) -> FeaturesError {
    FeaturesError::Experiment { path: path.to_owned(), message: message.into(), hint: hint.to_owned() }
}
