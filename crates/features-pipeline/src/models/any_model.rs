//! A model of whichever kind.

use polars::prelude::DataFrame;

#[cfg(feature = "lex")]
use super::{LexModel, ModelSpecification};
use super::{LinearModel, Model, TrainingConfig, Watch};
use crate::error::Result;

/// One of the forms that models have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AnyModel {
    Linear(LinearModel),
    #[cfg(feature = "lex")]
    Lex(LexModel),
}

impl AnyModel {
    /// Fits the kind that the configuration names.
    pub(super) fn fit(config: &TrainingConfig, table: &DataFrame, watch: &Watch) -> Result<Self> {
        #[cfg(feature = "lex")]
        if let ModelSpecification::Lex(_) = config.model {
            return LexModel::fit(config, table, watch).map(Self::Lex);
        }
        LinearModel::fit(config, table, watch).map(Self::Linear)
    }

    pub(super) fn as_model(&self) -> &dyn Model {
        match self {
            Self::Linear(model) => model,
            #[cfg(feature = "lex")]
            Self::Lex(model) => model,
        }
    }
}
