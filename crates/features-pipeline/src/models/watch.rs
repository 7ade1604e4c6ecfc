//! Following a training, and ending it early.

use std::fmt;
use std::sync::Arc;

/// Follows a training, and ends it early from any thread. All clones are one.
///
/// Only a `lex` model takes so long that there is something to follow and to end; the other kinds report that they are
/// fitted.
///
/// ```
/// use features_pipeline::models::Watch;
///
/// let watch = Watch::new(|share, message| eprintln!("{:.0} % {message}", share * 100.0));
/// let button = watch.clone();
/// button.stop();
/// ```
#[derive(Clone, Default)]
pub struct Watch {
    listener: Option<Arc<Listener>>,
    #[cfg(feature = "lex")]
    token: lex_learning::CancelToken,
}

type Listener = dyn Fn(f64, &str) + Send + Sync;

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Watch {
    /// Calls `listener` with the share of the training that is done, from 0 to 1, and a short sentence.
    pub fn new(listener: impl Fn(f64, &str) + Send + Sync + 'static) -> Self {
        Self {
            listener: Some(Arc::new(listener)),
            #[cfg(feature = "lex")]
            token: lex_learning::CancelToken::new(),
        }
    }

    /// Ends the search: the best model so far is the result.
    pub fn stop(&self) {
        #[cfg(feature = "lex")]
        self.token.stop();
    }

    /// Ends the training with the error `training.cancelled`.
    pub fn cancel(&self) {
        #[cfg(feature = "lex")]
        self.token.cancel();
    }

    pub(super) fn report(&self, share: f64, message: &str) {
        if let Some(listener) = &self.listener {
            listener(share, message);
        }
    }

    #[cfg(feature = "lex")]
    pub(super) fn token(&self) -> &lex_learning::CancelToken {
        &self.token
    }
}
