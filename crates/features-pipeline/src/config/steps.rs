//! A list of features.

use std::path::Path;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{read_text, yaml};
use crate::error::{FeaturesError, Location, Result};
use crate::features::FeatureConfig;
use crate::plan::{FittedFeatures, Order};

/// A list of features, as the YAML file of the features holds it.
///
/// ```
/// use features_pipeline::config::PipelineSteps;
/// use polars::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let steps = PipelineSteps::from_yaml(
///     "
/// steps:
///   - type: ratio
///     name: feature_profit_margin
///     numerator: Total Profit
///     denominator: Total Revenue
/// ",
/// )?;
/// let table = df!("Total Profit" => [1.0, 2.0], "Total Revenue" => [4.0, 0.0])?;
/// let result = steps.apply(&table)?;
/// assert_eq!(result.column("feature_profit_margin")?.f64()?.to_vec(), [Some(0.25), None]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PipelineSteps {
    /// The features. Any order will do: each is computed after the ones whose columns it uses.
    pub steps: Vec<FeatureConfig>,
    /// Where each of them is in its file. May be shorter than `steps`.
    #[serde(skip)]
    places: Vec<Place>,
}

/// Where a feature and its settings are.
#[derive(Debug, Clone, Default)]
struct Place {
    feature: Location,
    settings: Vec<(String, Location)>,
}

impl PartialEq for PipelineSteps {
    fn eq(&self, other: &Self) -> bool {
        self.steps == other.steps
    }
}

impl PipelineSteps {
    /// Features that were made in Rust.
    pub fn new(steps: Vec<FeatureConfig>) -> Self {
        Self { steps, places: Vec::new() }
    }

    /// Reads a YAML file, and checks it as far as that goes without a table.
    ///
    /// # Errors
    /// [`FeaturesError::Io`] where the file cannot be read, and those of [`validate`](Self::validate).
    pub fn load_from_yaml(path: impl AsRef<Path>) -> Result<Self> {
        let (text, name) = read_text(path.as_ref())?;
        Self::parse(&text, &name)
    }

    /// Reads YAML text, and checks it as far as that goes without a table.
    ///
    /// # Errors
    /// Those of [`validate`](Self::validate); the file is called `<text>` in them.
    pub fn from_yaml(text: &str) -> Result<Self> {
        Self::parse(text, "<text>")
    }

    fn parse(text: &str, path: &str) -> Result<Self> {
        let mut root = yaml::parse(text, path)?;
        let wrong = |location: Location, message: String| FeaturesError::Configuration {
            location,
            message,
            hint: "`features-pipeline schema` prints all forms".to_owned(),
        };
        let listed = root
            .take("steps")
            .ok_or_else(|| wrong(root.location(path), "expected `steps:` with a list of features".to_owned()))?;
        // Whatever is left beside `steps` is refused.
        let _: Nothing = root.read(path)?;
        let place = listed.location(path);
        let nodes = listed.into_list().filter(|nodes| !nodes.is_empty());
        let nodes = nodes.ok_or_else(|| wrong(place, "steps: expected a list of at least one feature".to_owned()))?;

        let mut steps = Vec::with_capacity(nodes.len());
        let mut places = Vec::with_capacity(nodes.len());
        for mut node in nodes {
            let location = node.location(path);
            let kinds = || FeatureConfig::KINDS.join(", ");
            let kind_node = node.take("type").ok_or_else(|| {
                wrong(location.clone(), format!("expected a feature with a `type`, one of {}", kinds()))
            })?;
            let kind: String = kind_node.read(path)?;
            let step = FeatureConfig::of_kind(&kind, &node, path).ok_or_else(|| {
                wrong(kind_node.location(path), format!("type: expected one of {}, found '{kind}'", kinds()))
            })??;
            steps.push(step);
            let settings = node.settings().into_iter().map(|(key, value)| (key.to_owned(), value.location(path)));
            places.push(Place { feature: location, settings: settings.collect() });
        }
        let steps = Self { steps, places };
        steps.validate()?;
        Ok(steps)
    }

    /// Where a step is in its file.
    pub fn location(&self, index: usize) -> Location {
        self.places.get(index).map(|place| place.feature.clone()).unwrap_or_default()
    }

    /// Where the setting of a step is that a [`check`](crate::features::Feature::check) complains of; where the step is if
    /// there is none of that name, or several.
    pub(crate) fn setting_location(&self, index: usize, complaint: &str) -> Location {
        let names = complaint.split(": ").next().unwrap_or_default();
        let settings = self.places.get(index).map_or(&[][..], |place| &place.settings);
        let only = |name: &str| {
            let mut found = settings.iter().filter(|(key, _)| key == name);
            found.next().filter(|_| found.next().is_none())
        };
        names.split(", ").find_map(only).map_or_else(|| self.location(index), |(_, location)| location.clone())
    }

