//! Runs, read back.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};

use super::files::{ARTIFACTS, LOCK, METADATA, PARAMS, TAGS, read_json};
use super::journal::read_metrics;
use super::name::{check_file_name, refused};
use super::record::{Artifact, RunMetadata, RunRecord, RunStatus, VERSION};
use crate::{FeaturesError, Result};

/// What a folder of experiments holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// The runs, by experiment and start.
    pub runs: Vec<RunRecord>,
    /// Runs whose files cannot be read, each with its path and why.
    pub broken: Vec<FeaturesError>,
}

/// The experiments in a folder, by name.
///
/// # Errors
///
/// * [`FeaturesError::Experiment`]: there is no such folder.
/// * [`FeaturesError::Io`]: it cannot be read.
pub fn experiment_names(experiments: impl AsRef<Path>) -> Result<Vec<String>> {
    let experiments = experiments.as_ref();
    let names = folders(experiments)?.into_iter().map(|folder| name_of(&folder)).collect();
    Ok(names)
}

/// The runs of one experiment, or of all in a folder. A run that cannot be read hides none of the others.
///
/// ```
/// use features_pipeline::tracking::list_runs;
///
/// let error = list_runs("no/such/folder", None).unwrap_err();
/// assert!(error.to_string().contains("no/such/folder"));
/// assert!(error.hint().is_some());
/// ```
///
/// # Errors
///
/// * [`FeaturesError::Experiment`]: there is no such folder or experiment.
/// * [`FeaturesError::Io`]: it cannot be read.
pub fn list_runs(experiments: impl AsRef<Path>, experiment: Option<&str>) -> Result<Listing> {
    let experiments = experiments.as_ref();
    let names = match experiment {
        Some(name) => {
            check_file_name(experiments, "name of an experiment", name)?;
            vec![name.to_owned()]
        }
        None => experiment_names(experiments)?,
    };
    let mut listing = Listing::default();
    for name in names {
        for folder in folders(&experiments.join(&name))? {
            if !folder.join(METADATA).exists() && start_in_name(&folder).is_none() {
                continue; // a folder of somebody's own
            }
            match read_run(&folder) {
                Ok(run) => listing.runs.push(run),
                Err(error) => listing.broken.push(error),
            }
        }
    }
    listing.runs.sort_by(|one, other| {
        let key = |run: &RunRecord| (run.metadata.experiment.clone(), run.metadata.started_at);
        key(one).cmp(&key(other)).then_with(|| one.folder.cmp(&other.folder))
    });
    Ok(listing)
}

/// A run from its folder. One that says `running` while no process holds it has failed.
///
/// # Errors
///
/// * [`FeaturesError::Experiment`]: a file is not what it should be, or of a later version.
/// * [`FeaturesError::Io`]: one cannot be read.
pub fn read_run(folder: impl AsRef<Path>) -> Result<RunRecord> {
    let folder = folder.as_ref();
    Ok(RunRecord {
        metadata: metadata(folder)?,
        params: read_json(&folder.join(PARAMS))?.unwrap_or_default(),
        metrics: read_metrics(folder)?,
        tags: read_json(&folder.join(TAGS))?.unwrap_or_default(),
        artifacts: artifacts(&folder.join(ARTIFACTS))?,
        folder: folder.to_owned(),
    })
}

fn metadata(folder: &Path) -> Result<RunMetadata> {
    let path = folder.join(METADATA);
    let known = read_metadata(&path)?;
    if known.as_ref().is_some_and(|known| known.status != RunStatus::Running) || is_held(folder) {
        return known.map_or_else(|| newborn(folder, RunStatus::Running), Ok);
    }
    // It may have ended between the two looks; the lock is given back after the last word is written.
    match read_metadata(&path)? {
        Some(RunMetadata { status: RunStatus::Running, .. }) | None => {}
        Some(ended) => return Ok(ended),
    }
    known.map_or_else(
        || newborn(folder, RunStatus::Failed),
        |known| Ok(RunMetadata { status: RunStatus::Failed, ..known }),
    )
}

fn read_metadata(path: &Path) -> Result<Option<RunMetadata>> {
    let known: Option<RunMetadata> = read_json(path)?;
    match known {
        Some(known) if known.version > VERSION => {
            let message = format!("version {} of a run's files; expected at most {VERSION}", known.version);
            Err(refused(path, message, "update features-pipeline"))
        }
        known => Ok(known),
    }
}

/// What is known of a run that was killed, or is read, before its first file was written.
fn newborn(folder: &Path, status: RunStatus) -> Result<RunMetadata> {
    let Some(started_at) = start_in_name(folder) else {
        return Err(refused(folder, "not the folder of a run: it has no metadata.json", "check the path"));
    };
    Ok(RunMetadata {
        version: VERSION,
        experiment: folder.parent().map(name_of).unwrap_or_default(),
        run_id: name_of(folder),
        identity: String::new(),
        status,
        started_at,
        ended_at: None,
        process_id: 0,
        git_commit: None,
        data: Vec::new(),
    })
}

/// Whether a process has the run's lock.
fn is_held(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(LOCK)) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

fn artifacts(folder: &Path) -> Result<Vec<Artifact>> {
    let fail = |source| FeaturesError::io(folder, source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut artifacts = Vec::new();
    for entry in entries {
        let entry = entry.map_err(fail)?;
        let (name, facts) = (entry.file_name().to_string_lossy().into_owned(), entry.metadata().map_err(fail)?);
        // One with a dot is half a copy, of a run that was killed.
        if facts.is_file() && !name.starts_with('.') {
            artifacts.push(Artifact { name, bytes: facts.len() });
        }
    }
    artifacts.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(artifacts)
}

/// The folders in a folder, by name, without hidden ones.
fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(parent).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => {
            refused(parent, "there are no experiments here", "name their folder, or track a run first")
        }
        _ => FeaturesError::io(parent, source),
    })?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| FeaturesError::io(parent, source))?.path();
        if path.is_dir() && !name_of(&path).starts_with('.') {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// The time that a run's folder is named after.
fn start_in_name(folder: &Path) -> Option<DateTime<Utc>> {
    let name = name_of(folder);
    let time = name.get(..15)?;
    let suffix = name[15..].strip_prefix('_').unwrap_or(&name[15..]);
    if !suffix.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(NaiveDateTime::parse_from_str(time, "%Y%m%d_%H%M%S").ok()?.and_utc())
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
