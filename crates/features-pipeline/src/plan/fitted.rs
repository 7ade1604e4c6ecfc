//! Features that have learned.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use polars::prelude::*;
use serde::{Deserialize, Serialize};
use tracing::info_span;

use super::codes::with_codes;
use super::fit::{self, Rows, TRAINING, layer_expressions, schema_of};
use super::kind::ColumnKind;
use super::order::{check_type, similar};
use super::table::{GroupTable, StoredTable};
use crate::config::PipelineSteps;
use crate::error::{FeaturesError, Location, Result};
use crate::features::{FeatureConfig, Learned};
use crate::files::write_json;

/// Features that have learned from training rows: they give new rows the same columns.
///
/// ```
/// use features_pipeline::config::PipelineSteps;
/// use features_pipeline::plan::FittedFeatures;
/// use polars::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let steps = PipelineSteps::from_yaml(
///     "
/// steps:
///   - type: group_aggregate
///     name: average_units
///     column: Units Sold
///     by: [Country]
///     aggregate: mean
/// ",
/// )?;
/// let fitted = steps.fit(&df!("Country" => ["Chad", "Chad", "Fiji"], "Units Sold" => [10, 30, 5])?)?;
/// let result = fitted.apply(&df!("Country" => ["Fiji", "Peru"])?)?;
/// assert_eq!(result.column("average_units")?.f64()?.to_vec(), [Some(5.0), None]);
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("features.json");
/// fitted.save(&path)?;
/// assert_eq!(FittedFeatures::load(&path)?.columns(), ["average_units"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FittedFeatures {
    steps: PipelineSteps,
    layers: Vec<Vec<usize>>,
    learned: BTreeMap<usize, Learned>,
    tables: Vec<GroupTable>,
    required_columns: Vec<String>,
    /// What those columns were that features were learned from.
    kinds: BTreeMap<String, ColumnKind>,
}

/// The version of the files that [`FittedFeatures::save`] writes.
const VERSION: u32 = 1;

impl FittedFeatures {
    pub(super) fn new(
        steps: PipelineSteps,
        layers: Vec<Vec<usize>>,
        learned: BTreeMap<usize, Learned>,
        tables: Vec<GroupTable>,
        required_columns: Vec<String>,
        kinds: BTreeMap<String, ColumnKind>,
    ) -> Self {
        Self { steps, layers, learned, tables, required_columns, kinds }
    }

    /// Learns from a table in memory; the second value is the plan of its columns.
    pub(crate) fn fit(steps: &PipelineSteps, table: &DataFrame) -> Result<(Self, LazyFrame)> {
        let _span = info_span!("fit", rows = table.height(), columns = table.width()).entered();
        if table.height() == 0 {
            return Err(FeaturesError::data(
                "the table has no rows to learn from",
                "give a table with at least one row",
            ));
        }
        fit::fit(steps, with_codes(table, steps)?.lazy(), table.schema(), Rows::InMemory)
    }

    /// Learns from some rows of a table; the second value is the plan of the columns of all of them.
    pub(crate) fn fit_where(
        steps: &PipelineSteps,
        table: &DataFrame,
        training: &BooleanChunked,
    ) -> Result<(Self, LazyFrame)> {
        let _span = info_span!("fit", rows = table.height(), columns = table.width()).entered();
        if training.len() != table.height() || training.null_count() > 0 || !training.any() {
            return Err(FeaturesError::data(
                format!(
                    "{} of {} marks say which of {} rows to learn from",
                    training.sum().unwrap_or(0),
                    training.len(),
                    table.height()
                ),
                "give one for each row, true for at least one",
            ));
        }
        let mut marked = with_codes(table, steps)?;
        let marks = training.clone().with_name(TRAINING.into()).into_series().into_column();
        marked.with_column(marks).map_err(|source| FeaturesError::polars("marking the training rows", source))?;
        fit::fit(steps, marked.lazy(), table.schema(), Rows::SomeInMemory)
    }

