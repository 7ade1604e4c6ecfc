//! The kinds of features, one file each.
//!
//! A feature is its settings: a line of YAML with a `type`. It says which columns it uses and makes, what it has to learn
//! from training rows, and by which Polars expressions it is computed. [`plan`](crate::plan) does the rest.
//!
//! A missing value is null, and so is NaN: both count for nothing in what is learned. A result that is not a finite
//! number is null, or the `fill` of the feature.

mod arithmetic;
mod binning;
mod checks;
mod condition;
mod conditional;
mod date_difference;
mod date_part;
mod expressions;
mod frequency_encoding;
mod group_aggregate;
mod input;
mod interaction;
mod margin;
mod one_hot_encoding;
mod ordinal_encoding;
mod polynomial;
mod ratio;
mod rolling_time;
mod scaling;
mod target_encoding;
mod text;
mod times;
mod window;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use arithmetic::{Arithmetic, Operand, Operation};
pub use binning::{Binning, ClosedSide};
pub use condition::Condition;
pub use conditional::{Case, Conditional, Outcome};
pub use date_difference::{DateDifference, TimeUnitName};
pub use date_part::{DatePart, DatePartName};
pub use expressions::Scalar;
pub(crate) use expressions::{code_column, group_key};
pub use frequency_encoding::FrequencyEncoding;
pub use group_aggregate::{Aggregate, GroupAggregate};
pub use input::{Accepts, Input};
pub use interaction::{Interaction, InteractionKind};
pub use margin::Margin;
pub use one_hot_encoding::OneHotEncoding;
pub use ordinal_encoding::OrdinalEncoding;
pub use polynomial::Polynomial;
pub use ratio::Ratio;
pub use scaling::{Scaling, ScalingMethod};
pub use target_encoding::TargetEncoding;
pub use text::{Text, TextOperation};
pub use window::{RankKind, Window, WindowLength, WindowOperation};

use checks::{check_fill, check_groups};

use crate::config::PipelineSteps;
use crate::error::Result;

/// What every kind of feature tells.
pub trait Feature {
    /// The name that it is known by: the column that it makes, or the beginning of its columns' names.
    fn name(&self) -> &str;

    /// The columns that it uses.
    fn inputs(&self) -> Vec<Input>;

    /// The columns that it makes, as far as its settings tell.
    fn outputs(&self) -> Outputs {
        Outputs::Known(vec![self.name().to_owned()])
    }

    /// What is wrong with its settings, if anything is.
    ///
    /// # Errors
    /// A sentence for the user that begins with the setting's name, or several, and a colon: errors point to it.
    fn check(&self) -> std::result::Result<(), String> {
        Ok(())
    }

    /// What is wrong with its settings beside the types of the columns, if anything is.
    ///
    /// # Errors
    /// A sentence for the user that names the setting.
    fn check_types(&self, _schema: &Schema) -> std::result::Result<(), String> {
        Ok(())
    }

    /// What it asks of the training rows. Nothing for most.
    fn question(&self, _schema: &Schema) -> Option<Question> {
        None
    }

    /// What it learns from the answer: a row for each group that it asked for, or one row.
    ///
    /// # Errors
    /// Polars' errors.
    fn learn(&self, _answer: &DataFrame) -> PolarsResult<Lesson> {
        Ok(Lesson::default())
    }

    /// Its columns, as expressions of the table that it is applied to. A column that was learned for groups is there by
    /// then, under the name of the feature.
    ///
    /// # Errors
    /// Polars' errors.
    fn expressions(&self, schema: &Schema, learned: Option<&Learned>) -> PolarsResult<Vec<Expr>>;

    /// The names of its columns, once it has learned.
    fn columns(&self, _learned: Option<&Learned>) -> Vec<String> {
        match self.outputs() {
            Outputs::Known(names) => names,
            Outputs::Prefixed(_) => Vec::new(),
        }
    }
}

/// The columns that a feature makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outputs {
    /// These.
    Known(Vec<String>),
    /// As many as it finds levels; their names begin so.
    Prefixed(String),
}

