//! Which features come before which.

use std::collections::{BTreeSet, HashMap, HashSet};

use polars::prelude::*;

use crate::config::PipelineSteps;
use crate::error::{FeaturesError, Result};
use crate::features::{FeatureConfig, Input, Outputs};

/// Features in layers: each uses columns of the table and of layers before its own.
#[derive(Debug)]
pub(crate) struct Order {
    /// The indices of the steps.
    pub(crate) layers: Vec<Vec<usize>>,
    /// The columns that no feature makes, in the order of their first use.
    pub(crate) required_columns: Vec<String>,
}

impl Order {
    /// Checks settings and names and puts the steps in order. With a schema, the table's columns are checked as well.
    pub(crate) fn new(steps: &PipelineSteps, schema: Option<&Schema>) -> Result<Self> {
        for (index, step) in steps.steps.iter().enumerate() {
            check_settings(steps, index, step)?;
            if let Some(schema) = schema {
                check_types(steps, index, schema)?;
            }
        }
        let makers = Makers::new(steps, schema)?;
        let mut required_columns = Vec::new();
        let mut needs: Vec<BTreeSet<usize>> = Vec::with_capacity(steps.steps.len());
        for (index, step) in steps.steps.iter().enumerate() {
            let mut needed = BTreeSet::new();
            for input in step.as_feature().inputs() {
                match makers.of(&input.column, index, schema) {
                    // Without a table, a name that only begins like an encoding's columns proves nothing.
                    Some(Maker::Perhaps(_)) if schema.is_none() => {}
                    Some(Maker::Surely(maker) | Maker::Perhaps(maker)) => {
                        needed.insert(maker);
                    }
                    None => {
                        check_column(steps, index, &input, schema, &makers)?;
                        if !required_columns.contains(&input.column) {
                            required_columns.push(input.column);
                        }
                    }
                }
            }
            needs.push(needed);
        }
        let layers = layers(steps, &needs)?;
        Ok(Self { layers, required_columns })
    }
}

/// A step that makes a column, or may turn out to, depending on the levels that it finds.
enum Maker {
    Surely(usize),
    Perhaps(usize),
}

/// Who makes which column.
struct Makers {
    known: HashMap<String, usize>,
    prefixes: Vec<(String, usize)>,
}

impl Makers {
    fn new(steps: &PipelineSteps, schema: Option<&Schema>) -> Result<Self> {
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut prefixes = Vec::new();
        let mut names: HashMap<&str, usize> = HashMap::new();
        let duplicate = |index: usize, name: &str, taken_by: String| FeaturesError::DuplicateName {
            location: steps.location(index),
            name: name.to_owned(),
            taken_by,
        };
        let made_by = |earlier: usize| {
            format!("the feature '{}' at {} makes it", steps.steps[earlier].name(), steps.location(earlier))
        };
        for (index, step) in steps.steps.iter().enumerate() {
            if let Some(earlier) = names.insert(step.name(), index) {
                return Err(duplicate(index, step.name(), made_by(earlier)));
            }
            match step.as_feature().outputs() {
                Outputs::Prefixed(prefix) => prefixes.push((prefix, index)),
                Outputs::Known(columns) => {
                    for column in columns {
                        if schema.is_some_and(|schema| schema.contains(&column)) {
                            return Err(duplicate(index, &column, "the table has it".to_owned()));
                        }
                        if let Some(earlier) = known.get(&column) {
                            return Err(duplicate(index, &column, made_by(*earlier)));
                        }
                        known.insert(column, index);
                    }
                }
            }
        }
        Ok(Self { known, prefixes })
    }

    /// The step that makes a column for another one. A column of the table comes before one that a feature may only turn
    /// out to make.
    fn of(&self, column: &str, asking: usize, schema: Option<&Schema>) -> Option<Maker> {
        if let Some(index) = self.known.get(column) {
            return Some(Maker::Surely(*index));
        }
        if schema.is_some_and(|schema| schema.contains(column)) {
            return None;
        }
        let makes = |(prefix, index): &&(String, usize)| *index != asking && column.starts_with(prefix.as_str());
        self.prefixes.iter().find(makes).map(|(_, index)| Maker::Perhaps(*index))
    }
}

