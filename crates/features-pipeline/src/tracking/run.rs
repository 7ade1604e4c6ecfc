//! A run that is being written.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::files::{ARTIFACTS, LOCK, METADATA, PARAMS, TAGS, describe, hexadecimal};
use super::journal::MetricsWriter;
use super::name::{check_file_name, check_value_name, refused};
use super::record::{MetricPoint, RunMetadata, RunStatus, VERSION};
use super::{EXPERIMENTS_FOLDER, git};
use crate::files::{write_atomically, write_json};
use crate::{FeaturesError, Result};

/// More runs than this do not start within one second.
const MOST_IN_ONE_SECOND: u32 = 10_000;

/// A run of an experiment. What is logged is on the disk when the method returns.
///
/// One that is dropped without [`end`](Self::end) is marked failed.
///
/// ```no_run
/// use std::path::Path;
///
/// use features_pipeline::tracking::{ExperimentRun, RunStatus};
///
/// # fn main() -> features_pipeline::Result<()> {
/// let mut run = ExperimentRun::start("feature-pipeline")?;
/// run.log_param("target_column", serde_json::json!("Total Profit"))?;
/// for (epoch, loss) in [0.9, 0.5, 0.4].into_iter().enumerate() {
///     run.log_metric("loss", loss, Some(epoch as u64))?;
/// }
/// run.log_artifact(Path::new("model.bin"))?;
/// run.end(RunStatus::Completed)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ExperimentRun {
    folder: PathBuf,
    metadata: RunMetadata,
    params: BTreeMap<String, Value>,
    metrics: MetricsWriter,
    tags: BTreeMap<String, String>,
    /// Where the files in `artifacts/` are from; empty for text.
    artifacts: BTreeMap<String, PathBuf>,
    /// Held until the run ends or the process does.
    lock: Option<File>,
}

impl ExperimentRun {
    /// Starts a run in `experiments/<name>/`, seen from the current folder.
    ///
    /// # Errors
    ///
    /// As [`start_in`](Self::start_in).
    pub fn start(name: &str) -> Result<Self> {
        Self::start_in(EXPERIMENTS_FOLDER, name)
    }

    /// Starts a run in `<experiments>/<name>/`; the folders are made where they are missing.
    ///
    /// # Errors
    ///
    /// * [`FeaturesError::Experiment`]: the name is no plain name of a folder.
    /// * [`FeaturesError::Io`], [`FeaturesError::DiskFull`]: the files cannot be written.
    pub fn start_in(experiments: impl AsRef<Path>, name: &str) -> Result<Self> {
        let experiments = experiments.as_ref();
        check_file_name(experiments, "name of an experiment", name)?;
        let started_at = Utc::now();
        let folder = make_folder(&experiments.join(name), started_at)?;
        let run_id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut run = Self {
            // Before all else: a folder without its lock is that of a run that is over.
            lock: Some(lock(&folder.join(LOCK))?),
            metadata: RunMetadata {
                version: VERSION,
                experiment: name.to_owned(),
                identity: identity(&folder),
                run_id,
                status: RunStatus::Running,
                started_at,
                ended_at: None,
                process_id: process::id(),
                git_commit: env::current_dir().ok().and_then(|here| git::commit(&here)),
                data: Vec::new(),
            },
            folder,
            params: BTreeMap::new(),
            metrics: MetricsWriter::default(),
            tags: BTreeMap::new(),
            artifacts: BTreeMap::new(),
        };
        run.write_metadata()?;
        write_json(&run.folder.join(PARAMS), &run.params)?;
        run.metrics = MetricsWriter::start(&run.folder)?;
        write_json(&run.folder.join(TAGS), &run.tags)?;
        let artifacts = run.folder.join(ARTIFACTS);
        fs::create_dir(&artifacts).map_err(|source| FeaturesError::io(&artifacts, source))?;
        tracing::info!(experiment = name, run = run.metadata.run_id, "run started");
        Ok(run)
    }

    /// Where it is written.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of its folder, such as `20251114_172412`.
    pub fn id(&self) -> &str {
        &self.metadata.run_id
    }

