//! Making the runtime: once per machine and set of inputs, in the user's cache folder.

mod archive;
mod bundle;
mod files;
mod interpreter;
mod openmp;
mod package;
mod prune;
mod tools;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use self::archive::vendor;
pub use self::bundle::bundle;
pub use self::tools::tools;

use self::archive::{Archive, Manifest};
use self::files::{Lock, hexadecimal, read, write};
use crate::runtime::{Layout, MARKER_FILE, Marker};
use crate::{Error, Platform, Runtime};

/// Raised whenever the steps below give another folder for the same inputs.
const STEPS_VERSION: u32 = 1;

pub(crate) use crate::cache::CACHE_VARIABLE;
pub(crate) const TENSORFLOW_VARIABLE: &str = "LEX_LEARNING_TENSORFLOW";

/// What to prepare, and where.
#[derive(Debug, Clone)]
pub struct PrepareOptions {
    /// The folder of `lex-learning`, with `runtime/python` and `python/lex_learning` below.
    pub project_root: PathBuf,
    /// Default: the one this program was built for.
    pub platform: Platform,
    /// Whether to install `TensorFlow`. Default: on `linux-x86_64` only, or what `LEX_LEARNING_TENSORFLOW` says.
    pub tensorflow: bool,
    /// Holds the prepared runtimes. Default: `lex-learning` in the user's cache folder, or what `LEX_LEARNING_CACHE`
    /// says.
    pub cache: PathBuf,
    /// Told of each slow step. Default: tells nobody.
    pub report: fn(&str),
}

impl PrepareOptions {
    /// The defaults for a project, with what the environment says.
    ///
    /// # Errors
    ///
    /// * [`Error::UnsupportedPlatform`]: no runtime exists for this platform.
    /// * [`Error::EnvironmentVariable`]: `LEX_LEARNING_TENSORFLOW` is neither `0` nor `1`, or the user has no cache
    ///   folder and `LEX_LEARNING_CACHE` is not set.
    pub fn from_environment(project_root: impl Into<PathBuf>) -> Result<Self, Error> {
        let platform = Platform::host()?;
        Ok(Self {
            project_root: project_root.into(),
            platform,
            tensorflow: tensorflow_from_environment()?.unwrap_or(platform == Platform::LinuxX86_64),
            cache: cache_from_environment()?,
            report: |_| {},
        })
    }

    fn python_project(&self) -> PathBuf {
        self.project_root.join("python").join("lex_learning")
    }

    fn requirements(&self) -> Vec<PathBuf> {
        let mut names = vec!["requirements.lock"];
        if self.tensorflow {
            names.push("requirements-tensorflow.lock");
        }
        names.into_iter().map(|name| self.python_project().join(name)).collect()
    }

    fn package_sources(&self) -> PathBuf {
        self.python_project().join("src").join("lex_learning")
    }
}

/// Makes the runtime, or finds it made, and brings the `lex_learning` in it up to date.
///
/// Callers at the same time share one copy: the second waits. A run that was killed leaves nothing that is used.
///
/// # Errors
///
/// * [`Error::ForeignPlatform`], [`Error::TensorflowUnavailable`]: the options ask for what cannot be made here.
/// * [`Error::Manifest`], [`Error::Checksum`]: the interpreter's archive is not the pinned one.
/// * [`Error::Command`]: a download or an installation failed.
/// * [`Error::File`]: a file could not be read or written.
pub fn prepare(options: &PrepareOptions) -> Result<Runtime, Error> {
    check(options)?;
    let archive = Manifest::read(&options.project_root)?.archive(options.platform)?;
    let hash = input_hash(options, &archive)?;
    let name = format!("{}-{hash}", options.platform);
    let runtimes = options.cache.join("runtime");
    let lock = Lock::acquire(&runtimes, &name)?;
    let root = runtimes.join(&name);
    let runtime = match Runtime::open_for(&root, options.platform) {
        Ok(runtime) => runtime,
        Err(_) => make(options, &archive, hash, &lock, &root)?,
    };
    package::install(&options.package_sources(), &runtime)?;
    Ok(runtime)
}

fn make(options: &PrepareOptions, archive: &Archive, hash: String, lock: &Lock, root: &Path) -> Result<Runtime, Error> {
    lock.remove_leftovers();
    files::remove(root)?;
    let partial = lock.partial_folder()?;
    archive.unpack(&partial, options.report)?;
    let new = partial.join("python");
    let layout = Layout(options.platform);
    let python_version = interpreter::version(&layout.python(&new))?;

    (options.report)("installing the packages");
    interpreter::install(&layout.python(&new), &options.requirements())?;
    openmp::share(options.platform, &new)?;
    prune::prune(options.platform, &new)?;
    (options.report)("compiling bytecode");
    interpreter::compile(&layout.python(&new), &layout.standard_library(&new), &new)?;
    let marker = Marker {
        platform: options.platform,
        python_version,
        tensorflow: options.tensorflow,
        input_hash: hash,
        created_by: concat!("lex-runtime ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    write_marker(&new, &marker)?;
    files::rename(&new, root)?;
    files::remove(&partial)?;
    Runtime::open_for(root, options.platform)
}

fn write_marker(root: &Path, marker: &Marker) -> Result<(), Error> {
    let path = root.join(MARKER_FILE);
    let text = serde_json::to_string_pretty(marker)
        .map_err(|error| Error::UnreadableMarker { path: path.clone(), reason: error.to_string() })?;
    write(&path, text + "\n")
}

fn check(options: &PrepareOptions) -> Result<(), Error> {
    if options.tensorflow && options.platform == Platform::DarwinX86_64 {
        return Err(Error::TensorflowUnavailable(options.platform));
    }
    let host = Platform::host()?;
    if options.platform != host {
        return Err(Error::ForeignPlatform { platform: options.platform, host });
    }
    fs::create_dir_all(&options.cache).map_err(files::failed("create", &options.cache))
}

/// Names the folder: everything it is made from, save for `lex_learning`, which is brought up to date in place.
fn input_hash(options: &PrepareOptions, archive: &Archive) -> Result<String, Error> {
    let mut hasher = Sha256::new();
    hasher.update(format!("{STEPS_VERSION} {} {}\n", archive.sha256, options.tensorflow));
    for path in options.requirements() {
        hasher.update(read(&path)?);
    }
    Ok(hexadecimal(hasher).chars().take(16).collect())
}

fn tensorflow_from_environment() -> Result<Option<bool>, Error> {
    match env::var_os(TENSORFLOW_VARIABLE) {
        None => Ok(None),
        Some(value) if value.is_empty() => Ok(None),
        Some(value) if value == "0" => Ok(Some(false)),
        Some(value) if value == "1" => Ok(Some(true)),
        Some(value) => Err(Error::EnvironmentVariable {
            name: TENSORFLOW_VARIABLE,
            found: format!("`{}`", value.display()),
            expected: "`0` or `1`",
        }),
    }
}

fn cache_from_environment() -> Result<PathBuf, Error> {
    crate::cache_folder().ok_or(Error::EnvironmentVariable {
        name: CACHE_VARIABLE,
        found: "not set".to_owned(),
        expected: "a folder, as this user has no cache folder",
    })
}
