//! Progress on standard error, where that is a terminal.

use std::borrow::Cow;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressFinish, ProgressStyle};

const TICK: Duration = Duration::from_millis(120);

/// Steps of a bar for a share.
const WHOLE: u64 = 1000;

/// The bars of a command. Nothing is drawn where nobody looks.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    bars: MultiProgress,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { bars: MultiProgress::new() }
    }

    /// A sign of life for a step of unknown length. It goes when it is dropped.
    pub(super) fn step(&self, message: impl Into<Cow<'static, str>>) -> ProgressBar {
        self.add(ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}", message)
    }

    /// A bar for a number of rows. It goes when it is dropped.
    pub(super) fn rows(&self, rows: u64, message: impl Into<Cow<'static, str>>) -> ProgressBar {
        self.add(ProgressBar::new(rows), "{bar:30} {percent:>3} % {msg} {elapsed}", message)
    }

    /// A bar for a share of a whole. It goes when it is dropped.
    pub(super) fn share(&self, message: impl Into<Cow<'static, str>>) -> Share {
        Share(self.rows(WHOLE, message))
    }

    /// Writes something else to standard error, between two drawings.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bars.suspend(write)
    }

    fn add(&self, bar: ProgressBar, template: &str, message: impl Into<Cow<'static, str>>) -> ProgressBar {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.bars.add(bar.with_style(style).with_message(message).with_finish(ProgressFinish::AndClear));
        bar.enable_steady_tick(TICK);
        bar
    }
}

/// A bar for a share of a whole. Clones are one.
#[derive(Debug, Clone)]
pub(super) struct Share(ProgressBar);

impl Share {
    /// Shows a share, from 0 to 1, and what is being done.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a thousand")]
    pub(super) fn show(&self, share: f64, message: &str) {
        self.0.set_position((share * WHOLE as f64).round() as u64);
        self.0.set_message(message.to_owned());
    }
}