    /// Notes what the run was given. A parameter keeps its first value.
    ///
    /// # Errors
    ///
    /// * [`FeaturesError::Experiment`]: the parameter has another value already, or the name is empty or longer than 250
    ///   characters.
    /// * [`FeaturesError::Io`], [`FeaturesError::DiskFull`]: it cannot be written; what was logged before stays.
    pub fn log_param(&mut self, name: &str, value: Value) -> Result<()> {
        check_value_name(&self.folder, "parameter", name)?;
        match self.params.get(name) {
            Some(before) if *before == value => return Ok(()),
            Some(before) => {
                let message = format!("the parameter {name:?} is {before} and cannot become {value}");
                return Err(refused(&self.folder, message, "start another run, or log it as a metric or a tag"));
            }
            None => {}
        }
        self.params.insert(name.to_owned(), value);
        write_json(&self.folder.join(PARAMS), &self.params).inspect_err(|_| {
            self.params.remove(name);
        })
    }

    /// Notes a value that the run measured. The same name takes any number of values.
    ///
    /// # Errors
    ///
    /// * [`FeaturesError::Experiment`]: the value is not finite, or the name is empty or longer than 250 characters.
    /// * [`FeaturesError::Io`], [`FeaturesError::DiskFull`]: it cannot be written; what was logged before stays.
    pub fn log_metric(&mut self, name: &str, value: f64, step: Option<u64>) -> Result<()> {
        check_value_name(&self.folder, "metric", name)?;
        if !value.is_finite() {
            let message = format!("the metric {name:?} is {value}; expected a finite number");
            return Err(refused(&self.folder, message, "leave it out where it is not defined"));
        }
        let point = MetricPoint { value, step, logged_at: Utc::now() };
        self.metrics.add(&self.folder, name, point)
    }

    /// Notes a word about the run. The last value of a name counts.
    ///
    /// # Errors
    ///
    /// * [`FeaturesError::Experiment`]: the name is empty or longer than 250 characters.
    /// * [`FeaturesError::Io`], [`FeaturesError::DiskFull`]: it cannot be written; what was logged before stays.
    pub fn log_tag(&mut self, name: &str, value: &str) -> Result<()> {
        check_value_name(&self.folder, "tag", name)?;
        let before = self.tags.insert(name.to_owned(), value.to_owned());
        write_json(&self.folder.join(TAGS), &self.tags).inspect_err(|_| match before {
            Some(value) => drop(self.tags.insert(name.to_owned(), value)),
            None => drop(self.tags.remove(name)),
        })
    }

    /// Copies a file to `artifacts/`, under its own name. Where another file has that name there, it is `config_2.yaml`
    /// in place of `config.yaml`; the same file again replaces its copy.
    ///
    /// # Errors
    ///
    /// * [`FeaturesError::Experiment`]: it is no file.
    /// * [`FeaturesError::Io`], [`FeaturesError::DiskFull`]: it cannot be read or written; no part of it is left.
    pub fn log_artifact(&mut self, path: &Path) -> Result<()> {
        let name = path.file_name().filter(|_| path.is_file()).map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name else {
            return Err(refused(path, "an artifact has to be a file", "check the path; pack a folder into one file"));
        };
        check_file_name(path, "name of an artifact", &name)?;
        let mut source = File::open(path).map_err(|source| FeaturesError::io(path, source))?;
        let from = fs::canonicalize(path).map_err(|source| FeaturesError::io(path, source))?;
        self.write_artifact(&name, from, |file| io::copy(&mut source, file).map(drop))
    }

    /// As [`log_artifact`](Self::log_artifact), what has no file yet. Text of the same name is replaced.
    ///
    /// # Errors
    ///
    /// * [`FeaturesError::Experiment`]: the name is no plain name of a file.
    /// * [`FeaturesError::Io`], [`FeaturesError::DiskFull`]: it cannot be written.
    pub fn log_artifact_text(&mut self, name: &str, text: &str) -> Result<()> {
        check_file_name(&self.folder, "name of an artifact", name)?;
        self.write_artifact(name, PathBuf::new(), |file| file.write_all(text.as_bytes()))
    }

