//! A project with a small archive, whose interpreter is a shell script that notes what it is asked to do.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part; a failure here is a failed test")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use lex_runtime::{Error, PrepareOptions, Runtime, prepare};
use tempfile::TempDir;

use super::write;

const SCRIPT: &str = "#!/bin/sh
echo \"$@\" >> \"$(dirname \"$0\")/../calls\"
case \"$2\" in -c) echo 3.12.99 ;; esac
";

/// A project with an archive, its pin, lock files and a package; and a cache.
pub(crate) struct Project {
    pub(crate) folder: TempDir,
    pub(crate) options: PrepareOptions,
}

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project ö");
        let mut options = PrepareOptions::from_environment(&root).unwrap();
        options.cache = folder.path().join("cache with space ☃");
        options.tensorflow = false;
        let project = Self { folder, options };
        project.write_archive();
        project.pin(&"0".repeat(64));
        for name in ["requirements", "requirements-tensorflow", "requirements-dev"] {
            write(&root.join(format!("python/lex_learning/{name}.lock")), "# nothing\n");
        }
        project.write_source("__init__.py", "VALUE = 1\n");
        project.write_source("py.typed", "");
        project.write_source("__pycache__/__init__.pyc", "stale");
        match prepare(&project.options) {
            Err(Error::Checksum { found, .. }) => project.pin(&found),
            other => unreachable!("the first pin is wrong: {other:?}"),
        }
        project
    }

    pub(crate) fn archive_folder(&self) -> PathBuf {
        self.options.project_root.join("runtime/python").join(self.options.platform.name())
    }

    fn write_archive(&self) {
        let tree = self.folder.path().join("tree/python");
        write(&tree.join("bin/python3.12"), SCRIPT);
        fs::set_permissions(tree.join("bin/python3.12"), PermissionsExt::from_mode(0o755)).unwrap();
        symlink("python3.12", tree.join("bin/python3")).unwrap();
        for name in ["libpython3.12.so.1.0", "libpython3.12.dylib"] {
            write(&tree.join("lib").join(name), "library");
        }
        for name in ["big/tests/test_all.py", "big/testing.py", "big/core.pyx", "pip/__main__.py", "numpy/libm.a"] {
            write(&tree.join("lib/python3.12/site-packages").join(name), "");
        }
        let archive = self.archive_folder().join("python.tar.gz");
        write(&archive, "");
        let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(
            fs::File::create(archive).unwrap(),
            flate2::Compression::fast(),
        ));
        builder.follow_symlinks(false);
        builder.append_dir_all("python", &tree).unwrap();
        builder.into_inner().unwrap().finish().unwrap();
    }

    fn pin(&self, sha256: &str) {
        let platform = self.options.platform;
        let manifest = format!(
            "[{platform}]\nurl = \"https://example.invalid/upstream.tar.gz\"\nsha256 = \"{sha256}\"\n\
             committed = {{ file = \"python.tar.gz\", sha256 = \"{sha256}\" }}\n"
        );
        write(&self.options.project_root.join("runtime/python/manifest.toml"), manifest);
    }

    pub(crate) fn write_source(&self, name: &str, text: &str) {
        write(&self.options.project_root.join("python/lex_learning/src/lex_learning").join(name), text);
    }

    pub(crate) fn entries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.options.cache.join("runtime")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

pub(crate) fn calls(runtime: &Runtime) -> String {
    fs::read_to_string(runtime.root().join("calls")).unwrap()
}

pub(crate) fn installed(runtime: &Runtime, name: &str) -> PathBuf {
    runtime.site_packages().join("lex_learning").join(name)
}
