//! Models that predict without an interpreter, from files that these tests write byte by byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod archive;
mod file;
mod hostile;
mod operators;
mod passengers;
mod predict;
mod trees;
