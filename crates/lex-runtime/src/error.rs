//! What can go wrong with a runtime, and what to do then.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use crate::Platform;

/// Why a runtime could not be found, opened or made. [`Error::hint`] says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no runtime for this operating system and processor.
    #[error("no Python runtime exists for the platform `{0}`; expected one of {names}", names = platform_names())]
    UnsupportedPlatform(String),

    /// A folder holds no runtime, or one that was never finished.
    #[error("`{path}` is not a complete Python runtime: {source}")]
    NotARuntime {
        /// The folder.
        path: PathBuf,
        /// Why its marker file could not be read.
        source: io::Error,
    },

    /// The marker file of a runtime does not say what it should.
    #[error("could not understand `{path}`: {reason}")]
    UnreadableMarker {
        /// The marker file.
        path: PathBuf,
        /// What was not understood.
        reason: String,
    },

    /// The runtime is for another platform.
    #[error("the Python runtime in `{path}` is for {found}; expected {expected}")]
    WrongPlatform {
        /// The runtime's folder.
        path: PathBuf,
        /// What it was made for.
        found: Platform,
        /// What is needed.
        expected: Platform,
    },

    /// The runtime holds another version of Python.
    #[error("the Python runtime in `{path}` is version {found}; expected 3.12")]
    WrongPythonVersion {
        /// The runtime's folder.
        path: PathBuf,
        /// The version its marker names.
        found: String,
    },

    /// The runtime lost a file that everything else needs.
    #[error("the Python runtime in `{path}` is damaged: `{missing}` is missing")]
    Incomplete {
        /// The runtime's folder.
        path: PathBuf,
        /// The missing file.
        missing: PathBuf,
    },

    /// The runtime that was asked for by name cannot be used. No other is searched for then.
    #[error("{origin} does not name a usable Python runtime")]
    NamedRuntime {
        /// Who named it: the variable `LEX_LEARNING_RUNTIME`, or the caller.
        origin: &'static str,
        /// Why it cannot be used.
        source: Box<Error>,
    },

    /// No place that was searched holds a usable runtime.
    #[error("no Python runtime was found; looked in {list}", list = places(.0))]
    NotFound(
        /// Every place in the order of the search, with what was wrong there.
        Vec<(PathBuf, Error)>,
    ),

    /// A file or folder could not be read or written.
    #[error("could not {action} `{path}`")]
    File {
        /// What was tried, such as `read`.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A path has to go into Cargo's instructions, which are UTF-8 text.
    #[error("the path `{0}` is not UTF-8, which Cargo's build instructions have to be")]
    NotUtf8(PathBuf),

    /// An environment variable is missing or has a value that means nothing.
    #[error("the environment variable `{name}` is {found}; expected {expected}")]
    EnvironmentVariable {
        /// Its name.
        name: &'static str,
        /// Its value in quotes, or `not set`.
        found: String,
        /// What it may be.
        expected: &'static str,
    },

    /// A runtime is made by its own interpreter, so only on its own platform.
    #[error("cannot prepare a runtime for {platform} on {host}")]
    ForeignPlatform {
        /// What was asked for.
        platform: Platform,
        /// Where this runs.
        host: Platform,
    },

    /// No `TensorFlow` exists for the platform that works with the other packages.
    #[error("TensorFlow was asked for, but has no release for {0} that works with the other packages")]
    TensorflowUnavailable(Platform),

    /// The list of pinned interpreters is wrong or misses a platform.
    #[error("`{path}` is not usable: {reason}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong in it.
        reason: String,
    },

    /// A file is not the one that was pinned.
    #[error("`{path}` has the sha256 {found}; expected {expected}")]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The sha256 it has.
        found: String,
        /// The sha256 that the manifest pins.
        expected: String,
    },

    /// A program that does part of the work could not do it.
    #[error("`{command}` failed ({status}):\n{output}")]
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
        /// The last lines it wrote.
        output: String,
    },

    /// A library in the runtime is not what the pinned packages are known to hold.
    #[error("could not make `{path}` use the runtime's own OpenMP: {reason}")]
    OpenMp {
        /// The library.
        path: PathBuf,
        /// What was unexpected.
        reason: String,
    },

    /// The folder to bundle into holds something else than a runtime.
    #[error("`{0}` exists and is not a Python runtime, so it is not replaced")]
    Occupied(PathBuf),
}

impl Error {
    /// What to do next, where there is advice to give.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnsupportedPlatform(_) => "build for one of the platforms in runtime/python/manifest.toml",
            Self::NotARuntime { .. } | Self::UnreadableMarker { .. } | Self::Incomplete { .. } => {
                "make one with `make bundle DEST=<folder>`, or unset LEX_LEARNING_RUNTIME to have one prepared"
            }
            Self::WrongPlatform { .. } | Self::WrongPythonVersion { .. } => {
                "bundle the runtime on the platform that the app is for, from the same version of lex-learning"
            }
            Self::NamedRuntime { source, .. } => return source.hint(),
            Self::NotFound(_) => {
                "ship the folder that `make bundle DEST=<folder>` writes as runtime/python/<platform> beside the \
                 executable, or name it in LEX_LEARNING_RUNTIME"
            }
            Self::NotUtf8(_) => "move the project, its target folder and the cache to a path in UTF-8",
            Self::ForeignPlatform { .. } => {
                "prepare it on that platform with `make bundle DEST=<folder>` and name it in LEX_LEARNING_RUNTIME"
            }
            Self::TensorflowUnavailable(_) => "unset LEX_LEARNING_TENSORFLOW; only `neural_network` needs it",
            Self::Manifest { .. } => "compare it with the one in the repository",
            Self::Checksum { .. } => "the file is damaged or altered: restore it, or download it again",
            Self::Command { .. } => {
                "preparing needs the network (pip obeys PIP_INDEX_URL and PIP_FIND_LINKS) and 5 GB of free space; it can be \
                 repeated safely"
            }
            Self::OpenMp { .. } => "the locked packages have changed: adapt `crates/lex-runtime/src/prepare/openmp.rs`",
            Self::Occupied(_) => "name a folder that does not exist yet, or remove it first",
            Self::File { .. } | Self::EnvironmentVariable { .. } => return None,
        })
    }

    /// The message with all its causes and the hint, on lines of their own, for a person to read.
    pub fn report(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let message = error.to_string();
            if !text.contains(&message) {
                let _ = write!(text, "\ncaused by: {message}");
            }
            cause = error.source();
        }
        if let Some(hint) = self.hint() {
            let _ = write!(text, "\nhint: {hint}");
        }
        text
    }
}

fn platform_names() -> String {
    Platform::ALL.map(Platform::name).join(", ")
}

fn places(places: &[(PathBuf, Error)]) -> String {
    places.iter().fold(String::new(), |mut text, (path, error)| {
        let _ = write!(text, "\n  {}: {error}", path.display());
        text
    })
}
