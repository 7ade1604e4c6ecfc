//! The interpreter's archive: which one, whether it is the pinned one, and what is in it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::bufread::GzDecoder;
use serde::Deserialize;

use super::PrepareOptions;
use super::files::{create_folder, failed, names, remove, rename, sha256};
use super::interpreter::run;
use crate::{Error, Platform};

/// `runtime/python/manifest.toml`.
pub(super) struct Manifest {
    folder: PathBuf,
    pins: BTreeMap<Platform, Pins>,
}

#[derive(Deserialize)]
struct Pins {
    url: String,
    sha256: String,
    committed: Option<Committed>,
}

#[derive(Deserialize)]
struct Committed {
    file: String,
    sha256: String,
}

/// One archive, there or to be downloaded.
pub(super) struct Archive {
    pub(super) sha256: String,
    source: Source,
}

enum Source {
    File(PathBuf),
    Url(String),
}

impl Manifest {
    pub(super) fn read(project_root: &Path) -> Result<Self, Error> {
        let folder = project_root.join("runtime").join("python");
        let path = folder.join("manifest.toml");
        let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
        let pins = toml::from_str(&text).map_err(|error| Error::Manifest { path, reason: error.to_string() })?;
        Ok(Self { folder, pins })
    }

    /// A committed archive wins over a download.
    pub(super) fn archive(&self, platform: Platform) -> Result<Archive, Error> {
        let pins = self.pins(platform)?;
        let folder = self.folder.join(platform.name());
        let committed = pins.committed.iter().map(|pin| (pin.file.clone(), &pin.sha256));
        for (file, sha256) in committed.chain([(pins.file(), &pins.sha256)]) {
            if folder.join(&file).is_file() {
                return Ok(Archive { sha256: sha256.clone(), source: Source::File(folder.join(file)) });
            }
        }
        match names(&folder)?.iter().find(|name| name.ends_with(".tar.gz")) {
            Some(name) => Err(self.problem(format!("it has no pin for `{}`", folder.join(name).display()))),
            None => Ok(Archive { sha256: pins.sha256.clone(), source: Source::Url(pins.url.clone()) }),
        }
    }

    fn pins(&self, platform: Platform) -> Result<&Pins, Error> {
        self.pins.get(&platform).ok_or_else(|| self.problem(format!("it has no pin for {platform}")))
    }

    fn problem(&self, reason: String) -> Error {
        Error::Manifest { path: self.folder.join("manifest.toml"), reason }
    }
}

impl Pins {
    /// The file's name, as it is behind the escapes of its address.
    fn file(&self) -> String {
        self.url.rsplit('/').next().unwrap_or_default().replace("%2B", "+")
    }
}

impl Archive {
    /// Unpacks the archive, which has one folder `python` on top, after checking that it is the pinned one.
    pub(super) fn unpack(&self, folder: &Path, report: fn(&str)) -> Result<(), Error> {
        let path = match &self.source {
            Source::File(path) => path.clone(),
            Source::Url(url) => {
                report(&format!("downloading {url}"));
                let path = folder.join("python.tar.gz");
                download(url, &path)?;
                path
            }
        };
        check(&path, &self.sha256)?;
        report(&format!("unpacking {}", path.display()));
        let file = File::open(&path).map_err(failed("read", &path))?;
        tar::Archive::new(GzDecoder::new(BufReader::new(file))).unpack(folder).map_err(failed("unpack", &path))
    }
}

/// Downloads a platform's pinned archive into `runtime/python/<platform>`, to be committed, and gives its path.
///
/// # Errors
///
/// * [`Error::Manifest`]: no archive is pinned for the platform.
/// * [`Error::Command`], [`Error::Checksum`]: it could not be downloaded, or is not the pinned one.
/// * [`Error::File`]: it could not be written.
pub fn vendor(options: &PrepareOptions, platform: Platform) -> Result<PathBuf, Error> {
    let manifest = Manifest::read(&options.project_root)?;
    let pins = manifest.pins(platform)?;
    let folder = manifest.folder.join(platform.name());
    create_folder(&folder)?;
    let path = folder.join(pins.file());
    let partial = folder.join(format!("{}.partial", pins.file()));
    (options.report)(&format!("downloading {}", pins.url));
    let checked = download(&pins.url, &partial).and_then(|()| check(&partial, &pins.sha256));
    if let Err(error) = checked {
        remove(&partial)?;
        return Err(error);
    }
    rename(&partial, &path)?;
    Ok(path)
}

/// By the system's curl, which knows the machine's proxies and certificates, and spares every build a TLS library.
fn download(url: &str, path: &Path) -> Result<(), Error> {
    run(Command::new("curl")
        .args(["--fail", "--location", "--silent", "--show-error", "--output"])
        .arg(path)
        .arg(url))?;
    Ok(())
}

fn check(path: &Path, expected: &str) -> Result<(), Error> {
    let found = sha256(path)?;
    if found == expected {
        return Ok(());
    }
    Err(Error::Checksum { path: path.to_owned(), found, expected: expected.to_owned() })
}
