//! Predictions without an interpreter: the ONNX documents of this library, read and computed here.
//!
//! A document, which may be a part of a `.lex` file (`archive.rs`), is checked as a whole when it is loaded (`wire.rs`, `onnx.rs`), and its graph becomes a plan (`plan.rs`) of
//! operators whose shapes are known but for the number of rows. A row or a table becomes the matrix of features by the
//! schema that the file carries (`row.rs`, `table.rs`); the nodes that do this in the file are for other runtimes.

mod archive;
mod description;
mod model;
mod onnx;
mod operators;
mod plan;
mod row;
mod table;
mod tensor;
mod trees;
mod wire;
mod words;

pub use model::NativeModel;

use crate::LexLearningError;

fn invalid(what: &str) -> LexLearningError {
    LexLearningError::InvalidModelFile(format!(
        "{what}. Give a .lex or an ONNX file that this library has written, unchanged."
    ))
}
