//! The border: the only folder that names pyo3, and the only one with unsafe code.

mod bridge;
mod conversion;
mod embedded;
mod error;
pub(crate) mod handle;
mod runtime;
mod stream;
mod table;
pub(crate) mod training;

pub use runtime::{initialize, initialize_from, is_initialized, shutdown};
#[cfg(feature = "benchmark")]
pub use table::transfer;
