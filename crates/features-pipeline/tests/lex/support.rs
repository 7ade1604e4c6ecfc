//! The tables and configurations, and the binary.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use features_pipeline::models::{ProfitPredictor, TrainingConfig};
use features_pipeline::tables::{self, ReadOptions};
use polars::prelude::*;
use serde_json::{Value, json};

/// The file of a table of `tests/data`.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name)
}

pub(crate) fn read(path: impl AsRef<Path>) -> DataFrame {
    tables::read(path, &ReadOptions::default()).unwrap()
}

pub(crate) fn names(table: &DataFrame) -> Vec<&str> {
    table.columns().iter().map(|column| column.name().as_str()).collect()
}

/// A quick model of the engine, fitted in this process.
pub(crate) fn config(target: &str, features: &[&str], algorithm: &str) -> TrainingConfig {
    serde_json::from_value(json!({
        "target_column": target,
        "feature_columns": features,
        "model": {"kind": "lex", "algorithm": algorithm, "preset": "fast", "n_jobs": 1},
        "test_size": 0.25,
        "seed": 7,
    }))
    .unwrap()
}

pub(crate) const PASSENGER: [&str; 5] = ["pclass", "sex", "age", "sibsp", "parch"];
pub(crate) const SEAT: [&str; 6] = ["Price", "CompPrice", "Advertising", "Age", "ShelveLoc", "US"];

/// Survival on the Titanic by logistic regression.
pub(crate) static SURVIVAL: LazyLock<ProfitPredictor> = LazyLock::new(|| {
    let config = config("survived", &PASSENGER, "logistic_regression");
    ProfitPredictor::train_as(&read(path("titanic.csv")), &config).unwrap()
});

/// Sales of car seats by ridge regression.
pub(crate) static SALES: LazyLock<ProfitPredictor> =
    LazyLock::new(|| ProfitPredictor::train_as(&read(path("carseats.csv")), &config("Sales", &SEAT, "ridge")).unwrap());

/// Runs `features-pipeline` in a folder.
pub(crate) fn features_pipeline<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(folder: &Path, arguments: I) -> Output {
    command(folder).args(arguments).output().unwrap()
}

pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_features-pipeline"));
    command.current_dir(folder).env_remove("RUST_LOG");
    command
}

/// The document that a command with `--json` has printed.
#[track_caller]
pub(crate) fn document(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
}
