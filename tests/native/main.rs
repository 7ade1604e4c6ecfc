//! Models that predict without an interpreter, from ONNX files that these tests write byte by byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod file;
mod hostile;
mod operators;
mod passengers;
mod predict;
mod trees;
