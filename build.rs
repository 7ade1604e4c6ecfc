//! Prepares the bundled `CPython`, links to it, and embeds the Python package.

#[cfg(feature = "python")]
fn main() -> std::io::Result<()> {
    lex_runtime::build::link_library();
    embed::write_sources()
}

#[cfg(not(feature = "python"))]
fn main() {}

#[cfg(feature = "python")]
mod embed {
    use std::fmt::Write;
    use std::hash::{DefaultHasher, Hash, Hasher};
    use std::path::{Path, PathBuf};
    use std::{env, fs, io};

    const PACKAGE: &str = "python/lex_learning/src/lex_learning";

    /// Writes the table that `src/python/embedded.rs` includes: every module of the package, by construction.
    pub(crate) fn write_sources() -> io::Result<()> {
        let package = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join(PACKAGE);
        let mut files = Vec::new();
        collect(&package, &mut files)?;
        files.sort();
        let mut hash = DefaultHasher::new();
        let mut table = String::new();
        for file in files {
            let name = file.strip_prefix(&package).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
            (&name, fs::read(&file)?).hash(&mut hash);
            let literal = format!("{:?}", file.to_string_lossy());
            writeln!(table, "    ({name:?}, include_str!({literal})),").map_err(io::Error::other)?;
        }
        let code = format!(
            "const SOURCES: &[(&str, &str)] = &[\n{table}];\nconst SOURCES_HASH: &str = \"{:016x}\";\n",
            hash.finish()
        );
        let output = Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("embedded_sources.rs");
        println!("cargo::rerun-if-changed={PACKAGE}");
        fs::write(output, code)
    }

    fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                collect(&path, files)?;
            } else if path.extension().is_some_and(|extension| extension == "py" || extension == "typed") {
                files.push(path);
            }
        }
        Ok(())
    }
}
