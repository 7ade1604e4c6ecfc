//! The tools that test and check `lex_learning`, apart from the runtime so that they are never shipped.

use std::collections::HashSet;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::files::{Lock, hexadecimal, read, remove, rename, write};
use super::interpreter::pip_install;
use super::{PrepareOptions, prepare};
use crate::Error;

/// Installs what `requirements-dev.lock` pins, once per version of it, and gives the folder for `PYTHONPATH`.
///
/// What the runtime has already is left out, so that tests run with the packages that are shipped.
///
/// # Errors
///
/// As [`prepare()`].
pub fn tools(options: &PrepareOptions) -> Result<PathBuf, Error> {
    let runtime = prepare(options)?;
    let wanted = locked(&read(&options.python_project().join("requirements-dev.lock"))?);
    let mut present = HashSet::new();
    for path in options.requirements() {
        present.extend(locked(&read(&path)?).into_iter().map(|(pin, _)| pin));
    }
    let lock_file: String =
        wanted.into_iter().filter(|(pin, _)| !present.contains(pin)).map(|(_, text)| text).collect();

    let name = hexadecimal(Sha256::new().chain_update(&lock_file)).chars().take(16).collect::<String>();
    let folder = options.cache.join("tools");
    let lock = Lock::acquire(&folder, &name)?;
    let root = folder.join(&name);
    if root.is_dir() {
        return Ok(root);
    }
    (options.report)("installing the development tools");
    lock.remove_leftovers();
    let partial = lock.partial_folder()?;
    let requirements = partial.join("requirements.lock");
    write(&requirements, lock_file)?;
    let target = partial.join("tools");
    pip_install(&runtime.python(), &[requirements], |command| {
        command.arg("--no-deps").arg("--target").arg(&target);
    })?;
    rename(&target, &root)?;
    remove(&partial)?;
    Ok(root)
}

/// The entries of a lock file: `name==version`, and all its lines.
fn locked(text: &[u8]) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in String::from_utf8_lossy(text).lines().filter(|line| !line.starts_with('#')) {
        match (line.starts_with(' '), entries.last_mut()) {
            (true, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            _ => entries.push((line.split([' ', ';']).next().unwrap_or_default().to_owned(), format!("{line}\n"))),
        }
    }
    entries
}
