//! Arguments, exit codes and what goes where.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs `features-pipeline` in a folder, without the variables of whoever runs the tests.
pub(crate) fn features_pipeline<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(folder: &Path, arguments: I) -> Output {
    run(env!("CARGO_BIN_EXE_features-pipeline"), folder, arguments)
}

/// Runs `compare-experiments` in a folder.
pub(crate) fn compare_experiments<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(folder: &Path, arguments: I) -> Output {
    run(env!("CARGO_BIN_EXE_compare-experiments"), folder, arguments)
}

fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(program: &str, folder: &Path, arguments: I) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .env_remove("FEATURES_PIPELINE_PYTHON")
        .env_remove("PYTHONPATH")
        .output()
        .unwrap()
}

/// What a command that went well has printed.
pub(crate) fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), errors(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The document of a command with `--json`, well or not.
pub(crate) fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", errors(output)))
}

pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_options_are_those_of_the_specification() {
    let folder = tempfile::tempdir().unwrap();
    let help = |command: &[&str]| printed(&features_pipeline(folder.path(), command.iter().chain(&["--help"])));
    assert!(help(&[]).contains("Feature engineering and ML pipeline"));
    for (command, options) in [
        ("features", &["-c, --config", "[default: config/entrypoint.yaml]", "-o, --output"][..]),
        ("train", &["-d, --data", "-m, --model-config", "[default: config/model.yaml]"]),
        ("pipeline", &["-c, --config", "[default: config/entrypoint.yaml]"]),
        ("compare", &["--experiments-dir", "--sort", "--metric", "--json"]),
        ("mlflow-export", &["--to"]),
    ] {
        let help = help(&[command]);
        for option in options {
            assert!(help.contains(option), "{command}: {option}: {help}");
        }
    }
    assert!(printed(&features_pipeline(folder.path(), ["--version"])).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn exit_codes_tell_failures_from_misuse() {
    let folder = tempfile::tempdir().unwrap();
    let code = |arguments: &[&str]| features_pipeline(folder.path(), arguments).status.code();
    assert_eq!(code(&["schema"]), Some(0));
    assert_eq!(code(&["features"]), Some(1));
    assert_eq!(code(&[]), Some(2));
    assert_eq!(code(&["train"]), Some(2));
    assert_eq!(code(&["features", "--confg", "x"]), Some(2));
    assert_eq!(code(&["train", "--data", "x.csv", "--experiment", "a", "--no-tracking"]), Some(2));
}

#[test]
fn an_error_has_a_code_and_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let output = features_pipeline(folder.path(), ["compare"]);
    assert_eq!(output.stdout, b"");
    assert!(
        errors(&output).contains("error: experiments: there are no experiments here\nhint: "),
        "{}",
        errors(&output)
    );

    let output = features_pipeline(folder.path(), ["compare", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(document(&output)["error"]["code"], "experiment.invalid");

    let output = features_pipeline(folder.path(), ["nonsense", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(document(&output)["error"]["code"], "usage.invalid");
}

#[test]
fn log_lines_go_to_standard_error_in_the_format_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let logged = |format: &str, levels: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_features-pipeline"))
            .args(["sample", "--rows", "10", "--log-format", format])
            .current_dir(folder.path())
            .env("RUST_LOG", levels)
            .output()
            .unwrap();
        (output.status.code(), errors(&output))
    };
    let (code, text) = logged("json", "features_pipeline=info");
    assert_eq!(code, Some(0));
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], "INFO");
    }
    assert!(text.lines().count() > 0);
    assert!(logged("text", "info").1.contains(" INFO "));
    assert_eq!(logged("text", "off").1, "");
    assert_eq!(logged("text", "features_pipeline=loud").0, Some(2));
}

#[test]
fn schemas_are_of_the_three_files() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, word) in [("features", "group_aggregate"), ("model", "feature_columns"), ("entrypoint", "input")] {
        let schema = printed(&features_pipeline(folder.path(), ["schema", kind]));
        let document: Value = serde_json::from_str(&schema).unwrap();
        assert!(document["$schema"].is_string());
        assert!(schema.contains(word), "{kind}");
    }
}

#[test]
fn completions_know_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&features_pipeline(folder.path(), ["completions", shell]));
        assert!(script.contains("mlflow-export"), "{shell}");
    }
}
