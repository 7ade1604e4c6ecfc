//! The Python package inside this crate, and the folder that the interpreter takes it from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

// `SOURCES: &[(&str, &str)]` (path, text) and `SOURCES_HASH: &str`, made by build.rs from every file of the package.
include!(concat!(env!("OUT_DIR"), "/embedded_sources.rs"));

const PACKAGE: &str = "lex_learning";

/// The folder to put on `sys.path` for exactly the embedded package, or `None` if the runtime's copy equals it.
///
/// Where they differ, the embedded one is written to the user's cache folder, once: a runtime may be read-only, or in
/// use by another version of the app.
pub(super) fn package_folder(site_packages: &Path) -> io::Result<Option<PathBuf>> {
    if equals_embedded(&site_packages.join(PACKAGE)) {
        return Ok(None);
    }
    tracing::warn!(runtime = %site_packages.display(), "the runtime holds another version of lex_learning; using ours");
    let folder = lex_runtime::cache_folder()
        .ok_or_else(|| io::Error::other("this user has no cache folder; set LEX_LEARNING_CACHE to one"))?
        .join("source")
        .join(SOURCES_HASH);
    let target = folder.join(PACKAGE);
    if !equals_embedded(&target) {
        write_sources(&folder)?;
    }
    Ok(Some(folder))
}

fn write_sources(folder: &Path) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    let partial = parent.join(format!("{SOURCES_HASH}.{}", std::process::id()));
    for (path, text) in SOURCES {
        let file = partial.join(PACKAGE).join(path);
        fs::create_dir_all(file.parent().unwrap_or(&partial))?;
        fs::write(file, text)?;
    }
    // Another process may have been quicker, with the same files.
    let _ = fs::remove_dir_all(folder);
    fs::rename(&partial, folder).or_else(|error| {
        fs::remove_dir_all(&partial)?;
        if equals_embedded(&folder.join(PACKAGE)) { Ok(()) } else { Err(error) }
    })
}

/// Whether a folder holds the embedded files, and no other module.
fn equals_embedded(folder: &Path) -> bool {
    let same = |(path, text): &(&str, &str)| fs::read(folder.join(path)).is_ok_and(|found| found == text.as_bytes());
    SOURCES.iter().all(same) && count_modules(folder).is_ok_and(|count| count == count_embedded_modules())
}

fn count_embedded_modules() -> usize {
    SOURCES.iter().filter(|(path, _)| is_module(Path::new(path))).count()
}

fn count_modules(folder: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            count += count_modules(&entry.path())?;
        } else if is_module(&entry.path()) {
            count += 1;
        }
    }
    Ok(count)
}

fn is_module(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "py")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_of_the_package_are_embedded() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/lex_learning/src/lex_learning");
        assert!(equals_embedded(&package));
        assert!(SOURCES.iter().any(|(path, _)| *path == "models/lightgbm.py"));
        assert!(SOURCES.iter().any(|(path, _)| *path == "py.typed"));
    }

    #[test]
    fn a_changed_an_added_and_a_missing_module_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join(SOURCES_HASH);
        write_sources(&package).unwrap();
        let package = package.join(PACKAGE);
        assert!(equals_embedded(&package));
        fs::write(package.join("models/extra.py"), "").unwrap();
        assert!(!equals_embedded(&package));
        fs::remove_file(package.join("models/extra.py")).unwrap();
        fs::write(package.join("config.py"), "changed").unwrap();
        assert!(!equals_embedded(&package));
        fs::remove_file(package.join("config.py")).unwrap();
        assert!(!equals_embedded(&package));
    }
}
