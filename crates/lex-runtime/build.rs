//! Fails early and clearly where pyo3 would build for another Python, in an app that has not been told of `PYO3_CONFIG_FILE`.
#![allow(clippy::print_stdout, reason = "Cargo reads a build script's instructions from its standard output")]

use std::path::{Path, PathBuf};
use std::{env, fs};

const VARIABLE: &str = "PYO3_CONFIG_FILE";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    // Only who embeds Python needs it, and docs.rs links nothing.
    if env::var_os("CARGO_FEATURE_EMBED").is_none() || env::var_os("DOCS_RS").is_some() {
        return;
    }
    if let Err(problem) = check() {
        let file = config_file();
        let advice = format!(
            "{problem}\n\
             lex-learning embeds its own CPython 3.12. Add this to .cargo/config.toml beside your app's Cargo.toml:\n\
             \n\
             [env]\n\
             {VARIABLE} = {{ value = \"<relative path to>/lex-learning/.cargo/pyo3.cfg\", relative = true }}\n\
             \n\
             The path is relative to the folder that holds .cargo; the file is {} here, and a copy of it in your own .cargo \
             folder will do.",
            file.display()
        );
        for line in advice.lines() {
            println!("cargo::error={line}");
        }
    }
}

/// Of the copy of lex-learning that is being built.
fn config_file() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.unwrap_or(Path::new("lex-learning")).join(".cargo").join("pyo3.cfg")
}

fn check() -> Result<(), String> {
    let path = env::var_os(VARIABLE)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| format!("the environment variable {VARIABLE} is not set"))?;
    let name = path.display();
    println!("cargo::rerun-if-changed={name}");
    let text = fs::read_to_string(&path).map_err(|error| format!("could not read {VARIABLE}, `{name}`: {error}"))?;
    for expected in ["version=3.12", "shared=true"] {
        if !text.lines().any(|line| line.trim() == expected) {
            return Err(format!("{VARIABLE}, `{name}`, has no line `{expected}`"));
        }
    }
    Ok(())
}
