//! What the files of a run say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the files; greater ones are not read.
pub(super) const VERSION: u32 = 1;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Its process works on it.
    Running,
    /// It ended well.
    Completed,
    /// It ended with an error, was dropped, or its process died.
    Failed,
}

impl RunStatus {
    /// The word in files: `running`, `completed` or `failed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// `metadata.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMetadata {
    /// Of the files: 1.
    pub version: u32,
    /// The name of the experiment.
    pub experiment: String,
    /// The name of the run's folder, such as `20251114_172412`; `_2` follows where another run has that name.
    pub run_id: String,
    /// 32 hexadecimal digits that no other run has, wherever its folder is copied to.
    pub identity: String,
    /// A reader has [`RunStatus::Failed`] for a run whose process is gone, whatever the file says.
    pub status: RunStatus,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it ended; `None` while it runs, or if it was killed.
    pub ended_at: Option<DateTime<Utc>>,
    /// The process that works on it.
    pub process_id: u32,
    /// The commit of the working copy that the process was started in, if it is one of git.
    pub git_commit: Option<String>,
    /// The files that it read.
    pub data: Vec<DataFile>,
}

/// A file that a run read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// As it was named; what is no UTF-8 is `�`.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Of its content, 64 hexadecimal digits.
    pub sha256: String,
}

/// A value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// Finite.
    pub value: f64,
    /// Such as an epoch. `None` for a metric that has no steps.
    pub step: Option<u64>,
    /// When it was logged.
    pub logged_at: DateTime<Utc>,
}

/// A file in `artifacts/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The file's name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// All that a run's folder holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The folder.
    pub folder: PathBuf,
    /// What is known of the run itself.
    pub metadata: RunMetadata,
    /// By name.
    pub params: BTreeMap<String, Value>,
    /// By name, in the order in which they were logged.
    pub metrics: BTreeMap<String, Vec<MetricPoint>>,
    /// By name.
    pub tags: BTreeMap<String, String>,
    /// By name.
    pub artifacts: Vec<Artifact>,
}

impl RunRecord {
    /// The value of a metric that was logged last.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name)?.last().map(|point| point.value)
    }
}
