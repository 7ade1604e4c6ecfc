//! Bringing the `lex_learning` in a runtime up to date with its sources.

use std::path::Path;

use super::files::{copy, create_folder, read, remove, rename, walk};
use super::interpreter::compile;
use crate::{Error, Runtime};

const PACKAGE: &str = "lex_learning";

/// Makes the `lex_learning` in a runtime equal to the sources, under the runtime's lock; an equal one is left alone.
///
/// The new one is made and compiled beside the old one, which it then replaces, so that no reader sees half of it.
pub(super) fn install(sources: &Path, runtime: &Runtime) -> Result<(), Error> {
    let installed = runtime.site_packages().join(PACKAGE);
    if is_equal(sources, &installed)? {
        return Ok(());
    }
    let work = runtime.site_packages().join(".lex_learning-new");
    remove(&work)?;
    let (new, old) = (work.join(PACKAGE), work.join("old"));
    create_folder(&new)?;
    copy(sources, &new, is_source)?;
    compile(&runtime.python(), &new, &work)?;
    if installed.exists() {
        rename(&installed, &old)?;
    }
    rename(&new, &installed)?;
    remove(&work)
}

fn is_equal(sources: &Path, installed: &Path) -> Result<bool, Error> {
    let expected = walk(sources, is_source)?;
    if !installed.is_dir() || expected != walk(installed, is_source)? {
        return Ok(false);
    }
    for path in expected {
        if read(&sources.join(&path))? != read(&installed.join(&path))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_source(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name != "__pycache__" && !name.to_string_lossy().ends_with(".pyc"))
}
