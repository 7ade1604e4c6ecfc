//! One training: Python works on a thread of its own, events come back over a channel.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use polars::frame::DataFrame;
use pyo3::prelude::*;

use super::bridge::{attached, call, parse};
use super::handle::PythonModel;
use super::runtime::{self, STACK_BYTES};
use super::table::Table;
use crate::types::ModelHandle;
use crate::{CancelToken, LexLearningError, PipelineConfig, ProgressUpdate, TrainingResult};

enum Message {
    Event(String),
    Ended(Box<Result<TrainingResult, LexLearningError>>),
}

/// What Python calls with each event. It never blocks, so that the interpreter's lock is held no longer than needed.
#[pyclass(frozen)]
struct EventSink(Sender<Message>);

#[pymethods]
impl EventSink {
    fn __call__(&self, event: String) {
        // The receiver outlives the training; a late event of an ended one has no reader, and needs none.
        let _ = self.0.send(Message::Event(event));
    }
}

/// A question that Python asks many times a second.
#[pyclass(frozen)]
struct Probe(Box<dyn Fn() -> bool + Send + Sync>);

#[pymethods]
impl Probe {
    fn __call__(&self) -> bool {
        (self.0)()
    }
}

/// Trains on a thread with a large stack, and reports on the caller's.
pub(crate) fn train(
    config: &PipelineConfig,
    table: &DataFrame,
    cancel: &CancelToken,
    report: &mut dyn FnMut(ProgressUpdate),
) -> Result<TrainingResult, LexLearningError> {
    let active = runtime::begin_training()?;
    let config = serde_json::to_string(config).map_err(|error| LexLearningError::InvalidConfig(error.to_string()))?;
    let table = Table::new(table, LexLearningError::InvalidData)?;
    let (is_shut_down, token) = (active.shutdown_probe(), cancel.clone());
    let is_cancelled = Probe(Box::new(move || token.is_cancelled() || is_shut_down()));
    let token = cancel.clone();
    let is_stopped = Probe(Box::new(move || token.is_stopped()));
    let (sender, receiver) = channel();
    let worker = move || {
        let outcome = run(&config, table, is_cancelled, is_stopped, sender.clone());
        let _ = sender.send(Message::Ended(Box::new(outcome)));
    };
    let thread = thread::Builder::new()
        .name("lex-learning-training".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(worker)
        .map_err(|error| LexLearningError::TrainingFailed(format!("no thread could be started: {error}")))?;
    let mut outcome = None;
    for message in receiver {
        match message {
            Message::Event(text) => match parse(&text) {
                Ok(update) => report(update),
                Err(error) => tracing::error!(%error, "a progress event was lost"),
            },
            Message::Ended(ended) => {
                outcome = Some(*ended);
                break;
            }
        }
    }
    // The thread ended with its last message, or panicked before it.
    let _ = thread.join();
    outcome.unwrap_or_else(|| Err(LexLearningError::TrainingFailed("the training thread panicked".to_owned())))
}

fn run(
    config: &str,
    table: Table,
    is_cancelled: Probe,
    is_stopped: Probe,
    sender: Sender<Message>,
) -> Result<TrainingResult, LexLearningError> {
    let (text, plots, model) = attached(|py| {
        let events = Bound::new(py, EventSink(sender))?;
        let (is_cancelled, is_stopped) = (Bound::new(py, is_cancelled)?, Bound::new(py, is_stopped)?);
        let arguments = (config, table.into_python(py)?, events, is_cancelled, is_stopped);
        call(py, "train", arguments)?.extract::<(String, BTreeMap<String, Vec<u8>>, Py<PyAny>)>()
    })?;
    let mut result: TrainingResult = parse(&text)?;
    result.plots = plots;
    result.model = ModelHandle(Some(Arc::new(PythonModel::new(model))));
    Ok(result)
}
