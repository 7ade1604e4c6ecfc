//! `completions`: a script for a shell.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};
use serde_json::json;

use super::arguments::Arguments;
use super::outcome::Outcome;
use crate::Result;

/// For which shell.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Options {
    /// The shell
    shell: Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "as all commands")]
pub(super) fn run(options: Options) -> Result<Outcome> {
    let mut script = Vec::new();
    generate(options.shell, &mut Arguments::command(), "features-pipeline", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Ok(Outcome::new(json!({"shell": options.shell.to_string(), "script": script}), script))
}
