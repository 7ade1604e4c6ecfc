//! `mlflow-export`: tracked runs, written to MLflow by the bundled Python.

use std::path::PathBuf;
use std::process::Output;

use clap::Args;
use serde_json::Value;

use super::arguments::ExperimentsFolder;
use super::outcome::Outcome;
use super::progress::Progress;
use super::python::{MODULE, ModuleFolder, interpreter};
use crate::{FeaturesError, Result};

/// Of what a failed interpreter wrote, the end.
const SHOWN_LINES: usize = 8;

/// What to export, and where to.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// MLflow's tracking URI, such as `sqlite:///mlflow.db` or `http://localhost:5000`
    #[arg(long, value_name = "URI")]
    to: String,

    #[command(flatten)]
    folder: ExperimentsFolder,

    /// The experiment; all of them if none is named
    #[arg(long)]
    name: Option<String>,

    /// Where MLflow keeps the artifacts of experiments that it does not have yet [default: MLflow's]
    #[arg(long, value_name = "URI")]
    artifacts: Option<String>,

    /// An interpreter with `mlflow-skinny`, `sqlalchemy` and `alembic` [default: the bundled one]
    #[arg(long, value_name = "FILE", env = "FEATURES_PIPELINE_PYTHON")]
    python: Option<PathBuf>,
}

pub(super) fn run(options: &Options, progress: &Progress) -> Result<Outcome> {
    let mut command = interpreter(options.python.as_deref())?;
    let module = ModuleFolder::write()?;
    command.env("PYTHONPATH", module.python_path(options.python.is_some())).env("PYTHONDONTWRITEBYTECODE", "1");
    command.args(["-P", "-m", MODULE, "--to", &options.to, "--experiments"]).arg(&options.folder.experiments_dir);
    for (option, value) in [("--name", &options.name), ("--artifacts", &options.artifacts)] {
        if let Some(value) = value {
            command.args([option, value]);
        }
    }
    let step = progress.step("exporting to MLflow");
    let output = command.output();
    drop(step);
    let output = output.map_err(|error| FeaturesError::Python {
        message: format!("{} cannot be run: {error}", command.get_program().display()),
        hint: "name an interpreter with --python".to_owned(),
    })?;
    let report = read_report(&output)?;
    let text = text(&report);
    Ok(Outcome::new(report, text))
}

/// The document that Python printed; its error, if it is one.
fn read_report(output: &Output) -> Result<Value> {
    let failed = |message: String, hint: &str| FeaturesError::Python { message, hint: hint.to_owned() };
    let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else {
        let lines: Vec<String> = String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect();
        let last = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
        let hint = "prepare the runtime again, or name another interpreter with --python";
        return Err(failed(format!("Python ended without a report ({}):\n{last}", output.status), hint));
    };
    match report.get("error") {
        None => Ok(report),
        Some(error) => {
            let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            Err(failed(part("message"), &part("hint")))
        }
    }
}

fn text(report: &Value) -> String {
    let count = |name: &str| report[name].as_array().map_or(0, Vec::len);
    let counts = format!(
        "{} runs added, {} updated, {} unchanged: {}\n",
        count("added"),
        count("updated"),
        count("unchanged"),
        report["to"].as_str().unwrap_or_default(),
    );
    let broken = report["broken"].as_array().into_iter().flatten().filter_map(Value::as_str);
    broken.fold(counts, |text, broken| text + "left out: " + broken + "\n")
}
