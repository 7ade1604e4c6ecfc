//! Metrics on the disk: `metrics.json`, and a journal of the values that it does not have yet.
//!
//! The file is written as a whole, which costs the more, the more values there are; so of many values it gets the next
//! tenth at once. Until then they are lines of the journal, each with the number of its value: a line that the file has
//! already counts for nothing, and neither does one that a killed process did not finish.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::files::{JOURNAL, METRICS, read_json};
use super::record::MetricPoint;
use crate::files::write_json;
use crate::{FeaturesError, Result};

/// Up to so many values, each is in the file at once.
const WHOLE: u64 = 100;
/// The journal may hold this part of the values that the file holds.
const PART: u64 = 10;

/// Values by the names of their metrics, in the order in which they were logged.
pub(super) type Metrics = BTreeMap<String, Vec<MetricPoint>>;

/// A line of the journal.
#[derive(Serialize, Deserialize)]
struct Line {
    /// How many values of the run were logged before.
    number: u64,
    name: String,
    #[serde(flatten)]
    point: MetricPoint,
}

/// The metrics of a run that is being written.
#[derive(Debug, Default)]
pub(super) struct MetricsWriter {
    metrics: Metrics,
    /// How many values there are, and how many of them `metrics.json` has.
    values: u64,
    stored: u64,
    /// Open while there is something in it and nothing has gone wrong with it.
    journal: Option<File>,
}

impl MetricsWriter {
    /// Writes `metrics.json` without a value.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let writer = Self::default();
        write_json(&folder.join(METRICS), &writer.metrics)?;
        Ok(writer)
    }

    /// Adds a value. It outlives the process when this returns; an error adds nothing.
    pub(super) fn add(&mut self, folder: &Path, name: &str, point: MetricPoint) -> Result<()> {
        let line = Line { number: self.values, name: name.to_owned(), point: point.clone() };
        self.metrics.entry(name.to_owned()).or_default().push(point);
        self.values += 1;
        let is_journaled = self.values > WHOLE && (self.values - self.stored) * PART <= self.stored;
        // Where the journal cannot be written, all in one file may still be possible.
        let is_written = is_journaled && self.append(folder, &line).is_ok();
        let written = if is_written { Ok(()) } else { self.store(folder) };
        written.inspect_err(|_| {
            self.values -= 1;
            if let Some(points) = self.metrics.get_mut(name) {
                points.pop();
            }
            self.metrics.retain(|_, points| !points.is_empty());
        })
    }

    /// Puts all values into `metrics.json`.
    pub(super) fn finish(&mut self, folder: &Path) -> Result<()> {
        if self.stored < self.values { self.store(folder) } else { Ok(()) }
    }

    fn store(&mut self, folder: &Path) -> Result<()> {
        write_json(&folder.join(METRICS), &self.metrics)?;
        self.stored = self.values;
        self.journal = None;
        // What it still says if this fails, the file has as well.
        let _ = fs::remove_file(folder.join(JOURNAL));
        Ok(())
    }

    fn append(&mut self, folder: &Path, line: &Line) -> io::Result<()> {
        let mut file = match self.journal.take() {
            Some(file) => file,
            None if self.stored + 1 == self.values => File::create(folder.join(JOURNAL))?,
            None => {
                return Err(io::Error::other("its last line was not written to its end, and nothing can follow it"));
            }
        };
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        file.write_all(&text)?;
        self.journal = Some(file);
        Ok(())
    }
}

/// The metrics of a run's folder.
pub(super) fn read_metrics(folder: &Path) -> Result<Metrics> {
    let path = folder.join(JOURNAL);
    // Before the file: what goes out of the journal meanwhile is in the file by then.
    let journal = match fs::read(&path) {
        Ok(journal) => journal,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(FeaturesError::io(&path, error)),
    };
    let mut metrics: Metrics = read_json(&folder.join(METRICS))?.unwrap_or_default();
    let mut values: u64 = metrics.values().map(|points| points.len() as u64).sum();
    for line in journal.split_inclusive(|byte| *byte == b'\n') {
        let Some(Line { number, name, point }) = finished(line) else { break };
        if number == values {
            metrics.entry(name).or_default().push(point);
            values += 1;
        }
    }
    Ok(metrics)
}

/// A line that was written to its end.
fn finished(line: &[u8]) -> Option<Line> {
    serde_json::from_slice(line.strip_suffix(b"\n")?).ok()
}
