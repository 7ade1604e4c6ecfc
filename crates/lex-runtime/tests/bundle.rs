//! What leaves the cache: a copy to ship, and the tools that never are.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use lex_runtime::{Error, bundle, prepare, tools};
use support::project::{Project, installed};
use support::write;

#[test]
fn a_bundle_is_a_runtime_without_development_files_and_replaces_only_runtimes() {
    let project = Project::new();
    let runtime = prepare(&project.options).unwrap();
    let destination = project.folder.path().join("app/runtime/python").join(runtime.platform().name());
    for _ in 0..2 {
        let shipped = bundle(&runtime, &destination).unwrap();
        assert!(installed(&shipped, "__init__.py").exists());
        assert!(shipped.site_packages().join("big/testing.py").exists());
        assert!(!shipped.site_packages().join("big/core.pyx").exists());
        assert!(!shipped.site_packages().join("pip").exists());
    }
    let occupied = project.folder.path().join("documents");
    write(&occupied.join("thesis.txt"), "");
    assert!(matches!(bundle(&runtime, &occupied), Err(Error::Occupied(path)) if path == occupied));
    assert!(occupied.join("thesis.txt").exists());
}

#[test]
fn tools_leave_out_what_the_runtime_has() {
    let project = Project::new();
    let package = project.options.project_root.join("python/lex_learning");
    write(&package.join("requirements.lock"), "numpy==2.0 \\\n    --hash=sha256:aa\n");
    write(
        &package.join("requirements-dev.lock"),
        "# made by a program\nnumpy==2.0 \\\n    --hash=sha256:aa\nruff==1.0 ; python_version > '3' \\\n    --hash=sha256:bb\n",
    );
    // The script installs nothing, so that the folder to move into place is missing.
    let error = tools(&project.options).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    let lock = find(&project.options.cache.join("tools"), "requirements.lock");
    assert_eq!(fs::read_to_string(lock).unwrap(), "ruff==1.0 ; python_version > '3' \\\n    --hash=sha256:bb\n");
}

fn find(folder: &Path, name: &str) -> PathBuf {
    let mut folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join(name));
    folders.find(|path| path.is_file()).unwrap()
}
