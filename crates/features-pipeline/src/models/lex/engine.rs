//! Settings and errors on their way to the engine and back.

use std::time::Duration;

use lex_learning::{LexLearningError, PipelineConfig, PipelineConfigBuilder};

use super::super::ModelError;
use super::{Lex, Preset, ProblemType};
use crate::error::{FeaturesError, Result};

impl Lex {
    /// The engine's settings; what depends on the table is still to be set.
    pub(super) fn configuration(&self, problem: ProblemType) -> Result<PipelineConfigBuilder> {
        let mut config = PipelineConfig::builder()
            .problem_type(match problem {
                ProblemType::Classification => lex_learning::ProblemType::Classification,
                ProblemType::Regression => lex_learning::ProblemType::Regression,
            })
            .preset(match self.preset {
                Preset::Fast => lex_learning::Preset::Fast,
                Preset::Balanced => lex_learning::Preset::Balanced,
                Preset::Best => lex_learning::Preset::Best,
            })
            .top_k_algorithms(self.top_k_algorithms)
            .n_trials(self.n_trials)
            .cv_folds(self.cv_folds)
            .n_jobs(self.n_jobs)
            .allow_missing(self.allow_missing)
            // The rows to test on have been taken out, and plots are the engine's own matter.
            .hold_out(false)
            .enable_explainability(false);
        if let Some(seconds) = self.time_limit {
            let limit = Duration::try_from_secs_f64(seconds).map_err(|_| ModelError::InvalidSetting {
                setting: "time_limit",
                value: seconds.to_string(),
                expected: "a number of seconds from 0.001",
            })?;
            config = config.time_limit(limit);
        }
        if let Some(algorithm) = &self.algorithm {
            config = config.algorithm(algorithm);
        }
        if let Some(metric) = &self.metric {
            config = config.metric(metric);
        }
        if let Some(refit) = self.refit {
            config = config.refit(refit);
        }
        Ok(config)
    }
}

/// The engine's error as one of ours, with its code.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` calls it")]
pub(super) fn refused(error: LexLearningError) -> FeaturesError {
    ModelError::Engine { code: error.code(), message: error.to_string() }.into()
}