    /// Learns from a table that need not fit in memory.
    pub(crate) fn fit_lazy(steps: &PipelineSteps, table: LazyFrame) -> Result<(Self, LazyFrame)> {
        let _span = info_span!("fit").entered();
        let schema = schema_of(&table)?;
        fit::fit(steps, table, &schema, Rows::OnDisk)
    }

    /// The features.
    pub fn steps(&self) -> &PipelineSteps {
        &self.steps
    }

    /// The columns that they make, in the order of the steps.
    pub fn columns(&self) -> Vec<String> {
        (0..self.steps.steps.len()).flat_map(|index| self.columns_of(index)).collect()
    }

    /// The columns of one step.
    pub(super) fn columns_of(&self, index: usize) -> Vec<String> {
        self.steps.steps[index].as_feature().columns(self.learned.get(&index))
    }

    /// The steps, each after those that it needs.
    pub(super) fn order(&self) -> impl Iterator<Item = usize> {
        self.layers.iter().flatten().copied()
    }

    /// The columns that new rows have to have, and some that only training rows had to.
    pub fn required_columns(&self) -> &[String] {
        &self.required_columns
    }

    /// The table with the columns of all features behind its own.
    ///
    /// # Errors
    /// [`FeaturesError::UnknownColumn`], [`FeaturesError::ColumnType`] and [`FeaturesError::DuplicateName`] where the
    /// table's columns are not those that were learned from; [`FeaturesError::Polars`] for what is found while computing.
    pub fn apply(&self, table: &DataFrame) -> Result<DataFrame> {
        let _span = info_span!("apply", rows = table.height(), columns = table.width()).entered();
        let conformed = self.conform(table)?;
        let rows = conformed.clone().lazy();
        let result = self.planned(with_codes(&conformed, &self.steps)?.lazy(), conformed.schema())?.collect();
        result.map_err(|source| self.blame(&rows, FeaturesError::polars("computing the features", source)))
    }

