//! For build scripts: what Cargo and the linker have to know of the runtime.
//!
//! An executable that embeds the interpreter loads its shared library before `main`, so the linker writes into it where
//! that is. Cargo passes such instructions to the package that prints them only, hence the one call in an app's `build.rs`.
#![allow(clippy::print_stdout, reason = "Cargo reads a build script's instructions from its standard output")]

use std::env;
use std::path::{Path, PathBuf};

use crate::{Error, Platform};

/// What Cargo calls the `RUNTIME` that lex-learning's build script announces, in the build script of a dependent.
const DEPENDENCY_VARIABLE: &str = "DEP_LEX_LEARNING_RUNTIME";

/// Makes an app's executables find the runtime: the one call in the `build.rs` of an app that depends on lex-learning.
///
/// They look beside themselves, where bundlers put resources, and last in the runtime of this machine, so that both
/// `cargo run` and a shipped app start. On Windows the libraries are copied beside the executable instead. A failure is
/// reported to Cargo, which then fails the build with it.
pub fn link_app() {
    report(try_link_app());
}

fn try_link_app() -> Result<(), Error> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={DEPENDENCY_VARIABLE}");
    if env::var_os("DOCS_RS").is_some() {
        return Ok(());
    }
    let runtime = variable(
        DEPENDENCY_VARIABLE,
        "what lex-learning's build sets: add lex-learning, with its feature `python`, to [dependencies] of this package",
    )?;
    let platform = target()?;
    let library_folder = if platform.is_windows() { PathBuf::from(&runtime) } else { Path::new(&runtime).join("lib") };
    link_executables(platform, &library_folder)
}

/// Prepares the runtime (or takes `LEX_LEARNING_RUNTIME`), links lex-learning to it, and announces it to dependents.
///
/// For lex-learning's own build script. Does nothing for docs.rs, or without the feature `python`. A failure is reported
/// to Cargo, which then fails the build with it.
#[cfg(feature = "prepare")]
pub fn link_library() {
    report(try_link_library());
}

#[cfg(feature = "prepare")]
fn try_link_library() -> Result<(), Error> {
    use crate::locate::{RUNTIME_VARIABLE, named_in_environment};
    use crate::prepare::{CACHE_VARIABLE, TENSORFLOW_VARIABLE};
    use crate::{PrepareOptions, Runtime};

    println!("cargo::rerun-if-changed=build.rs");
    for name in [RUNTIME_VARIABLE, CACHE_VARIABLE, TENSORFLOW_VARIABLE] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    if env::var_os("DOCS_RS").is_some() || env::var_os("CARGO_FEATURE_PYTHON").is_none() {
        return Ok(());
    }
    let platform = target()?;
    let runtime = if let Some(path) = named_in_environment() {
        Runtime::open_for(path, platform)
            .map_err(|source| Error::NamedRuntime { origin: RUNTIME_VARIABLE, source: Box::new(source) })?
    } else {
        for path in ["runtime/python", "python/lex_learning/src", "python/lex_learning/requirements.lock"] {
            println!("cargo::rerun-if-changed={path}");
        }
        println!("cargo::rerun-if-changed=python/lex_learning/requirements-tensorflow.lock");
        let root = variable("CARGO_MANIFEST_DIR", "what Cargo sets for a build script")?;
        let mut options = PrepareOptions::from_environment(root)?;
        options.platform = platform;
        crate::prepare(&options)?
    };
    // The library is as old as its archive: a newer file here would make Cargo run this script twice.
    println!("cargo::rerun-if-changed={}", text(&runtime.library())?);
    println!("cargo::metadata=RUNTIME={}", text(runtime.root())?);
    println!("cargo::rustc-env=LEX_LEARNING_DEVELOPMENT_RUNTIME={}", text(runtime.root())?);
    let output = PathBuf::from(variable("OUT_DIR", "what Cargo sets for a build script")?);
    place_library(&runtime, &output)?;
    println!("cargo::rustc-link-search=native={}", text(&output)?);
    link_executables(platform, &runtime.library_dir())
}

/// Puts the library, under the name it is linked by and the one it is loaded by, into a folder that Cargo adds to the
/// search path of what it runs. Doctests and the programs of dependents start by it.
#[cfg(feature = "prepare")]
fn place_library(runtime: &crate::Runtime, output: &Path) -> Result<(), Error> {
    let library = runtime.library();
    if runtime.platform().is_windows() {
        return copy_libraries(runtime.root(), output);
    }
    let linked = output.join(if runtime.platform().is_macos() { "libpython3.12.dylib" } else { "libpython3.12.so" });
    let loaded = output.join(library.file_name().unwrap_or_default());
    for link in [&linked, &loaded] {
        let _ = std::fs::remove_file(link);
        #[cfg(unix)]
        std::os::unix::fs::symlink(&library, link)
            .or_else(|error| if linked == loaded && link.exists() { Ok(()) } else { Err(error) })
            .map_err(|source| Error::File { action: "link the Python library to", path: link.clone(), source })?;
    }
    Ok(())
}

fn link_executables(platform: Platform, library_folder: &Path) -> Result<(), Error> {
    if platform.is_windows() {
        // A load-time import is searched beside the executable, which is three folders above OUT_DIR.
        let output = PathBuf::from(variable("OUT_DIR", "what Cargo sets for a build script")?);
        return output.ancestors().nth(3).map_or(Ok(()), |profile| copy_libraries(library_folder, profile));
    }
    let resources = platform.resource_path();
    let resources = format!("{}/lib", text(&resources)?);
    if platform.is_macos() {
        println!("cargo::rustc-link-arg=-Wl,-headerpad_max_install_names");
        link_path(&format!("@executable_path/{resources}"));
        link_path(&format!("@executable_path/../Resources/{resources}"));
    } else {
        // The newer kind of path gives way to LD_LIBRARY_PATH, which AppImages set.
        println!("cargo::rustc-link-arg=-Wl,--disable-new-dtags");
        link_path(&format!("$ORIGIN/{resources}"));
        let name = variable("CARGO_PKG_NAME", "what Cargo sets for a build script")?;
        link_path(&format!("$ORIGIN/../lib/{name}/{resources}"));
    }
    link_path(text(library_folder)?);
    Ok(())
}

/// As single words, for a path may hold the comma that `-Wl` splits at.
fn link_path(path: &str) {
    for word in ["-Xlinker", "-rpath", "-Xlinker", path] {
        println!("cargo::rustc-link-arg={word}");
    }
}

fn copy_libraries(from: &Path, to: &Path) -> Result<(), Error> {
    for name in ["python312.dll", "python3.dll", "vcruntime140.dll", "vcruntime140_1.dll"] {
        let (source, target) = (from.join(name), to.join(name));
        if source.is_file() {
            std::fs::copy(&source, &target).map_err(|source| Error::File {
                action: "copy a Python library to",
                path: target,
                source,
            })?;
        }
    }
    Ok(())
}

fn target() -> Result<Platform, Error> {
    let system = variable("CARGO_CFG_TARGET_OS", "what Cargo sets for a build script")?;
    Platform::from_target(&system, &variable("CARGO_CFG_TARGET_ARCH", "what Cargo sets for a build script")?)
}

fn variable(name: &'static str, expected: &'static str) -> Result<String, Error> {
    env::var(name).map_err(|_| Error::EnvironmentVariable { name, found: "not set".to_owned(), expected })
}

fn text(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| Error::NotUtf8(path.to_owned()))
}

fn report(result: Result<(), Error>) {
    if let Err(error) = result {
        for line in error.report().lines() {
            println!("cargo::error={line}");
        }
    }
}
