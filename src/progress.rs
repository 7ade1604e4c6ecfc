//! Progress events, and the token that cancels a training.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

/// Where a training stands. The last three end it: each training sends exactly one of them, as its last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainingStage {
    /// The table is checked.
    Initializing,
    /// The columns are encoded.
    Preprocessing,
    /// Algorithms are chosen.
    AlgorithmSelection,
    /// Candidates are fitted and compared by cross-validation.
    Training,
    /// The winner is measured on the held-out rows.
    Evaluation,
    /// The SHAP plots are drawn.
    Explainability,
    /// The result is there.
    Complete,
    /// An error ended the training.
    Failed,
    /// The token or `shutdown` ended it.
    Cancelled,
}

impl TrainingStage {
    /// Whether no event follows.
    ///
    /// ```
    /// assert!(lex_learning::TrainingStage::Complete.is_last());
    /// assert!(!lex_learning::TrainingStage::Training.is_last());
    /// ```
    pub fn is_last(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Cancelled)
    }
}

/// One event of a training. No two in a row tell the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProgressUpdate {
    /// Where it stands.
    pub stage: TrainingStage,
    /// 0.0 to 1.0, never falling.
    pub progress: f64,
    /// A short sentence for people.
    pub message: String,
    /// The algorithm being fitted; only while candidates are compared.
    pub current_model: Option<String>,
    /// Algorithms (completed, total); only while candidates are compared.
    pub models_completed: Option<(u32, u32)>,
}

/// Receives each event, on the thread that called `train`.
pub type ProgressCallback = Arc<dyn Fn(ProgressUpdate) + Send + Sync>;

/// Cancels one training, or ends its search early, from any thread. All clones are one token.
///
/// ```
/// use lex_learning::CancelToken;
///
/// let token = CancelToken::new();
/// let button = token.clone();
/// button.cancel();
/// assert!(token.is_cancelled());
/// ```
#[derive(Debug, Clone, Default)]
pub struct CancelToken {
    cancelled: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
}

impl CancelToken {
    /// A token that has not been used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the training with [`LexLearningError::Cancelled`](crate::LexLearningError::Cancelled), within two
    /// seconds. Final: take a new token for the next training.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Ends the search of each training that was given this token or a clone of it: the best model so far is the result.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// Whether [`stop`](Self::stop) was called.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_have_the_names_of_the_python_package() {
        let text = serde_json::to_string(&TrainingStage::AlgorithmSelection).unwrap();
        assert_eq!(text, "\"algorithm_selection\"");
    }

    #[test]
    fn an_update_is_read_from_the_python_packages_json() {
        let text = r#"{"stage": "training", "progress": 0.5, "message": "m", "current_model": "lightgbm",
                       "models_completed": [1, 3]}"#;
        let update: ProgressUpdate = serde_json::from_str(text).unwrap();
        assert_eq!(update.models_completed, Some((1, 3)));
        assert_eq!(update.stage, TrainingStage::Training);
    }

    #[test]
    fn exactly_three_stages_are_last() {
        let all = [
            TrainingStage::Initializing,
            TrainingStage::Preprocessing,
            TrainingStage::AlgorithmSelection,
            TrainingStage::Training,
            TrainingStage::Evaluation,
            TrainingStage::Explainability,
            TrainingStage::Complete,
            TrainingStage::Failed,
            TrainingStage::Cancelled,
        ];
        assert_eq!(all.iter().filter(|stage| stage.is_last()).count(), 3);
    }

    #[test]
    fn a_clone_of_a_token_cancels_the_original() {
        let token = CancelToken::new();
        assert!(!token.is_cancelled());
        token.clone().cancel();
        assert!(token.is_cancelled());
    }
}
