//! The interpreter that writes to MLflow, and what it runs.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::SystemTime;

use lex_runtime::{Platform, Runtime, cache_folder, locate};

use crate::{FeaturesError, Result};

/// What is run, as `python -m`.
pub(super) const MODULE: &str = "lex_learning.experiments";

macro_rules! sources {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../../../../python/lex_learning/src/lex_learning/experiments/", $name)))),*]
    };
}

/// The module, which needs nothing but MLflow's client. The interpreter's own `lex_learning` may be of another version.
const SOURCES: [(&str, &str); 7] =
    sources!["__init__.py" "__main__.py" "errors.py" "lock.py" "mlflow_export.py" "reader.py" "records.py"];

/// The interpreter that is named, or the bundled one, which no variable of the user's Python reaches.
pub(super) fn interpreter(named: Option<&Path>) -> Result<Command> {
    if let Some(path) = named {
        return Ok(Command::new(path));
    }
    let runtime = locate(None, newest_prepared().as_deref()).map_err(|error| FeaturesError::Python {
        message: format!("the bundled Python was not found: {error}"),
        hint: error.hint().unwrap_or("name an interpreter with --python").to_owned(),
    })?;
    let mut command = Command::new(runtime.python());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// The runtime that was prepared last on this machine.
fn newest_prepared() -> Option<PathBuf> {
    let name = Platform::host().ok()?.name();
    let prepared = fs::read_dir(cache_folder()?.join("runtime")).ok()?;
    prepared
        .filter_map(std::result::Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(name))
        .filter(|entry| Runtime::open(entry.path()).is_ok())
        .max_by_key(|entry| entry.metadata().and_then(|facts| facts.modified()).unwrap_or(SystemTime::UNIX_EPOCH))
        .map(|entry| entry.path())
}

/// A folder with the module, until it is dropped.
pub(super) struct ModuleFolder(PathBuf);

impl ModuleFolder {
    pub(super) fn write() -> Result<Self> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("features-pipeline-{}-{}", process::id(), now.as_nanos());
        let folder = Self(env::temp_dir().join(name));
        let fail = |source| FeaturesError::io(&folder.0, source);
        // Not one that somebody else has made.
        fs::create_dir(&folder.0).map_err(fail)?;
        let package = folder.0.join("lex_learning");
        let module = package.join("experiments");
        fs::create_dir_all(&module).and_then(|()| fs::write(package.join("__init__.py"), "")).map_err(fail)?;
        for (name, text) in SOURCES {
            fs::write(module.join(name), text).map_err(fail)?;
        }
        Ok(folder)
    }

    /// What the variable `PYTHONPATH` has to be: this folder before whatever the command has there.
    pub(super) fn python_path(&self, named: bool) -> OsString {
        let mut path = OsString::from(&self.0);
        if let Some(before) = env::var_os("PYTHONPATH").filter(|before| named && !before.is_empty()) {
            path.push(if cfg!(windows) { ";" } else { ":" });
            path.push(before);
        }
        path
    }
}

impl Drop for ModuleFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "a temporary folder could not be removed");
        }
    }
}
