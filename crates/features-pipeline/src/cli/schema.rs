//! `schema`: what a YAML file may hold, for editors.

use clap::{Args, ValueEnum};

use super::outcome::Outcome;
use crate::Result;
use crate::config::{Entrypoint, PipelineSteps, json_schema};
use crate::models::TrainingConfig;

/// Of which file.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Options {
    /// The kind of file
    #[arg(value_enum, default_value_t)]
    kind: FileKind,
}

/// The kinds of YAML files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum FileKind {
    /// A list of features
    #[default]
    Features,
    /// A model and its columns
    Model,
    /// The file that names all others
    Entrypoint,
}

#[expect(clippy::unnecessary_wraps, reason = "as all commands")]
pub(super) fn run(options: Options) -> Result<Outcome> {
    let schema = match options.kind {
        FileKind::Features => json_schema::<PipelineSteps>(),
        FileKind::Model => json_schema::<TrainingConfig>(),
        FileKind::Entrypoint => json_schema::<Entrypoint>(),
    };
    let text = format!("{schema:#}\n");
    Ok(Outcome::new(schema, text))
}
