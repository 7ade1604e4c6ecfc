//! Runs a case of these tests in a process of its own: for what is seen or set for a whole process.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const CASE: &str = "LEX_LEARNING_TEST_CASE";

/// A command that runs one of the cases below.
pub(crate) fn command(case: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "isolated::case", "--nocapture"]).env(CASE, case);
    command
}

#[track_caller]
pub(crate) fn assert_passes(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
    output
}

#[test]
#[ignore = "the other tests run it, in a process of its own and with a case to run"]
fn case() {
    match std::env::var(CASE).unwrap().as_str() {
        "train_with_workers" => crate::workers::train_with_workers(),
        "train_silently" => crate::workers::train_silently(),
        "shut_down" => crate::workers::shut_down(),
        "cancel_a_long_fit" => crate::cancel::cancel_a_long_fit(),
        "train_for_long" => crate::cancel::train_for_long(),
        other => panic!("there is no case {other:?}"),
    }
}

/// Executables of all processes below this one, by process id.
pub(crate) fn descendants() -> BTreeMap<u32, PathBuf> {
    descendants_of(std::process::id())
}

pub(crate) fn descendants_of(root: u32) -> BTreeMap<u32, PathBuf> {
    let mut found = BTreeMap::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(process) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            let is_child = status.lines().any(|line| line == format!("PPid:\t{parent}"));
            let is_zombie = status.lines().any(|line| line.starts_with("State:\tZ"));
            if is_child && !is_zombie {
                found.insert(process, fs::read_link(entry.path().join("exe")).unwrap_or_default());
                parents.push(process);
            }
        }
    }
    found
}

/// Folders that trainings of a process have left in the temporary folder.
pub(crate) fn leftovers_of(process: u32) -> Vec<PathBuf> {
    let prefix = format!("lex-learning-{process}-");
    let entries = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains(&prefix)).collect()
}

/// Waits until a condition holds; false if it does not within the time.
pub(crate) fn wait_until(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    condition()
}
