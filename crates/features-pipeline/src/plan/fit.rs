//! Learning from training rows, layer by layer.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use tracing::{debug, debug_span, info};

use super::fitted::FittedFeatures;
use super::kind::ColumnKind;
use super::order::{Order, check_type, check_types};
use super::table::{GroupTable, key};
use crate::config::PipelineSteps;
use crate::error::{FeaturesError, Result};
use crate::features::{FOLD, Learned, Lesson, Question};

/// Where the training rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// All rows of a table in memory: layers that others learn from are computed once.
    InMemory,
    /// Those rows of it that the column [`TRAINING`] marks.
    SomeInMemory,
    /// All rows of a table that need not fit in memory.
    OnDisk,
}

/// The column of the marks of training rows.
pub(super) const TRAINING: &str = "__training";

/// In place of a fold's number, for rows that are no training rows.
const NO_FOLD: i64 = -1;

/// The column of row numbers, where folds are needed.
const ROW: &str = "__row";

/// The column of the fold numbers of so many folds.
fn fold_column(folds: u32) -> String {
    format!("__fold_{folds}")
}

/// One query, and the features that it answers.
struct Query {
    by: Vec<String>,
    folds: Option<u32>,
    aggregates: Vec<Expr>,
    asked_by: Vec<usize>,
}

/// Learning in progress.
pub(super) struct Training<'a> {
    steps: &'a PipelineSteps,
    /// The plan of the training rows, with the columns of the layers so far.
    plan: LazyFrame,
    rows: Rows,
    learned: BTreeMap<usize, Learned>,
    tables: Vec<GroupTable>,
}

/// Learns all features: what they have learned, and the plan of the training rows with all columns.
pub(super) fn fit(
    steps: &PipelineSteps,
    table: LazyFrame,
    schema: &Schema,
    rows: Rows,
) -> Result<(FittedFeatures, LazyFrame)> {
    let order = Order::new(steps, Some(schema))?;
    let questions = steps.steps.iter().map(|step| step.as_feature().question(schema));
    let folds: BTreeSet<u32> = questions.filter_map(|question| folds_of(question.as_ref())).collect();
    let mut plan = table;
    if !folds.is_empty() {
        let fold = |number: Expr, folds: u32| (number % lit(folds)).cast(DataType::Int64);
        let number = |folds: u32| match rows {
            Rows::SomeInMemory => {
                let number = col(TRAINING).cast(DataType::Int64).cum_sum(false) - lit(1);
                when(col(TRAINING)).then(fold(number, folds)).otherwise(lit(NO_FOLD))
            }
            Rows::InMemory | Rows::OnDisk => fold(col(ROW), folds),
        };
        let number = |folds: u32| number(folds).alias(fold_column(folds));
        plan = plan.with_row_index(ROW, None).with_columns(folds.into_iter().map(number).collect::<Vec<Expr>>());
    }
    let mut training = Training { steps, plan, rows, learned: BTreeMap::new(), tables: Vec::new() };
    for (number, layer) in order.layers.iter().enumerate() {
        let span = debug_span!("layer", number, features = layer.len()).entered();
        training.layer(layer)?;
        drop(span);
        let later = order.layers[number + 1..].iter().flatten();
        let schema = schema_of(&training.plan)?;
        let others_learn = later.clone().any(|index| steps.steps[*index].as_feature().question(&schema).is_some());
        if training.rows != Rows::OnDisk && others_learn {
            let table = training.plan.collect().map_err(|source| FeaturesError::polars("computing a layer", source))?;
            training.plan = table.lazy();
        }
    }
    let required = order.required_columns;
    let kind = |column: &String| Some((column.clone(), ColumnKind::of(schema.get(column)?)));
    let kinds = required.iter().filter_map(kind).collect();
    let fitted = FittedFeatures::new(steps.clone(), order.layers, training.learned, training.tables, required, kinds);
    let names: Vec<Expr> = schema.iter_names_cloned().map(col).chain(fitted.columns().into_iter().map(col)).collect();
    info!(features = steps.steps.len(), columns = names.len(), "features fitted");
    Ok((fitted, training.plan.select(names)))
}

