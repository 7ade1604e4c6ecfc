//! Where an app's runtime may be, and in which order.

use std::env;
use std::path::{Path, PathBuf};

use crate::{Error, Platform, Runtime};

/// The variable that names a ready runtime.
pub(crate) const RUNTIME_VARIABLE: &str = "LEX_LEARNING_RUNTIME";

/// What a search for the runtime goes by.
///
/// [`locate`] fills it from the running program. Filled by hand it answers for another program:
///
/// ```
/// use lex_runtime::Search;
///
/// let search = Search { executable: Some("/opt/app/bin/app".into()), ..Search::default() };
/// let error = search.run().unwrap_err();
/// assert!(error.to_string().contains("/opt/app/bin/runtime/python"));
/// assert!(error.to_string().contains("/opt/app/lib/app/runtime/python"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A runtime named by the caller. It alone is tried. Default: none.
    pub explicit: Option<PathBuf>,
    /// A runtime named by the environment. It alone is tried when `explicit` is not set. Default: none.
    pub environment: Option<PathBuf>,
    /// The app's executable, around which bundlers put resources. Default: none.
    pub executable: Option<PathBuf>,
    /// The runtime that the app was built with, tried last. Default: none.
    pub development: Option<PathBuf>,
}

impl Search {
    /// Opens the first usable runtime.
    ///
    /// Searched beside the executable (Windows, Linux), in `../Resources` (a macOS bundle) and in
    /// `../lib/<executable>` (a Linux package or `AppImage`), each with `runtime/python/<platform>` below; then in the
    /// development folder.
    ///
    /// # Errors
    ///
    /// * [`Error::NamedRuntime`]: `explicit` or `environment` is set and cannot be used.
    /// * [`Error::NotFound`]: no place holds a usable runtime; each is listed with what was wrong there.
    /// * [`Error::UnsupportedPlatform`]: there is none for this platform.
    pub fn run(&self) -> Result<Runtime, Error> {
        if let Some(path) = &self.explicit {
            return open_named("the path given for the runtime", path);
        }
        if let Some(path) = &self.environment {
            return open_named("the environment variable `LEX_LEARNING_RUNTIME`", path);
        }
        let mut refused = Vec::new();
        for place in self.places(Platform::host()?) {
            match Runtime::open(&place) {
                Ok(runtime) => return Ok(runtime),
                Err(error) => refused.push((place, error)),
            }
        }
        Err(Error::NotFound(refused))
    }

    fn places(&self, platform: Platform) -> Vec<PathBuf> {
        let mut places = Vec::new();
        if let Some((folder, name)) = self.executable.as_deref().and_then(folder_and_name) {
            let up = folder.parent().unwrap_or(folder);
            for resources in [folder.to_owned(), up.join("Resources"), up.join("lib").join(name)] {
                places.push(resources.join(platform.resource_path()));
            }
        }
        places.extend(self.development.clone());
        places
    }
}

/// Finds the runtime for the running program: `explicit`, the variable `LEX_LEARNING_RUNTIME`, the places around the
/// executable, `development`. The first two are not searched past when they are wrong.
///
/// # Errors
///
/// As [`Search::run`].
pub fn locate(explicit: Option<&Path>, development: Option<&Path>) -> Result<Runtime, Error> {
    let executable = env::current_exe().ok();
    Search {
        explicit: explicit.map(Path::to_owned),
        environment: named_in_environment(),
        // An executable reached through a link has its resources where the link leads.
        executable: executable.map(|path| dunce::canonicalize(&path).unwrap_or(path)),
        development: development.map(Path::to_owned),
    }
    .run()
}

/// The value of `LEX_LEARNING_RUNTIME`; set but empty is not set.
pub(crate) fn named_in_environment() -> Option<PathBuf> {
    env::var_os(RUNTIME_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn open_named(origin: &'static str, path: &Path) -> Result<Runtime, Error> {
    Runtime::open(path).map_err(|source| Error::NamedRuntime { origin, source: Box::new(source) })
}

fn folder_and_name(executable: &Path) -> Option<(&Path, &std::ffi::OsStr)> {
    Some((executable.parent()?, executable.file_name()?))
}