/// What a feature asks of the training rows.
#[derive(Debug, Clone)]
pub enum Question {
    /// One row for each combination of values of `by`; with folds, for each combination and fold.
    Groups {
        /// The columns that make the groups.
        by: Vec<String>,
        /// Row i, counted from 0, is of fold `i % folds`.
        folds: Option<u32>,
        /// The aggregates. Their names begin with the feature's.
        aggregates: Vec<Expr>,
    },
    /// One row for all rows.
    Totals(
        /// The aggregates. Their names begin with the feature's.
        Vec<Expr>,
    ),
}

/// The column of a fold's number in the answer to a [`Question`] with folds.
pub const FOLD: &str = "__fold";

/// What a feature has learned.
#[derive(Debug, Clone, Default)]
pub struct Lesson {
    /// A value for each row of the answer: the feature's column is looked up by the groups.
    pub values: Option<Column>,
    /// In place of that, where training rows must not see their own fold.
    pub out_of_fold: Option<OutOfFold>,
    /// What is no table.
    pub learned: Option<Learned>,
}

/// Values for the training rows, and for new ones.
#[derive(Debug, Clone)]
pub struct OutOfFold {
    /// The groups, [`FOLD`], and the value, named as the feature.
    pub training: DataFrame,
    /// The groups, and the value, named as the feature.
    pub new: DataFrame,
}

/// What a feature has learned, other than a table of groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Learned {
    /// The levels that get a column each.
    Levels {
        /// In the order of the columns.
        levels: Vec<String>,
    },
    /// Where bins end.
    Edges {
        /// In increasing order.
        edges: Vec<f64>,
    },
    /// What is taken away, and by what the rest is divided.
    Scale {
        /// The mean, the median or the least value.
        center: f64,
        /// The standard deviation, the range or the distance of the quartiles; 1 where that is 0.
        spread: f64,
    },
    /// What stands for a group that was not seen.
    Unseen {
        /// The value.
        value: Option<f64>,
    },
}

macro_rules! kinds {
    ($($key:literal $kind:ident)*) => {
        /// A feature, of any kind. In YAML the field `type` tells which.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "type")]
        #[non_exhaustive]
        pub enum FeatureConfig {
            $(
                #[doc = concat!("`", $key, "`: [`", stringify!($kind), "`].")]
                #[serde(rename = $key)]
                $kind($kind),
            )*
        }

        impl FeatureConfig {
            /// The names of all kinds, as the field `type` spells them.
            pub const KINDS: &[&str] = &[$($key),*];

            /// The name of its kind.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => $key,)* }
            }

            /// What it tells.
            pub fn as_feature(&self) -> &dyn Feature {
                match self { $(Self::$kind(feature) => feature,)* }
            }

            /// Reads the fields of a kind. `None` for a kind that there is not.
            pub(crate) fn of_kind(kind: &str, node: &crate::config::yaml::Node, path: &str) -> Option<Result<Self>> {
                match kind {
                    $($key => Some(node.read(path).map(Self::$kind)),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    "group_aggregate" GroupAggregate
    "ratio" Ratio
    "margin" Margin
    "arithmetic" Arithmetic
    "window" Window
    "date_part" DatePart
    "date_difference" DateDifference
    "binning" Binning
    "one_hot_encoding" OneHotEncoding
    "ordinal_encoding" OrdinalEncoding
    "frequency_encoding" FrequencyEncoding
    "target_encoding" TargetEncoding
    "text" Text
    "conditional" Conditional
    "interaction" Interaction
    "polynomial" Polynomial
    "scaling" Scaling
}

impl FeatureConfig {
    /// The name that it is known by.
    pub fn name(&self) -> &str {
        self.as_feature().name()
    }

    /// The table with this feature's columns: learned from the table itself, and nothing else computed.
    ///
    /// # Errors
    /// As those of [`PipelineSteps::apply`].
    pub fn apply_feature(&self, table: &DataFrame) -> Result<DataFrame> {
        PipelineSteps::new(vec![self.clone()]).apply(table)
    }
}
