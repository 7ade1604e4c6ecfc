//! How a command ends, well or not, and how that is shown.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::Result;

pub(super) const FAILURE: u8 = 1;
pub(super) const USAGE: u8 = 2;

/// What a command has to say.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What `--json` prints.
    pub(super) document: Value,
    /// What is printed without it.
    pub(super) text: String,
}

impl Outcome {
    pub(super) fn new(document: Value, text: impl Into<String>) -> Self {
        Self { document, text: text.into() }
    }
}

/// Prints an outcome or an error; the exit code.
pub(super) fn show(outcome: Result<Outcome>, as_json: bool, output: &mut impl Write, errors: &mut impl Write) -> u8 {
    let (printed, code) = match outcome {
        Ok(outcome) if as_json => (writeln!(output, "{:#}", outcome.document), 0),
        Ok(outcome) => (output.write_all(outcome.text.as_bytes()), 0),
        Err(error) if as_json => {
            let facts = json!({"code": error.code(), "message": error.to_string(), "hint": error.hint()});
            (writeln!(output, "{:#}", json!({ "error": facts })), FAILURE)
        }
        Err(error) => {
            let hint = error.hint().map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
            (write!(errors, "error: {error}\n{hint}"), FAILURE)
        }
    };
    match printed.and_then(|()| output.flush()) {
        Ok(()) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => code, // the reader has seen enough
        Err(error) => {
            // The exit code tells it where this cannot be written either.
            let _ = writeln!(errors, "error: standard output cannot be written: {error}");
            FAILURE
        }
    }
}
