//! What can be asked for.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::outcome::Outcome;
use super::progress::Progress;
use super::{compare, completions, features, mlflow_export, pipeline, predict, sample, schema, train, validate};
use crate::Result;
use crate::tracking::EXPERIMENTS_FOLDER;

/// The arguments of `features-pipeline`.
#[derive(Debug, Parser)]
#[command(name = "features-pipeline")]
#[command(version, about = "Feature engineering and ML pipeline", long_about = None)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: GlobalOptions,

    #[command(subcommand)]
    pub(super) command: Command,
}

/// The arguments of `compare-experiments`.
#[derive(Debug, Parser)]
#[command(name = "compare-experiments")]
#[command(version, about = "Compare tracked runs by their metrics", long_about = None)]
pub(super) struct CompareArguments {
    #[command(flatten)]
    pub(super) global: GlobalOptions,

    #[command(flatten)]
    pub(super) options: compare::Options,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(super) struct GlobalOptions {
    /// Print one JSON document, for machines
    #[arg(long, global = true)]
    pub(super) json: bool,

    /// How log lines look; the variable `RUST_LOG` says which there are
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(super) log_format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// An object a line
    Json,
}

/// Where experiments are.
#[derive(Debug, Clone, Args)]
pub(super) struct ExperimentsFolder {
    /// Folder of the experiments
    #[arg(long, value_name = "FOLDER", default_value = EXPERIMENTS_FOLDER)]
    pub(super) experiments_dir: PathBuf,
}

/// The commands of `features-pipeline`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Generate features from raw data
    Features(features::Options),
    /// Train a model on engineered features
    Train(train::Options),
    /// Run full pipeline (features + training)
    Pipeline(pipeline::Options),
    /// Predict new rows with a trained model
    Predict(predict::Options),
    /// Check YAML files without any data
    Validate(validate::Options),
    /// Print the JSON Schema of a YAML file
    Schema(schema::Options),
    /// Compare tracked runs by their metrics
    Compare(compare::Options),
    /// Write tracked runs to MLflow, with the bundled Python
    MlflowExport(mlflow_export::Options),
    /// Write made-up sales records to try everything on
    Sample(sample::Options),
    /// Print a script that completes commands in a shell
    Completions(completions::Options),
}

impl Command {
    pub(super) fn run(&self, progress: &Progress) -> Result<Outcome> {
        match self {
            Self::Features(options) => features::run(options, progress),
            Self::Train(options) => train::run(options, progress),
            Self::Pipeline(options) => pipeline::run(options, progress),
            Self::Predict(options) => predict::run(options, progress),
            Self::Validate(options) => validate::run(options),
            Self::Schema(options) => schema::run(*options),
            Self::Compare(options) => compare::run(options),
            Self::MlflowExport(options) => mlflow_export::run(options, progress),
            Self::Sample(options) => sample::run(options, progress),
            Self::Completions(options) => completions::run(*options),
        }
    }
}
