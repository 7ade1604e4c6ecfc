//! Preparing makes a complete runtime once, whoever asks and whatever was left behind.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use std::fs;
use std::thread;

use lex_runtime::{Error, Platform, prepare};
use support::project::{Project, calls, installed};
use support::write;

#[test]
fn a_runtime_is_made_once_complete_and_without_links() {
    let project = Project::new();
    let runtime = prepare(&project.options).unwrap();
    assert_eq!(runtime.python_version(), "3.12.99");
    assert!(!runtime.root().join("bin/python3").exists());
    assert!(!runtime.site_packages().join("big/tests/test_all.py").exists());
    assert!(!runtime.site_packages().join("numpy/libm.a").exists());
    assert!(runtime.site_packages().join("big/testing.py").exists());
    let first = calls(&runtime);
    assert!(first.contains("-I -m pip install --require-hashes"), "{first}");
    assert!(first.contains("--invalidation-mode unchecked-hash"), "{first}");

    assert_eq!(prepare(&project.options).unwrap(), runtime);
    assert_eq!(calls(&runtime), first, "a second call had work to do");
}

#[test]
fn the_package_is_refreshed_in_place_when_it_differs() {
    let project = Project::new();
    let runtime = prepare(&project.options).unwrap();
    assert!(installed(&runtime, "py.typed").exists());
    assert!(!installed(&runtime, "__pycache__").exists(), "stale bytecode was copied");

    project.write_source("__init__.py", "VALUE = 2\n");
    project.write_source("models/new.py", "");
    fs::remove_file(project.options.project_root.join("python/lex_learning/src/lex_learning/py.typed")).unwrap();
    let refreshed = prepare(&project.options).unwrap();
    assert_eq!(refreshed.root(), runtime.root());
    assert_eq!(fs::read_to_string(installed(&runtime, "__init__.py")).unwrap(), "VALUE = 2\n");
    assert!(installed(&runtime, "models/new.py").exists());
    assert!(!installed(&runtime, "py.typed").exists());
}

#[test]
fn other_inputs_make_another_runtime() {
    let mut project = Project::new();
    let first = prepare(&project.options).unwrap();
    write(&project.options.project_root.join("python/lex_learning/requirements.lock"), "# changed\n");
    let second = prepare(&project.options).unwrap();
    project.options.tensorflow = true;
    let third = prepare(&project.options).unwrap();
    assert!(third.has_tensorflow());
    assert_ne!(first.root(), second.root());
    assert_ne!(second.root(), third.root());
}

#[test]
fn a_tampered_or_unpinned_archive_is_refused() {
    let project = Project::new();
    let archive = project.archive_folder().join("python.tar.gz");
    let mut bytes = fs::read(&archive).unwrap();
    bytes.push(0);
    fs::write(&archive, bytes).unwrap();
    let error = prepare(&project.options).unwrap_err();
    assert!(matches!(&error, Error::Checksum { path, .. } if *path == archive), "{error}");
    assert!(!project.entries().iter().any(|name| !name.contains(".lock") && !name.contains(".partial-")));

    fs::rename(&archive, archive.with_file_name("other.tar.gz")).unwrap();
    let error = prepare(&project.options).unwrap_err();
    assert!(error.to_string().contains("it has no pin for"), "{error}");
}

#[test]
fn a_half_done_or_dead_run_is_done_again() {
    let project = Project::new();
    let runtime = prepare(&project.options).unwrap();
    let name = runtime.root().file_name().unwrap().to_str().unwrap();
    let dead = project.options.cache.join("runtime").join(format!("{name}.partial-1"));
    write(&dead.join("python/half"), "");
    fs::remove_file(runtime.root().join("lex-runtime.json")).unwrap();
    write(&runtime.root().join("leftover"), "");

    let again = prepare(&project.options).unwrap();
    assert_eq!(again, runtime);
    assert!(!again.root().join("leftover").exists());
    assert!(!dead.exists());
}

#[test]
fn callers_at_the_same_time_share_one_copy() {
    let project = Project::new();
    let roots: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = (0..4).map(|_| scope.spawn(|| prepare(&project.options).unwrap())).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(roots.iter().all(|runtime| *runtime == roots[0]));
    assert_eq!(calls(&roots[0]).matches("pip install").count(), 1);
    assert!(!project.entries().iter().any(|name| name.contains(".partial-")));
}

#[test]
fn what_cannot_be_made_here_is_refused() {
    let mut project = Project::new();
    let host = project.options.platform;
    project.options.platform = Platform::DarwinX86_64;
    project.options.tensorflow = true;
    assert!(matches!(prepare(&project.options), Err(Error::TensorflowUnavailable(_))));
    project.options.tensorflow = false;
    project.options.platform = Platform::ALL.into_iter().find(|platform| *platform != host).unwrap();
    assert!(matches!(prepare(&project.options), Err(Error::ForeignPlatform { .. })));
}
