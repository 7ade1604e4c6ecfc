//! A training that somebody waits for.

use super::interrupt;
use super::progress::Progress;
use crate::Result;
use crate::models::{ModelKind, TrainingConfig, Watch};

/// Runs a training: one that takes long with a bar, and with Ctrl-C to end it early.
pub(super) fn watched<T>(
    progress: &Progress,
    config: &TrainingConfig,
    train: impl FnOnce(&Watch) -> Result<T>,
) -> Result<T> {
    if config.model.kind() != ModelKind::Lex {
        return train(&Watch::default());
    }
    let bar = progress.share("starting the engine");
    let shown = bar.clone();
    let watch = Watch::new(move |share, message| {
        tracing::debug!(share, message, "training");
        shown.show(share, message);
    });
    interrupt::during(&watch, || train(&watch))
}
