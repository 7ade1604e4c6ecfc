//! What the new runtime's own interpreter does: installing packages and compiling bytecode.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// Settings of pip that would put packages elsewhere. The other `PIP_*` stay: users configure their index with them.
const MISLEADING_VARIABLES: [&str; 5] = ["PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_ROOT", "PIP_TARGET", "PIP_USER"];
const REPORTED_LINES: usize = 30;

pub(super) fn version(python: &Path) -> Result<String, Error> {
    let code = "import platform; print(platform.python_version())";
    Ok(run(isolated(python).args(["-c", code]))?.trim().to_owned())
}

/// Installs exactly what the lock files pin, from wheels only, so that no package's code runs here.
pub(super) fn install(python: &Path, requirements: &[PathBuf]) -> Result<(), Error> {
    pip_install(python, requirements, |command| {
        command.arg("--no-compile");
    })
}

/// The same, with more arguments for pip.
pub(super) fn pip_install(
    python: &Path,
    requirements: &[PathBuf],
    adjust: impl FnOnce(&mut Command),
) -> Result<(), Error> {
    let mut command = isolated(python);
    command.args(["-m", "pip", "install", "--require-hashes", "--only-binary", ":all:", "--no-input"]);
    command.args(["--disable-pip-version-check", "--no-warn-script-location", "--root-user-action", "ignore"]);
    for path in requirements {
        command.arg("-r").arg(path);
    }
    adjust(&mut command);
    run(&mut command)?;
    Ok(())
}

/// Compiles bytecode that is never checked against its source: an installed app cannot write it, and a first import
/// without it takes half a minute. Paths in it are relative to `root`.
pub(super) fn compile(python: &Path, folder: &Path, root: &Path) -> Result<(), Error> {
    let mut command = isolated(python);
    command.args(["-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s"]);
    run(command.arg(root).arg(folder))?;
    Ok(())
}

/// Runs a program to its end and gives what it wrote to its standard output.
pub(super) fn run(command: &mut Command) -> Result<String, Error> {
    let (status, output) = match command.output() {
        Ok(output) if output.status.success() => {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Ok(output) => (output.status.to_string(), [output.stdout, output.stderr].concat()),
        Err(error) => (error.to_string(), Vec::new()),
    };
    Err(Error::Command { command: line(command), status, output: tail(&String::from_utf8_lossy(&output)) })
}

/// `-I` ignores `PYTHON*`, the working folder and the user's packages; what the interpreter starts must ignore them too.
fn isolated(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg("-I");
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("PYTHON") || MISLEADING_VARIABLES.contains(&text.as_ref()) {
            command.env_remove(name);
        }
    }
    command
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn tail(output: &str) -> String {
    let lines: Vec<_> = output.lines().collect();
    lines[lines.len().saturating_sub(REPORTED_LINES)..].join("\n")
}
