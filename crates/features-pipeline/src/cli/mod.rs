//! The command lines of the two binaries, from their arguments to files and text.
//!
//! Results go to standard output; progress, logs and errors go to standard error. With `--json`, standard output holds
//! exactly one JSON document, which is the error if there is one. The exit code is 0, 1 for a failure, or 2 for arguments
//! that are not understood.

mod arguments;
mod compare;
mod completions;
mod features;
mod interrupt;
mod logging;
mod mlflow_export;
mod outcome;
mod pipeline;
mod predict;
mod progress;
mod python;
mod sample;
mod schema;
mod text;
mod tracked;
mod train;
mod training;
mod validate;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use serde_json::json;

use arguments::{Arguments, CompareArguments, GlobalOptions};
use outcome::{FAILURE, Outcome, USAGE, show};
use progress::Progress;

use crate::Result;

/// Runs `features-pipeline` with the arguments of this process.
pub fn main() -> ExitCode {
    let run = |arguments: Arguments, progress: &Progress| {
        tracing::info!("Starting features-pipeline");
        arguments.command.run(progress)
    };
    execute(run, |arguments| &arguments.global)
}

/// Runs `compare-experiments` with the arguments of this process.
pub fn compare_experiments() -> ExitCode {
    execute(|arguments: CompareArguments, _| compare::run(&arguments.options), |arguments| &arguments.global)
}

fn execute<A: Parser>(
    run: impl FnOnce(A, &Progress) -> Result<Outcome>,
    global: impl FnOnce(&A) -> &GlobalOptions,
) -> ExitCode {
    let given: Vec<OsString> = env::args_os().collect();
    let arguments = match A::try_parse_from(&given) {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error, &given),
    };
    let (progress, options) = (Progress::new(), global(&arguments).clone());
    if let Err(message) = logging::start(options.log_format, &progress) {
        return refuse(&A::command().error(ErrorKind::InvalidValue, message), &given);
    }
    let outcome = run(arguments, &progress);
    #[cfg(feature = "lex")]
    lex_learning::shutdown();
    let code = show(outcome, options.json, &mut io::stdout().lock(), &mut io::stderr().lock());
    ExitCode::from(code)
}

/// Shows what is wrong with the arguments, or the help or version that they ask for.
fn refuse(error: &clap::Error, given: &[OsString]) -> ExitCode {
    // `--help` and `--version` come this way as well, and are no errors.
    if !error.use_stderr() {
        return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::from(FAILURE) };
    }
    // Where even this cannot be written there is nobody to tell; the code tells it.
    let _ = if given.iter().any(|argument| argument == "--json") {
        let document = json!({"error": {"code": "usage.invalid", "message": error.render().to_string(), "hint": null}});
        writeln!(io::stdout(), "{document:#}")
    } else {
        error.print()
    };
    ExitCode::from(USAGE)
}
