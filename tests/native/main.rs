//! Models that predict without an interpreter, from ONNX files that these tests write byte by byte.

mod file;
mod hostile;
mod operators;
mod passengers;
mod predict;
mod trees;
