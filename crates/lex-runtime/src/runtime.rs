//! A runtime folder, checked before anything in it is used.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Error, Platform};

/// Written last, so that a folder with it is complete.
pub(crate) const MARKER_FILE: &str = "lex-runtime.json";
/// The `CPython` that `lex-learning` is built for.
pub(crate) const PYTHON_VERSION: &str = "3.12";

/// What the marker file says of the runtime it lies in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    pub(crate) platform: Platform,
    pub(crate) python_version: String,
    pub(crate) tensorflow: bool,
    /// Names everything that the runtime was made from, save for `lex_learning` itself.
    pub(crate) input_hash: String,
    pub(crate) created_by: String,
}

/// A complete `CPython` runtime for this platform, at an absolute path.
///
/// ```
/// use lex_runtime::{Error, Runtime};
///
/// let half_done = std::env::temp_dir();
/// assert!(matches!(Runtime::open(half_done), Err(Error::NotARuntime { .. })));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    root: PathBuf,
    marker: Marker,
}

impl Runtime {
    /// Opens the runtime in a folder; links are followed and the path is made absolute.
    ///
    /// # Errors
    ///
    /// * [`Error::NotARuntime`]: the folder or its marker file is absent, so it is not a runtime or only half of one.
    /// * [`Error::UnreadableMarker`]: the marker file is there but not understood.
    /// * [`Error::WrongPlatform`], [`Error::WrongPythonVersion`]: it was made for something else.
    /// * [`Error::Incomplete`]: the interpreter or its library is missing.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_for(path, Platform::host()?)
    }

    /// As [`Runtime::open`], for another platform than the one this program was built for.
    ///
    /// # Errors
    ///
    /// As [`Runtime::open`].
    pub fn open_for(path: impl AsRef<Path>, platform: Platform) -> Result<Self, Error> {
        let path = path.as_ref();
        let root = dunce::canonicalize(path).map_err(|source| Error::NotARuntime { path: path.to_owned(), source })?;
        let marker_path = root.join(MARKER_FILE);
        let text = fs::read_to_string(&marker_path).map_err(|source| match source.kind() {
            ErrorKind::InvalidData => Error::UnreadableMarker { path: marker_path.clone(), reason: source.to_string() },
            _ => Error::NotARuntime { path: root.clone(), source },
        })?;
        let marker: Marker = serde_json::from_str(&text)
            .map_err(|error| Error::UnreadableMarker { path: marker_path, reason: error.to_string() })?;
        if marker.platform != platform {
            return Err(Error::WrongPlatform { path: root, found: marker.platform, expected: platform });
        }
        if !is_supported(&marker.python_version) {
            return Err(Error::WrongPythonVersion { path: root, found: marker.python_version });
        }
        let runtime = Self { root, marker };
        for file in [runtime.python(), runtime.library()] {
            if !file.is_file() {
                return Err(Error::Incomplete { path: runtime.root, missing: file });
            }
        }
        Ok(runtime)
    }

    /// The folder itself, which is the interpreter's home.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What it was made for.
    pub fn platform(&self) -> Platform {
        self.marker.platform
    }

    /// The interpreter's version, such as `3.12.3`.
    pub fn python_version(&self) -> &str {
        &self.marker.python_version
    }

    /// Whether it holds `TensorFlow`, which the `neural_network` algorithm needs.
    pub fn has_tensorflow(&self) -> bool {
        self.marker.tensorflow
    }

    /// The interpreter that worker processes run: `bin/python3.12`, or `python.exe`.
    pub fn python(&self) -> PathBuf {
        Layout(self.platform()).python(&self.root)
    }

    /// The folder of the interpreter's shared library: `lib`, or the root on Windows.
    pub fn library_dir(&self) -> PathBuf {
        if self.platform().is_windows() { self.root.clone() } else { self.root.join("lib") }
    }

    /// The shared library that a host links.
    pub fn library(&self) -> PathBuf {
        let name = if self.platform().is_windows() {
            "python312.dll"
        } else if self.platform().is_macos() {
            "libpython3.12.dylib"
        } else {
            "libpython3.12.so.1.0"
        };
        self.library_dir().join(name)
    }

    /// Where the packages are.
    pub fn site_packages(&self) -> PathBuf {
        Layout(self.platform()).site_packages(&self.root)
    }
}

/// Paths inside a folder that may not be a runtime yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout(pub(crate) Platform);

impl Layout {
    pub(crate) fn python(self, root: &Path) -> PathBuf {
        if self.0.is_windows() { root.join("python.exe") } else { root.join("bin").join("python3.12") }
    }

    pub(crate) fn standard_library(self, root: &Path) -> PathBuf {
        if self.0.is_windows() { root.join("Lib") } else { root.join("lib").join("python3.12") }
    }

    pub(crate) fn site_packages(self, root: &Path) -> PathBuf {
        self.standard_library(root).join("site-packages")
    }
}

fn is_supported(version: &str) -> bool {
    version.strip_prefix(PYTHON_VERSION).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