/// The columns of a plan.
pub(super) fn schema_of(plan: &LazyFrame) -> Result<SchemaRef> {
    plan.clone().collect_schema().map_err(|source| FeaturesError::polars("the columns of the table", source))
}

fn folds_of(question: Option<&Question>) -> Option<u32> {
    if let Some(Question::Groups { folds, .. }) = question { *folds } else { None }
}

impl Training<'_> {
    /// Asks for what a layer has to know, lets its features learn, and adds their columns to the plan.
    fn layer(&mut self, layer: &[usize]) -> Result<()> {
        let schema = schema_of(&self.plan)?;
        for index in layer {
            for input in self.steps.steps[*index].as_feature().inputs() {
                let dtype = schema.get(&input.column).ok_or_else(|| self.unknown(*index, &input.column, &schema))?;
                check_type(self.steps, *index, &input, dtype)?;
            }
            check_types(self.steps, *index, &schema)?;
        }
        let queries = self.queries(layer, &schema);
        let answers = self.ask(&queries, &schema)?;
        let mut lookups: Vec<(GroupTable, Option<String>)> = Vec::new();
        for (query, answer) in queries.into_iter().zip(answers) {
            self.learn(query, &answer, &mut lookups)?;
        }
        for (table, folds) in lookups {
            self.plan = table.join(std::mem::take(&mut self.plan), &schema, folds.as_deref());
        }
        self.check_learned_names(layer, &schema)?;
        let expressions = layer_expressions(self.steps, layer, &schema, &self.learned)?;
        self.plan = std::mem::take(&mut self.plan).with_columns(expressions);
        Ok(())
    }

    /// Names that only learning tells must be free as well.
    fn check_learned_names(&self, layer: &[usize], schema: &Schema) -> Result<()> {
        let mut made: BTreeSet<String> = BTreeSet::new();
        for index in layer {
            for name in self.steps.steps[*index].as_feature().columns(self.learned.get(index)) {
                let taken_by = if schema.contains(&name) {
                    "the table or an earlier feature has it"
                } else {
                    "another feature makes it"
                };
                if schema.contains(&name) || !made.insert(name.clone()) {
                    let (location, taken_by) = (self.steps.location(*index), taken_by.to_owned());
                    return Err(FeaturesError::DuplicateName { location, name, taken_by });
                }
            }
        }
        Ok(())
    }

    /// A feature uses a column that a one-hot encoding could have made, and did not.
    fn unknown(&self, index: usize, column: &str, schema: &Schema) -> FeaturesError {
        FeaturesError::UnknownColumn {
            location: self.steps.location(index),
            feature: self.steps.steps[index].name().to_owned(),
            column: column.to_owned(),
            hint: super::order::similar(column, schema.iter_names().map(PlSmallStr::as_str)),
        }
    }

    /// What the features of a layer ask, those of the same groups together.
    fn queries(&self, layer: &[usize], schema: &Schema) -> Vec<Query> {
        let mut queries: Vec<Query> = Vec::new();
        for index in layer {
            let (by, folds, aggregates) = match self.steps.steps[*index].as_feature().question(schema) {
                None => continue,
                Some(Question::Totals(aggregates)) => (Vec::new(), None, aggregates),
                Some(Question::Groups { by, folds, aggregates }) => (by, folds, aggregates),
            };
            match queries.iter_mut().find(|query| query.by == by && query.folds == folds) {
                Some(query) => {
                    query.aggregates.extend(aggregates);
                    query.asked_by.push(*index);
                }
                None => queries.push(Query { by, folds, aggregates, asked_by: vec![*index] }),
            }
        }
        queries
    }

    fn ask(&self, queries: &[Query], schema: &Schema) -> Result<Vec<DataFrame>> {
        let plan = |query: &Query| {
            let rows = match self.rows {
                Rows::SomeInMemory => self.plan.clone().filter(col(TRAINING)),
                Rows::InMemory | Rows::OnDisk => self.plan.clone(),
            };
            if query.by.is_empty() {
                return rows.select(&query.aggregates).logical_plan;
            }
            let mut by: Vec<Expr> = query.by.iter().map(|column| key(column, schema).alias(column)).collect();
            by.extend(query.folds.map(|folds| col(fold_column(folds)).alias(FOLD)));
            rows.group_by(by).agg(&query.aggregates).logical_plan
        };
        let engine = if self.rows == Rows::OnDisk { Engine::Streaming } else { Engine::InMemory };
        let optimizations = self.plan.get_current_optimizations();
        LazyFrame::collect_all_with_engine(queries.iter().map(plan).collect(), engine, optimizations)
            .and_then(|answers| answers.into_iter().map(decoded).collect())
            .map_err(|source| FeaturesError::polars("learning from the training rows", source))
    }

    /// Lets the features of a query learn from its answer.
    fn learn(
        &mut self,
        query: Query,
        answer: &DataFrame,
        lookups: &mut Vec<(GroupTable, Option<String>)>,
    ) -> Result<()> {
        let mut values = Vec::new();
        for index in query.asked_by {
            let step = &self.steps.steps[index];
            let failed = |source| FeaturesError::polars(format!("learning the feature '{}'", step.name()), source);
            let _span = debug_span!("feature", idx = index, name = step.name(), kind = step.kind()).entered();
            let Lesson { values: column, out_of_fold, learned } = step.as_feature().learn(answer).map_err(failed)?;
            debug!(groups = answer.height(), "learned");
            if let Some(column) = column {
                values.push(GroupTable::normalize(column).map_err(failed)?);
            }
            if let Some(learned) = learned {
                self.learned.insert(index, learned);
            }
            if let Some(mut parts) = out_of_fold {
                if self.rows == Rows::SomeInMemory {
                    // Rows that are no training rows look their value up as new ones do.
                    let new = parts.new.clone().lazy().with_column(lit(NO_FOLD).cast(DataType::Int64).alias(FOLD));
                    let new =
                        new.select(parts.training.get_column_names_owned().into_iter().map(col).collect::<Vec<_>>());
                    parts.training = new.collect().and_then(|new| parts.training.vstack(&new)).map_err(failed)?;
                }
                let table = |rows: DataFrame| GroupTable { by: query.by.clone(), rows };
                lookups.push((table(parts.training), query.folds.map(fold_column)));
                self.tables.push(table(parts.new));
            }
        }
        if !values.is_empty() {
            let keys = answer.select(&query.by);
            let rows = keys.and_then(|keys| keys.hstack(&values));
            let rows = rows.map_err(|source| FeaturesError::polars("the table of groups", source))?;
            let table = GroupTable { by: query.by, rows };
            self.tables.push(table.clone());
            lookups.push((table, None));
        }
        Ok(())
    }
}

