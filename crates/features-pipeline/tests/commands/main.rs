//! Tracking, sales records and the two binaries, as a user has them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod command;
mod comparison;
mod export;
mod kill;
mod pipeline;
mod sales;
mod tracking;
