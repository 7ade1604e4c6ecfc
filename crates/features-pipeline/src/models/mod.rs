//! Linear models behind one trait.

mod error;

pub use error::ModelError;
