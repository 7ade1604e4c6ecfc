//! Log lines on standard error.

use std::env;
use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;

use super::arguments::LogFormat;
use super::progress::Progress;

const VARIABLE: &str = "RUST_LOG";
const USUAL: &str = "info";

/// Starts logging.
///
/// # Errors
///
/// A sentence about a `RUST_LOG` that is not understood.
pub(super) fn start(format: LogFormat, progress: &Progress) -> Result<(), String> {
    let levels = env::var(VARIABLE).ok().filter(|levels| !levels.trim().is_empty());
    let levels = levels.as_deref().unwrap_or(USUAL);
    let filter = EnvFilter::try_new(levels).map_err(|error| format!("{VARIABLE} is {levels:?}: {error}"))?;
    let is_colored = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let progress = progress.clone();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(is_colored)
        .with_writer(move || Lines(progress.clone()));
    // A program that has this library inside may log in its own way already.
    let _ = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    Ok(())
}

/// Standard error, beside the progress bars.
struct Lines(Progress);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
