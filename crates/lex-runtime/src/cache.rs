//! The folder for what is made once per machine.

use std::env;
use std::path::PathBuf;

/// The variable that names another cache folder.
pub(crate) const CACHE_VARIABLE: &str = "LEX_LEARNING_CACHE";

/// `LEX_LEARNING_CACHE`, or `lex-learning` in the user's cache folder; `None` if the user has none.
///
/// ```
/// assert!(lex_runtime::cache_folder().is_none_or(|folder| folder.is_absolute()));
/// ```
pub fn cache_folder() -> Option<PathBuf> {
    env::var_os(CACHE_VARIABLE)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(dirs::cache_dir()?.join("lex-learning")))
        .and_then(|path| std::path::absolute(path).ok())
}