    fn write_artifact(
        &mut self,
        name: &str,
        from: PathBuf,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<()> {
        let (stem, suffix) = match name.rsplit_once('.') {
            Some((stem, suffix)) => (stem, format!(".{suffix}")),
            None => (name, String::new()),
        };
        let (mut free, mut count) = (name.to_owned(), 1);
        while self.artifacts.get(&free).is_some_and(|other| *other != from) {
            count += 1;
            free = format!("{stem}_{count}{suffix}");
        }
        write_atomically(&self.folder.join(ARTIFACTS).join(&free), write)?;
        self.artifacts.insert(free, from);
        Ok(())
    }

    /// Notes a file that the run reads, with the sha256 of its content.
    ///
    /// # Errors
    ///
    /// [`FeaturesError::Io`], [`FeaturesError::DiskFull`]: the file cannot be read, or the note not written.
    pub fn log_data(&mut self, path: &Path) -> Result<()> {
        self.metadata.data.push(describe(path)?);
        self.write_metadata().inspect_err(|_| drop(self.metadata.data.pop()))
    }

    /// Ends the run.
    ///
    /// # Errors
    ///
    /// * [`FeaturesError::Experiment`]: the status is [`RunStatus::Running`]. The run is marked failed then.
    /// * [`FeaturesError::Io`], [`FeaturesError::DiskFull`]: it cannot be written; the run reads as failed.
    pub fn end(mut self, status: RunStatus) -> Result<()> {
        if status == RunStatus::Running {
            return Err(refused(&self.folder, "a run cannot end as running", "end it as completed or failed"));
        }
        self.close(status)
    }

    fn close(&mut self, status: RunStatus) -> Result<()> {
        let Some(lock) = self.lock.take() else { return Ok(()) };
        // What is not in the file yet stays in the journal.
        let metrics = self.metrics.finish(&self.folder);
        self.metadata.status = if metrics.is_ok() { status } else { RunStatus::Failed };
        self.metadata.ended_at = Some(Utc::now());
        let written = self.write_metadata().and(metrics);
        drop(lock);
        // Its absence says nothing that metadata.json does not.
        let _ = fs::remove_file(self.folder.join(LOCK));
        tracing::info!(run = self.metadata.run_id, status = self.metadata.status.name(), "run ended");
        written
    }

    fn write_metadata(&self) -> Result<()> {
        write_json(&self.folder.join(METADATA), &self.metadata)
    }
}

impl Drop for ExperimentRun {
    fn drop(&mut self) {
        if let Err(error) = self.close(RunStatus::Failed) {
            tracing::warn!(run = self.metadata.run_id, %error, "a run that was not ended could not be marked failed");
        }
    }
}

/// A folder that nobody else has, named after the time, such as `20251114_172412`; in the same second, `_2` follows.
pub(crate) fn make_folder(parent: &Path, started_at: DateTime<Utc>) -> Result<PathBuf> {
    fs::create_dir_all(parent).map_err(|source| FeaturesError::io(parent, source))?;
    let name = started_at.format("%Y%m%d_%H%M%S").to_string();
    let mut folder = parent.join(&name);
    for count in 2..MOST_IN_ONE_SECOND {
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                folder = parent.join(format!("{name}_{count}"));
            }
            Err(error) => return Err(FeaturesError::io(&folder, error)),
        }
    }
    Err(refused(parent, format!("{MOST_IN_ONE_SECOND} runs started within one second"), "start them more slowly"))
}

/// A file that this process has locked.
fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).map_err(|source| FeaturesError::io(path, source))?;
    // Some network file systems have no locks: a run there reads as failed until it has ended.
    if let Err(error) = file.lock() {
        tracing::warn!(path = %path.display(), %error, "no lock: other processes take the run for failed until it ends");
    }
    Ok(file)
}

fn identity(folder: &Path) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).as_os_str().as_encoded_bytes());
    hash.update(now.as_nanos().to_le_bytes());
    hash.update(process::id().to_le_bytes());
    hexadecimal(&hash.finalize()[..16])
}
