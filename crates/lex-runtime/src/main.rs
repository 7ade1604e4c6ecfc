//! `lex-runtime`: prepares, bundles and vendors the Python runtime from a shell.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the command line")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lex_runtime::{Error, PrepareOptions, bundle, prepare, tools, vendor};

const USAGE: &str = "\
Usage: lex-runtime COMMAND

  prepare          make the runtime, or find it made, and print its folder
  path             the same, and print only its interpreter
  tools            install the development tools too, and print their folder
  bundle DEST      copy the runtime to DEST, to ship with an app as runtime/python/<platform>
  vendor PLATFORM  download the pinned interpreter to runtime/python/PLATFORM, to be committed

The project is the current folder, or the one this program was built from.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(Some(path)) => {
            println!("{}", path.display());
            ExitCode::SUCCESS
        }
        Ok(None) => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("error: {}", error.report());
            ExitCode::FAILURE
        }
    }
}

/// Gives the path to print, or nothing when the words are not understood.
fn run(words: &[&str]) -> Result<Option<PathBuf>, Error> {
    let mut options = PrepareOptions::from_environment(project_root())?;
    options.report = |step| eprintln!("lex-runtime: {step}");
    Ok(Some(match words {
        ["prepare"] => prepare(&options)?.root().to_owned(),
        ["path"] => {
            options.report = |_| {};
            prepare(&options)?.python()
        }
        ["tools"] => tools(&options)?,
        ["bundle", destination] => {
            let runtime = prepare(&options)?;
            let destination = std::path::absolute(destination).unwrap_or_else(|_| PathBuf::from(destination));
            bundle(&runtime, &destination)?.root().to_owned()
        }
        ["vendor", platform] => vendor(&options, platform.parse()?)?,
        _ => return Ok(None),
    }))
}

fn project_root() -> PathBuf {
    let here = env::current_dir().unwrap_or_default();
    if here.join("runtime/python/manifest.toml").is_file() {
        return here;
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_owned).unwrap_or(here)
}
