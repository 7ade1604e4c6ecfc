//! What is asked of Python, and what becomes of its answers. Python itself is tested in Python.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::command::{document, errors, features_pipeline, printed};

/// A program in the place of Python.
fn python(folder: &Path, script: &str) -> String {
    let path = folder.join("python");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn python_is_told_what_to_export_and_its_report_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let report = r#"{"to": "sqlite:///mlflow.db", "added": ["a/1", "a/2"], "updated": [], "unchanged": ["b/1"], "broken": ["c: bad"]}"#;
    let python = python(folder.path(), &format!("echo \"$@\" > given\necho '{report}'"));
    let arguments = ["mlflow-export", "--to", "sqlite:///mlflow.db", "--name", "a b", "--python", &python];
    let text = printed(&features_pipeline(folder.path(), arguments));
    assert_eq!(text, "2 runs added, 0 updated, 1 unchanged: sqlite:///mlflow.db\nleft out: c: bad\n");
    let given = fs::read_to_string(folder.path().join("given")).unwrap();
    assert_eq!(given, "-P -m lex_learning.experiments --to sqlite:///mlflow.db --experiments experiments --name a b\n");
    let output = features_pipeline(folder.path(), arguments.iter().chain(&["--json"]));
    assert_eq!(document(&output)["added"][1], "a/2");
}

#[test]
fn failures_of_python_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |script: &str| {
        let python = python(folder.path(), script);
        let output = features_pipeline(folder.path(), ["mlflow-export", "--to", "x", "--python", &python]);
        assert_eq!(output.status.code(), Some(1));
        errors(&output)
    };
    let error = fails(r#"echo '{"error": {"message": "no such place", "hint": "Look elsewhere."}}'; exit 1"#);
    assert!(error.contains("error: no such place\nhint: Look elsewhere.\n"), "{error}");
    let error = fails("echo 'No module named lex_learning' >&2; exit 1");
    assert!(error.contains("No module named lex_learning") && error.contains("hint: "), "{error}");
    let output = features_pipeline(folder.path(), ["mlflow-export", "--to", "x", "--python", "no/such/python"]);
    assert!(errors(&output).contains("no/such/python cannot be run"));
}
