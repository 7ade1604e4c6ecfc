//! What is asked of Python, and what becomes of its answers. Python itself is tested in Python.

#![cfg(unix)]

use std::fs;

use crate::command::{document, errors, features_pipeline, printed};

/// What stands in the place of Python. It is no file of the test's own: one that was just written may not be run while
/// another thread starts a process.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/python.sh");

#[test]
fn python_is_told_what_to_export_and_its_report_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let report = r#"{"to": "sqlite:///mlflow.db", "added": ["a/1", "a/2"], "updated": [], "unchanged": ["b/1"], "broken": ["c: bad"]}"#;
    fs::write(
        folder.path().join("answer.sh"),
        format!("echo \"$@\" > given\nls \"$PYTHONPATH/lex_learning/experiments\" > module\necho '{report}'\n"),
    )
    .unwrap();
    let arguments = ["mlflow-export", "--to", "sqlite:///mlflow.db", "--name", "a b", "--python", PYTHON];
    let text = printed(&features_pipeline(folder.path(), arguments));
    assert_eq!(text, "2 runs added, 0 updated, 1 unchanged: sqlite:///mlflow.db\nleft out: c: bad\n");
    let given = fs::read_to_string(folder.path().join("given")).unwrap();
    assert_eq!(given, "-P -m lex_learning.experiments --to sqlite:///mlflow.db --experiments experiments --name a b\n");
    // The module is of this version, whatever the interpreter has.
    assert!(fs::read_to_string(folder.path().join("module")).unwrap().contains("mlflow_export.py"));
    let output = features_pipeline(folder.path(), arguments.iter().chain(&["--json"]));
    assert_eq!(document(&output)["added"][1], "a/2");
}

#[test]
fn failures_of_python_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |script: &str| {
        fs::write(folder.path().join("answer.sh"), script).unwrap();
        let output = features_pipeline(folder.path(), ["mlflow-export", "--to", "x", "--python", PYTHON]);
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
