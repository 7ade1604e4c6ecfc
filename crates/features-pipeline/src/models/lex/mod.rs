//! The engine's automated machine learning as one more model. Its settings are always there; all else needs the cargo
//! feature `lex`.

#[cfg(feature = "lex")]
mod engine;
#[cfg(feature = "lex")]
mod model;
mod settings;

#[cfg(feature = "lex")]
pub use model::LexModel;
#[cfg(feature = "lex")]
pub(super) use model::StoredLexModel;
pub use settings::{Lex, Preset, ProblemType};
