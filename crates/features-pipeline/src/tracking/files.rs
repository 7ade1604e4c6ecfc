//! The files of a run's folder.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::name::refused;
use super::record::DataFile;
use crate::{FeaturesError, Result};

pub(super) const METADATA: &str = "metadata.json";
pub(super) const PARAMS: &str = "params.json";
pub(super) const METRICS: &str = "metrics.json";
pub(super) const JOURNAL: &str = "metrics.jsonl";
pub(super) const TAGS: &str = "tags.json";
pub(super) const ARTIFACTS: &str = "artifacts";
pub(super) const LOCK: &str = ".lock";

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
        let path = path.to_string_lossy().into_owned().into();
        Ok(DataFile { path, bytes, sha256: hexadecimal(&hash.finalize()) })
    };
    describe().map_err(|source| FeaturesError::io(path, source))
}

/// Of bytes in memory, in hexadecimal digits.
#[cfg(feature = "lex")]
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