    /// The plan of a table with the columns of all features behind its own.
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply), but for what is found while computing.
    pub fn apply_lazy(&self, table: LazyFrame) -> Result<LazyFrame> {
        let own = schema_of(&table)?;
        self.planned(table, &own)
    }

    /// `own` are the table's columns that stay.
    fn planned(&self, table: LazyFrame, own: &Schema) -> Result<LazyFrame> {
        let made = self.columns();
        if let Some(name) = made.iter().find(|name| own.contains(name)) {
            return Err(FeaturesError::DuplicateName {
                location: Location::default(),
                name: name.clone(),
                taken_by: "the table has it".to_owned(),
            });
        }
        let casts = self.kinds.iter().filter_map(|(column, kind)| kind.conform(column, own.get(column)?));
        let mut plan = table.with_columns(casts.collect::<Vec<_>>());
        for layer in &self.layers {
            let schema = schema_of(&plan)?;
            self.check_inputs(layer, &schema)?;
            let names: Vec<&str> = layer.iter().map(|index| self.steps.steps[*index].name()).collect();
            for table in self.tables.iter().filter(|table| table.features().any(|name| names.contains(&name))) {
                plan = table.join(plan, &schema, None);
            }
            plan = plan.with_columns(layer_expressions(&self.steps, layer, &schema, &self.learned)?);
        }
        let names: Vec<Expr> = own.iter_names_cloned().map(col).chain(made.into_iter().map(col)).collect();
        Ok(plan.select(names))
    }

    /// The table with the columns of the kinds that were learned from, such as numbers that are written as texts.
    fn conform(&self, table: &DataFrame) -> Result<DataFrame> {
        let mut conformed = table.clone();
        for (column, kind) in &self.kinds {
            let Some(cast) = table.schema().get(column).and_then(|dtype| kind.conform(column, dtype)) else { continue };
            conformed = conformed.lazy().with_column(cast).collect().map_err(|_| {
                let uses =
                    |step: &FeatureConfig| step.as_feature().inputs().iter().any(|input| input.column == *column);
                let index = self.steps.steps.iter().position(uses).unwrap_or_default();
                FeaturesError::ColumnType {
                    location: self.steps.location(index),
                    feature: self.steps.steps.get(index).map(|step| step.name().to_owned()).unwrap_or_default(),
                    column: column.clone(),
                    expected: format!("values of the kind that was learned from ({kind})"),
                    found: table.schema().get(column).map(ToString::to_string).unwrap_or_default(),
                }
            })?;
        }
        Ok(conformed)
    }

    fn check_inputs(&self, layer: &[usize], schema: &Schema) -> Result<()> {
        for index in layer {
            for input in self.steps.steps[*index].as_feature().inputs() {
                if input.only_to_learn {
                    continue;
                }
                let dtype = schema.get(&input.column).ok_or_else(|| FeaturesError::UnknownColumn {
                    location: self.steps.location(*index),
                    feature: self.steps.steps[*index].name().to_owned(),
                    column: input.column.clone(),
                    hint: similar(&input.column, schema.iter_names().map(PlSmallStr::as_str)),
                })?;
                check_type(&self.steps, *index, &input, dtype)?;
            }
        }
        Ok(())
    }

    /// Writes what was learned as JSON. The file appears under its name only when it is complete.
    ///
    /// # Errors
    /// [`FeaturesError::Io`] and [`FeaturesError::DiskFull`] where the disk refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let tables = self.tables.iter().map(StoredTable::new).collect::<PolarsResult<_>>();
        let tables = tables.map_err(|source| FeaturesError::polars("storing the tables of groups", source))?;
        let stored = Stored {
            format: FORMAT.to_owned(),
            version: VERSION,
            steps: self.steps.clone(),
            layers: self.layers.clone(),
            required_columns: self.required_columns.clone(),
            learned: self.learned.clone(),
            kinds: self.kinds.clone(),
            tables,
        };
        write_json(path.as_ref(), &stored)
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`FeaturesError::Io`] where there is no such file; [`FeaturesError::Data`] where it is no such file, or one of a
    /// later version.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read(path).map_err(|source| FeaturesError::io(path, source))?;
        let wrong = |message: String| {
            let hint = "give a file that this or an earlier version has written for fitted features";
            FeaturesError::data(format!("{}: {message}", path.display()), hint)
        };
        let head: Head =
            serde_json::from_slice(&text).map_err(|error| wrong(format!("no fitted features: {error}")))?;
        if head.format != FORMAT {
            return Err(wrong(format!("the format is '{}', expected '{FORMAT}'", head.format)));
        }
        if head.version > VERSION {
            return Err(wrong(format!("the version is {}, expected at most {VERSION}", head.version)));
        }
        let stored: Stored = serde_json::from_slice(&text).map_err(|error| wrong(format!("damaged: {error}")))?;
        let count = stored.steps.steps.len();
        if stored.layers.iter().flatten().any(|index| *index >= count) {
            return Err(wrong("damaged: a layer names a feature that there is not".to_owned()));
        }
        let tables = stored.tables.into_iter().map(StoredTable::into_table).collect::<PolarsResult<_>>();
        Ok(Self {
            steps: stored.steps,
            layers: stored.layers,
            learned: stored.learned,
            tables: tables.map_err(|error| wrong(format!("damaged: {error}")))?,
            required_columns: stored.required_columns,
            kinds: stored.kinds,
        })
    }
}

/// What the file says it is.
const FORMAT: &str = "features-pipeline/fitted-features";

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: String,
    version: u32,
    steps: PipelineSteps,
    layers: Vec<Vec<usize>>,
    required_columns: Vec<String>,
    learned: BTreeMap<usize, Learned>,
    kinds: BTreeMap<String, ColumnKind>,
    tables: Vec<StoredTable>,
}
