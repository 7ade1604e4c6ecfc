//! A folder that looks like a runtime, as far as finding one goes.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part; a failure here is a failed test")]

#[cfg(unix)]
pub(crate) mod project;

use std::fs;
use std::path::{Path, PathBuf};

use lex_runtime::Platform;

pub(crate) fn write(path: &Path, contents: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

pub(crate) fn marker(platform: &str, python_version: &str) -> String {
    format!(
        r#"{{"platform": "{platform}", "python_version": "{python_version}", "tensorflow": false,
            "input_hash": "0123456789abcdef", "created_by": "a test"}}"#
    )
}

/// Writes a runtime for this platform and gives its path as it is without links.
pub(crate) fn runtime(root: &Path) -> PathBuf {
    let files =
        ["bin/python3.12", "lib/libpython3.12.so.1.0", "lib/libpython3.12.dylib", "python.exe", "python312.dll"];
    for file in files {
        write(&root.join(file), "");
    }
    write(&root.join("lex-runtime.json"), marker(Platform::host().unwrap().name(), "3.12.3"));
    dunce::canonicalize(root).unwrap()
}
