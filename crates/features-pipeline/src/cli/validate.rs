//! `validate`: YAML files, checked without any data.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::outcome::Outcome;
use super::schema::FileKind;
use super::text;
use crate::Result;
use crate::config::{Entrypoint, PipelineSteps, load_yaml};
use crate::models::TrainingConfig;

/// Which files.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// YAML files; of an entrypoint, the files that it names are checked as well
    #[arg(default_value = "config/entrypoint.yaml")]
    files: Vec<PathBuf>,

    /// The kind of the files [default: by what they hold]
    #[arg(short, long, value_enum)]
    kind: Option<FileKind>,
}

pub(super) fn run(options: &Options) -> Result<Outcome> {
    let mut checked = Vec::new();
    for file in &options.files {
        check(file, options.kind, &mut checked)?;
    }
    let text = checked.iter().fold(String::new(), |mut text, file| {
        let _ = writeln!(text, "{}: valid, {}", file.path.display(), file.summary);
        text
    });
    let document: Vec<Value> =
        checked.iter().map(|file| json!({"path": text::path(&file.path), "summary": file.summary})).collect();
    Ok(Outcome::new(json!({ "valid": document }), text))
}

/// A file without an error.
struct Checked {
    path: PathBuf,
    summary: String,
}

fn check(path: &Path, kind: Option<FileKind>, checked: &mut Vec<Checked>) -> Result<()> {
    let mut add = |summary: String| checked.push(Checked { path: path.to_owned(), summary });
    let kind = match kind {
        Some(kind) => kind,
        None => kind_of(path)?,
    };
    match kind {
        FileKind::Features => {
            let steps = PipelineSteps::load_from_yaml(path)?;
            let columns = steps.validate()?;
            add(format!("{} features of the columns {}", steps.steps.len(), columns.join(", ")));
        }
        FileKind::Model => {
            let config = TrainingConfig::load_from_yaml(path)?;
            let count = config.feature_columns.len();
            add(format!("a {} model of '{}' with {count} features", config.model.kind(), config.target_column));
        }
        FileKind::Entrypoint => {
            let entrypoint = Entrypoint::load_from_yaml(path)?;
            add(format!("of the table {}", entrypoint.input.display()));
            check(&entrypoint.features, Some(FileKind::Features), checked)?;
            if let Some(model) = &entrypoint.model {
                check(model, Some(FileKind::Model), checked)?;
            }
        }
    }
    Ok(())
}

/// By what only one kind of file has.
fn kind_of(path: &Path) -> Result<FileKind> {
    let document: Value = load_yaml(path)?;
    Ok(if document.get("steps").is_some() {
        FileKind::Features
    } else if document.get("target_column").is_some() {
        FileKind::Model
    } else {
        FileKind::Entrypoint
    })
}
