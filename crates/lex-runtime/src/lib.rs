//! The `CPython` 3.12 runtime that `lex-learning` embeds: made once per machine, found at run time, shipped with an app.
//!
//! An app calls one function of this crate, in its `build.rs`, so that its executable finds the interpreter's library:
//!
//! ```no_run
//! lex_runtime::build::link_app();
//! ```
//!
//! At run time [`locate`] finds the runtime and [`Runtime::open`] checks one that is named:
//!
//! ```
//! let error = lex_runtime::Runtime::open("/not/a/runtime").unwrap_err();
//! assert!(error.to_string().contains("/not/a/runtime"));
//! assert!(error.hint().is_some());
//! ```
//!
//! # Features
//!
//! * `prepare` (off): `prepare()` makes a runtime, `bundle()` copies one for shipping, and the `lex-runtime` binary
//!   does both from a shell.
//! * `embed` (off): the build fails early, with the lines to add, when `PYO3_CONFIG_FILE` is not set for `CPython` 3.12.
//!
//! # Environment variables
//!
//! | name | read by | meaning, default |
//! |---|---|---|
//! | `LEX_LEARNING_RUNTIME` | [`locate`], [`build`] | the runtime to use; default: search, or prepare one |
//! | `LEX_LEARNING_CACHE` | preparing | the folder for prepared runtimes; default: `lex-learning` in the user's cache folder |
//! | `LEX_LEARNING_TENSORFLOW` | preparing | `1` or `0`: with or without `TensorFlow`; default: with it on `linux-x86_64` |

pub mod build;
mod cache;
mod error;
mod locate;
mod platform;
#[cfg(feature = "prepare")]
mod prepare;
mod runtime;

pub use cache::cache_folder;
pub use error::Error;
pub use locate::{Search, locate};
pub use platform::Platform;
#[cfg(feature = "prepare")]
pub use prepare::{PrepareOptions, bundle, prepare, tools, vendor};
pub use runtime::Runtime;
