//! Files that are there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::name::refused;
use super::record::DataFile;
use crate::{FeaturesError, Result};

pub(super) const METADATA: &str = "metadata.json";
pub(super) const PARAMS: &str = "params.json";
pub(super) const METRICS: &str = "metrics.json";
pub(super) const TAGS: &str = "tags.json";
pub(super) const ARTIFACTS: &str = "artifacts";
pub(super) const LOCK: &str = ".lock";

/// Writes beside the place, syncs and renames. On an error the file is what it was before.
pub(crate) fn write_atomically(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let beside = temporary(path);
    let written = File::create(&beside)
        .and_then(|mut file| {
            write(&mut file)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| sync_folder(path.parent()));
    written.map_err(|source| {
        // It may never have been made; what counts is the error before.
        let _ = fs::remove_file(&beside);
        FeaturesError::io(path, source)
    })
}

/// As [`write_atomically`], a value as JSON for people to read.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| unreadable(path, &error))?;
    text.push(b'\n');
    write_atomically(path, |file| file.write_all(&text))
}

/// A value from a JSON file; `None` if there is no such file.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| unreadable(path, &error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FeaturesError::io(path, error)),
    }
}

/// Size and sha256 of a file, read in pieces.
pub(super) fn describe(path: &Path) -> Result<DataFile> {
    let describe = || -> io::Result<DataFile> {
        let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
        let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
        loop {
            let count = reader.read(&mut piece)?;
            if count == 0 {
                break;
            }
            hash.update(&piece[..count]);
            bytes += count as u64;
        }
        Ok(DataFile { path: path.to_owned(), bytes, sha256: hexadecimal(&hash.finalize()) })
    };
    describe().map_err(|source| FeaturesError::io(path, source))
}

/// Of bytes in memory, in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unreadable(path: &Path, error: &serde_json::Error) -> FeaturesError {
    refused(path, format!("not what a run's file holds: {error}"), "restore the file, or remove the run's folder")
}

fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}

/// The rename itself is on the disk only when its folder is.
#[cfg(unix)]
fn sync_folder(folder: Option<&Path>) -> io::Result<()> {
    folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Elsewhere a folder cannot be opened as a file.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn sync_folder(_folder: Option<&Path>) -> io::Result<()> {
    Ok(())
}