/// An answer with the texts of its groups in place of their codes.
fn decoded(answer: DataFrame) -> PolarsResult<DataFrame> {
    let is_coded = |column: &&Column| matches!(column.dtype(), DataType::Categorical(..));
    let coded = answer.columns().iter().filter(is_coded).map(|column| column.name().clone());
    let texts: Vec<Expr> = coded.map(|name| col(name).cast(DataType::String)).collect();
    if texts.is_empty() { Ok(answer) } else { answer.lazy().with_columns(texts).collect() }
}

/// The columns of a layer's features.
pub(super) fn layer_expressions(
    steps: &PipelineSteps,
    layer: &[usize],
    schema: &Schema,
    learned: &BTreeMap<usize, Learned>,
) -> Result<Vec<Expr>> {
    let mut expressions = Vec::new();
    for index in layer {
        let step = &steps.steps[*index];
        let (name, kind, cols) = (step.name(), step.kind(), schema.len());
        let _span = debug_span!("feature", idx = index, name, kind, cols).entered();
        debug!("Processing feature");
        let made = step.as_feature().expressions(schema, learned.get(index));
        let made = made.map_err(|source| FeaturesError::polars(format!("the feature '{name}'"), source))?;
        expressions.extend(made);
    }
    Ok(expressions)
}
