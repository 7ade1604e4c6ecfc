//! Files and folders, with errors that name them, and the lock that makes one process at a time prepare.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::Error;

const PARTIAL: &str = ".partial-";

/// Turns the operating system's error into one that says what was tried, on which path.
pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { action, path, source }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(failed("read", path))
}

pub(super) fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), Error> {
    fs::write(path, contents).map_err(failed("write", path))
}

pub(super) fn create_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(failed("create the folder", path))
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(failed("rename a new folder to", to))
}

/// Removes a file, a link or a folder with all in it; nothing there is fine.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// The names in a folder; none when there is no such folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed("list", folder))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed("list", folder))?;
        names.extend(entry.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// The files below a folder that `keep` accepts, as sorted relative paths. A refused folder is not entered.
pub(super) fn walk(folder: &Path, keep: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Error> {
    let relative = |path: &Path| path.strip_prefix(folder).unwrap_or(path).to_owned();
    let mut found = Vec::new();
    let entries = WalkDir::new(folder).min_depth(1).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| keep(&relative(entry.path()))) {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            failed("list", &path)(error.into())
        })?;
        if !entry.file_type().is_dir() {
            found.push(relative(entry.path()));
        }
    }
    Ok(found)
}

/// Copies the files that `keep` accepts into a new folder; links become what they lead to.
pub(super) fn copy(from: &Path, to: &Path, keep: impl Fn(&Path) -> bool) -> Result<(), Error> {
    for path in walk(from, keep)? {
        let target = to.join(&path);
        create_folder(target.parent().unwrap_or(to))?;
        fs::copy(from.join(&path), &target).map_err(failed("write", &target))?;
    }
    Ok(())
}

pub(super) fn sha256(path: &Path) -> Result<String, Error> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path).map_err(failed("read", path))?;
    io::copy(&mut file, &mut hasher).map_err(failed("read", path))?;
    Ok(hexadecimal(hasher))
}

pub(super) fn hexadecimal(hasher: Sha256) -> String {
    format!("{:x}", hasher.finalize())
}

/// One process at a time makes the folder `name`. Released when dropped, or when the process ends in any way.
#[derive(Debug)]
pub(super) struct Lock {
    folder: PathBuf,
    name: String,
    _file: File,
}

impl Lock {
    /// Waits for the others.
    pub(super) fn acquire(folder: &Path, name: &str) -> Result<Self, Error> {
        create_folder(folder)?;
        let path = lock_path(folder, name);
        let file = File::create(&path).map_err(failed("create", &path))?;
        file.lock().map_err(failed("lock", &path))?;
        Ok(Self { folder: folder.to_owned(), name: name.to_owned(), _file: file })
    }

    /// A new folder to work in, beside the one that it will become.
    pub(super) fn partial_folder(&self) -> Result<PathBuf, Error> {
        let path = self.folder.join(format!("{}{PARTIAL}{}", self.name, process::id()));
        remove(&path)?;
        create_folder(&path)?;
        Ok(path)
    }

    /// Removes what dead runs left: partial folders that nobody holds the lock for. A failure is left to the next run,
    /// for a killed run's pip may still be writing.
    pub(super) fn remove_leftovers(&self) {
        for entry in names(&self.folder).unwrap_or_default() {
            let Some((name, _)) = entry.split_once(PARTIAL) else {
                continue;
            };
            let is_dead = name == self.name
                || File::open(lock_path(&self.folder, name)).is_ok_and(|lock| lock.try_lock().is_ok());
            if is_dead {
                let _ = remove(&self.folder.join(entry));
            }
        }
    }
}

fn lock_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.lock"))
}