fn check_settings(steps: &PipelineSteps, index: usize, step: &FeatureConfig) -> Result<()> {
    let wrong = |message: String| settings_error(steps, index, &message);
    if step.name().is_empty() {
        return Err(wrong("name: expected at least one character".to_owned()));
    }
    // Polars takes such names for patterns of column names; two underscores are ours.
    let is_pattern = |name: &str| name == "*" || (name.starts_with('^') && name.ends_with('$'));
    if is_pattern(step.name()) || step.name().starts_with("__") {
        return Err(wrong("name: expected another beginning than `__`, and no pattern".to_owned()));
    }
    if let Some(input) = step.as_feature().inputs().iter().find(|input| is_pattern(&input.column)) {
        return Err(wrong(format!("expected the name of one column, found the pattern '{}'", input.column)));
    }
    step.as_feature().check().map_err(wrong)
}

/// The settings of a feature have to suit the types of the columns, as far as those are known.
pub(super) fn check_types(steps: &PipelineSteps, index: usize, schema: &Schema) -> Result<()> {
    let checked = steps.steps[index].as_feature().check_types(schema);
    checked.map_err(|message| settings_error(steps, index, &message))
}

fn settings_error(steps: &PipelineSteps, index: usize, message: &str) -> FeaturesError {
    let step = &steps.steps[index];
    FeaturesError::Configuration {
        location: steps.setting_location(index, message),
        message: format!("the feature '{}' ({}): {message}", step.name(), step.kind()),
        hint: "`features-pipeline schema` prints all forms".to_owned(),
    }
}

/// A column of the table has to be there, and of a type that the feature takes.
fn check_column(
    steps: &PipelineSteps,
    index: usize,
    input: &Input,
    schema: Option<&Schema>,
    makers: &Makers,
) -> Result<()> {
    let Some(schema) = schema else { return Ok(()) };
    let feature = steps.steps[index].name();
    match schema.get(&input.column) {
        Some(dtype) => check_type(steps, index, input, dtype),
        None => Err(FeaturesError::UnknownColumn {
            location: steps.location(index),
            feature: feature.to_owned(),
            column: input.column.clone(),
            hint: similar(
                &input.column,
                schema.iter_names().map(PlSmallStr::as_str).chain(makers.known.keys().map(String::as_str)),
            ),
        }),
    }
}

/// The error of a column whose type a feature does not take.
pub(super) fn check_type(steps: &PipelineSteps, index: usize, input: &Input, dtype: &DataType) -> Result<()> {
    if input.accepts.takes(dtype) {
        return Ok(());
    }
    Err(FeaturesError::ColumnType {
        location: steps.location(index),
        feature: steps.steps[index].name().to_owned(),
        column: input.column.clone(),
        expected: input.accepts.describe().to_owned(),
        found: dtype.to_string(),
    })
}

/// The names that may have been meant; all of them where none is near.
pub(super) fn similar<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let lower = name.to_lowercase();
    let mut ranked: Vec<(f64, &str)> =
        names.map(|other| (strsim::jaro_winkler(&lower, &other.to_lowercase()), other)).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    let near: Vec<&str> =
        ranked.iter().take(3).filter(|(similarity, _)| *similarity > 0.85).map(|(_, name)| *name).collect();
    if near.is_empty() {
        let all: Vec<&str> = ranked.into_iter().take(30).map(|(_, name)| name).collect();
        return format!("the columns are: {}", all.join(", "));
    }
    format!("did you mean '{}'?", near.join("' or '"))
}

/// Takes away, again and again, the features that need none of the rest.
fn layers(steps: &PipelineSteps, needs: &[BTreeSet<usize>]) -> Result<Vec<Vec<usize>>> {
    let mut layers = Vec::new();
    let mut done: HashSet<usize> = HashSet::new();
    while done.len() < needs.len() {
        let ready: Vec<usize> = (0..needs.len())
            .filter(|index| !done.contains(index) && needs[*index].is_subset(&done.iter().copied().collect()))
            .collect();
        if ready.is_empty() {
            return Err(cycle(steps, needs, &done));
        }
        done.extend(&ready);
        layers.push(ready);
    }
    Ok(layers)
}

/// Follows the needs among the features that are left until one comes up again.
fn cycle(steps: &PipelineSteps, needs: &[BTreeSet<usize>], done: &HashSet<usize>) -> FeaturesError {
    let mut path: Vec<usize> = Vec::new();
    let mut next = (0..needs.len()).find(|index| !done.contains(index));
    while let Some(index) = next.filter(|index| !path.contains(index)) {
        path.push(index);
        next = needs[index].iter().copied().find(|needed| !done.contains(needed));
    }
    let start = next.and_then(|again| path.iter().position(|index| *index == again)).unwrap_or(0);
    let circle = &path[start..];
    let name = |index: &usize| steps.steps[*index].name().to_owned();
    FeaturesError::Cycle {
        location: circle.first().map_or_else(Default::default, |index| steps.location(*index)),
        features: circle.iter().chain(circle.first()).map(name).collect(),
    }
}
