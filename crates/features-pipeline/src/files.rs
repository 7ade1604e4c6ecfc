//! Files that are there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::error::{FeaturesError, Result};

/// A file on its way: it is written beside its place, which is left alone until [`finish`](Self::finish). Dropped before,
/// it leaves nothing.
#[derive(Debug)]
pub(crate) struct Unfinished {
    target: PathBuf,
    beside: PathBuf,
}

impl Unfinished {
    /// The file that will be `target`. No other process and no other thread writes to the same place beside it.
    pub(crate) fn new(target: &Path) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let beside = target.with_file_name(format!(".{name}.{}-{count}.part", process::id()));
        Self { target: target.to_owned(), beside }
    }

    /// Where to write it.
    pub(crate) fn path(&self) -> &Path {
        &self.beside
    }

    /// Makes it the target, on the disk as well.
    ///
    /// # Errors
    /// [`FeaturesError::Io`] and [`FeaturesError::DiskFull`]; the target is what it was before.
    pub(crate) fn finish(self) -> Result<()> {
        let finish = || {
            // Windows syncs only what may be written.
            File::options().write(true).open(&self.beside)?.sync_all()?;
            fs::rename(&self.beside, &self.target)?;
            sync_folder(folder_of(&self.target))
        };
        finish().map_err(|source| FeaturesError::io(&self.target, source))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It has its name by now, or was never made; what counts is the error before.
        let _ = fs::remove_file(&self.beside);
    }
}

/// Writes a file as a whole or not at all.
pub(crate) fn write_atomically(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let unfinished = Unfinished::new(path);
    File::create(unfinished.path())
        .and_then(|mut file| write(&mut file))
        .map_err(|source| FeaturesError::io(path, source))?;
    unfinished.finish()
}

/// As [`write_atomically`], a value as JSON for people to read.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let text = serde_json::to_vec_pretty(value).map_err(|error| FeaturesError::io(path, error.into()))?;
    write_atomically(path, |file| {
        file.write_all(&text)?;
        file.write_all(b"\n")
    })
}

/// The folder that a file is in, also where only its name is given.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A path without `..`, as long as that leads to the same place: what comes before may be a symbolic link.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let is_named = matches!(plain.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if is_named && !plain.is_symlink() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    if plain.as_os_str().is_empty() { PathBuf::from(".") } else { plain }
}

/// The rename itself is on the disk only when its folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
