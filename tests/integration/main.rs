//! The public API on real tables, in one process with one interpreter.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bad_input;
mod cancel;
mod explain;
mod fixtures;
mod isolated;
mod model_files;
mod native;
mod options;
mod predict;
mod progress;
mod train;
mod workers;
