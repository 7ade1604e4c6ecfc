//! The Python process that the engine is compared to, and the table of ratios.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// The bundled interpreter, with the development tools and the package's sources.
pub(crate) fn command() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(Path::new(env!("LEX_LEARNING_DEVELOPMENT_RUNTIME")).join("bin/python3.12"));
    let tools = std::env::var("LEX_LEARNING_TOOLS").unwrap_or_default();
    command.env("PYTHONPATH", format!("{tools}:{}", root.join("python/lex_learning/src").display()));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

pub(crate) fn script() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/engine/reference.py")
}

pub(crate) struct Reference {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reference {
    pub(crate) fn start(folder: &Path) -> Self {
        let mut process =
            command().arg(script()).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let questions = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, questions, answers }
    }

    /// The time that a task takes for so many repeats.
    pub(crate) fn ask(&mut self, task: &str, repeats: u64) -> Duration {
        writeln!(self.questions, "{task} {repeats}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        Duration::from_secs_f64(answer.trim().parse().unwrap())
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Medians of each group, from what criterion has written.
pub(crate) fn print_ratios(root: &Path) {
    println!("\n{:<36}{:>14}{:>14}{:>9}", "median", "ours", "reference", "ratio");
    let mut groups: Vec<_> = fs::read_dir(root.join("target/criterion")).unwrap().flatten().collect();
    groups.sort_by_key(fs::DirEntry::file_name);
    for group in groups {
        if let (Some(ours), Some(reference)) = (median(&group.path(), "ours"), median(&group.path(), "reference")) {
            let name = group.file_name().to_string_lossy().into_owned();
            let (ours, reference) = (Duration::from_nanos(ours), Duration::from_nanos(reference));
            let ratio = ours.as_secs_f64() / reference.as_secs_f64();
            println!("{name:<36}{:>14}{:>14}{ratio:>9.2}", format!("{ours:.1?}"), format!("{reference:.1?}"));
        }
    }
}

fn median(group: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(group.join(name).join("new/estimates.json")).ok()?;
    let estimates: Value = serde_json::from_str(&text).ok()?;
    estimates["median"]["point_estimate"].as_f64().map(|nanoseconds| nanoseconds as u64)
}
