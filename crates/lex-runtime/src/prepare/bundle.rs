//! A copy of a runtime to ship with an app.

use std::path::Path;

use super::files::{copy, create_folder, names, remove, rename};
use crate::{Error, Runtime};

/// Sources and headers of compiled modules, and type stubs: for building and checking only.
const DEVELOPMENT_FILES: [&str; 8] = ["c", "cpp", "h", "hpp", "lib", "pxd", "pyi", "pyx"];

/// Copies a runtime to `destination`, without pip and what only developers need, and opens the copy.
///
/// An app ships that folder as `runtime/python/<platform>`. A runtime that is there already is replaced.
///
/// # Errors
///
/// * [`Error::Occupied`]: the destination holds something else than a runtime.
/// * [`Error::File`]: it could not be written.
pub fn bundle(runtime: &Runtime, destination: &Path) -> Result<Runtime, Error> {
    let is_replaceable = names(destination)?.is_empty() || Runtime::open_for(destination, runtime.platform()).is_ok();
    if destination.exists() && !is_replaceable {
        return Err(Error::Occupied(destination.to_owned()));
    }
    let mut name = destination.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = destination.with_file_name(name);
    remove(&partial)?;
    create_folder(&partial)?;
    copy(runtime.root(), &partial, is_shipped)?;
    remove(destination)?;
    rename(&partial, destination)?;
    Runtime::open_for(destination, runtime.platform())
}

fn is_shipped(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_pip = (name == "pip" || (name.starts_with("pip-") && name.ends_with(".dist-info")))
        && path.parent().is_some_and(|parent| parent.ends_with("site-packages"));
    let is_development =
        path.extension().is_some_and(|end| DEVELOPMENT_FILES.iter().any(|development| end == *development));
    !is_pip && !is_development
}