    /// Checks the settings of each feature, their names, and that none needs itself. Returns the columns that a table has
    /// to have.
    ///
    /// # Errors
    /// [`FeaturesError::Configuration`], [`FeaturesError::DuplicateName`] and [`FeaturesError::Cycle`], with the line.
    pub fn validate(&self) -> Result<Vec<String>> {
        Ok(Order::new(self, None)?.required_columns)
    }

    /// Checks all that can be checked against a table's columns and types. Returns how many layers there are: features of
    /// one layer need none of each other.
    ///
    /// # Errors
    /// Those of [`validate`](Self::validate), and [`FeaturesError::UnknownColumn`] and [`FeaturesError::ColumnType`].
    pub fn validate_against(&self, schema: &Schema) -> Result<usize> {
        Ok(Order::new(self, Some(schema))?.layers.len())
    }

    /// The table with the columns of all features behind its own, in the order of the steps: learned from the table and
    /// computed for it, as one lazy plan.
    ///
    /// # Errors
    /// Those of [`validate_against`](Self::validate_against); [`FeaturesError::Data`] for a table without rows, and
    /// [`FeaturesError::Polars`] for what is found while computing.
    pub fn apply(&self, table: &DataFrame) -> Result<DataFrame> {
        Ok(self.fit_apply(table)?.1)
    }

    /// The same as [`apply`](Self::apply): what is independent runs in parallel there, too.
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply).
    pub fn apply_parallel(&self, table: &DataFrame) -> Result<DataFrame> {
        self.apply(table)
    }

    /// One feature after the other, each as a plan of its own. Slower than [`apply`](Self::apply), and equal.
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply).
    pub fn apply_sequentially(&self, table: &DataFrame) -> Result<DataFrame> {
        let order = Order::new(self, Some(table.schema()))?;
        let mut result = table.clone();
        let mut made = vec![Vec::new(); self.steps.len()];
        for index in order.layers.iter().flatten() {
            let step = Self {
                steps: vec![self.steps[*index].clone()],
                places: self.places.get(*index).cloned().into_iter().collect(),
            };
            let before = result.width();
            result = step.apply(&result)?;
            made[*index] = result.get_column_names_owned().split_off(before);
        }
        let names = table.get_column_names_owned().into_iter().chain(made.into_iter().flatten());
        result.select(names).map_err(|source| FeaturesError::polars("the order of the columns", source))
    }

    /// Learns from a table of training rows.
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply).
    pub fn fit(&self, table: &DataFrame) -> Result<FittedFeatures> {
        Ok(FittedFeatures::fit(self, table)?.0)
    }

    /// Learns from a table of training rows, and computes their columns.
    ///
    /// They are those that [`FittedFeatures::apply`] gives for the same rows, but for
    /// [target encodings](crate::features::TargetEncoding): a training row must not see its own target.
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply).
    pub fn fit_apply(&self, table: &DataFrame) -> Result<(FittedFeatures, DataFrame)> {
        let (fitted, plan) = FittedFeatures::fit(self, table)?;
        let result = plan.collect().map_err(|source| FeaturesError::polars("computing the features", source));
        let result = result.map_err(|error| fitted.blame(&table.clone().lazy(), error))?;
        Ok((fitted, result))
    }

    /// Learns from those rows of a table that are marked, and computes the columns of all of them.
    ///
    /// Marked rows get what [`fit_apply`](Self::fit_apply) gives them, the others what [`FittedFeatures::apply`] gives; but
    /// windows reach over both, as they learn nothing.
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply), and [`FeaturesError::Data`] where there is not one mark for each row, or none is
    /// true.
    pub fn fit_apply_where(&self, table: &DataFrame, training: &BooleanChunked) -> Result<(FittedFeatures, DataFrame)> {
        let (fitted, plan) = FittedFeatures::fit_where(self, table, training)?;
        let result = plan.collect().map_err(|source| FeaturesError::polars("computing the features", source))?;
        Ok((fitted, result))
    }

    /// Learns from a table that need not fit in memory, such as one of [`tables::scan`](crate::tables::scan); the second
    /// value is the plan of its columns, for [`tables::sink`](crate::tables::sink).
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply).
    pub fn fit_lazy(&self, table: LazyFrame) -> Result<(FittedFeatures, LazyFrame)> {
        FittedFeatures::fit_lazy(self, table)
    }
}

/// A map without entries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}
