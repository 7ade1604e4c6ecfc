//! A runtime folder is checked before anything in it is used.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use std::fs;

use lex_runtime::{Error, Platform, Runtime};
use support::{marker, runtime, write};

#[test]
fn a_complete_runtime_opens_in_any_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = runtime(&folder.path().join("with space, cömma and ☃"));
    let opened = Runtime::open(&root).unwrap();
    assert_eq!(opened.root(), root);
    assert_eq!(opened.platform(), Platform::host().unwrap());
    assert_eq!(opened.python_version(), "3.12.3");
    assert!(!opened.has_tensorflow());
    assert!(opened.python().is_file());
    assert!(opened.library().is_file());
    assert!(opened.site_packages().starts_with(&root));
}

#[cfg(unix)]
#[test]
fn links_and_relative_parts_are_resolved() {
    let folder = tempfile::tempdir().unwrap();
    let root = runtime(&folder.path().join("real"));
    std::os::unix::fs::symlink(&root, folder.path().join("link")).unwrap();
    let opened = Runtime::open(folder.path().join("real/../link")).unwrap();
    assert_eq!(opened.root(), root);
}

#[test]
fn an_absent_or_half_done_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let absent = Runtime::open(folder.path().join("absent")).unwrap_err();
    assert!(matches!(absent, Error::NotARuntime { .. }), "{absent}");
    let root = runtime(folder.path());
    fs::remove_file(root.join("lex-runtime.json")).unwrap();
    let half_done = Runtime::open(&root).unwrap_err();
    assert!(matches!(half_done, Error::NotARuntime { .. }), "{half_done}");
    assert!(half_done.hint().unwrap().contains("make bundle"));
}

#[test]
fn a_marker_that_is_not_understood_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = runtime(folder.path());
    for text in [&b"{"[..], b"{}", b"\xff\xfe"] {
        write(&root.join("lex-runtime.json"), text);
        let error = Runtime::open(&root).unwrap_err();
        assert!(matches!(error, Error::UnreadableMarker { .. }), "{error}");
        assert!(error.to_string().contains("lex-runtime.json"), "{error}");
    }
}

#[test]
fn another_platform_or_python_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let root = runtime(folder.path());
    let host = Platform::host().unwrap();
    let other = Platform::ALL.into_iter().find(|platform| *platform != host).unwrap();
    let error = Runtime::open_for(&root, other).unwrap_err();
    assert!(error.to_string().contains(&format!("is for {host}; expected {other}")), "{error}");

    for version in ["3.11.9", "3.120.1", "3.13.0", "4.3.12"] {
        write(&root.join("lex-runtime.json"), marker(host.name(), version));
        let error = Runtime::open(&root).unwrap_err();
        assert!(error.to_string().contains(&format!("is version {version}; expected 3.12")), "{error}");
    }
}

#[test]
fn a_lost_interpreter_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let python = Runtime::open(runtime(folder.path())).unwrap().python();
    fs::remove_file(&python).unwrap();
    let error = Runtime::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains(python.to_str().unwrap()), "{error}");
}

#[test]
fn platforms_have_the_names_of_the_manifest() {
    for platform in Platform::ALL {
        assert_eq!(platform.name().parse::<Platform>().unwrap(), platform);
    }
    assert_eq!(Platform::from_target("macos", "aarch64").unwrap(), Platform::DarwinAarch64);
    let error = "linux-riscv64".parse::<Platform>().unwrap_err();
    assert!(error.to_string().contains("`linux-riscv64`") && error.to_string().contains("windows-x86_64"), "{error}");
}
