//! A file that remembers why it could not be written: Polars tells it as text at best, and of CSV files not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use polars::io::utils::file::{Writable, WritableTrait};
use polars::lazy::dsl::{SinkDestination, SinkTarget, SpecialEq};
use polars::prelude::PolarsResult;

use crate::error::{FeaturesError, Result};
use crate::files::{Unfinished, folder_of};

/// Lets Polars write a file, which is there as a whole or not at all. Its folder is made where it is missing.
///
/// # Errors
/// [`FeaturesError::Io`] and [`FeaturesError::DiskFull`] where the disk refused, [`FeaturesError::Polars`] for all else.
pub(crate) fn write_whole(path: &Path, write: impl FnOnce(Writer) -> PolarsResult<()>) -> Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(|source| FeaturesError::io(folder, source))?;
    let unfinished = Unfinished::new(path);
    let file = File::create(unfinished.path()).map_err(|source| FeaturesError::io(path, source))?;
    let failure = Arc::default();
    let written = write(Writer { file, failure: Arc::clone(&failure) });
    if let Some(source) = failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(FeaturesError::io(path, source));
    }
    written.map_err(|source| FeaturesError::polars("computing the table", source))?;
    unfinished.finish()
}

/// The file.
pub(crate) struct Writer {
    file: File,
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl Writer {
    /// The end of a plan.
    pub(super) fn into_destination(self) -> SinkDestination {
        let writer = Arc::new(Mutex::new(Some(Writable::Dyn(Box::new(self)))));
        SinkDestination::File { target: SinkTarget::Dyn(SpecialEq::new(writer)) }
    }

    /// Keeps the first error.
    fn keep<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &outcome
            && error.kind() != io::ErrorKind::Interrupted
        {
            let copy = error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(copy);
        }
        outcome
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        self.keep(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.file.flush();
        self.keep(flushed)
    }
}

impl WritableTrait for Writer {
    fn close(&mut self) -> io::Result<()> {
        self.flush()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.keep(self.file.sync_all())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.keep(self.file.sync_data())
    }
}
