//! What the file says of its model, as JSON beside the graph.

use serde::Deserialize;
use serde_json::Value;

use super::invalid;
use crate::{ColumnKind, LexLearningError, ModelInfo, ProblemType};

/// The version of what the exporter writes.
const FORMAT: u64 = 1;

/// The model's own account, checked.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) info: ModelInfo,
    pub(super) classes: Classes,
}

/// The classes as they were in the training table, sorted.
#[derive(Debug)]
pub(super) enum Classes {
    /// There are none: the target is a number.
    None,
    Text(Vec<String>),
    Integers(Vec<i64>),
    Unsigned(Vec<u64>),
    Floats(Vec<f64>),
    Truths(Vec<bool>),
}

#[derive(Deserialize)]
struct Written {
    info: ModelInfo,
    /// Class values of their own types; without, the labels.
    #[serde(default)]
    classes: Vec<Value>,
}

impl Description {
    pub(super) fn read(text: &str) -> Result<Self, LexLearningError> {
        if text.is_empty() {
            return Err(invalid("the file does not say which table its model is for"));
        }
        // The format first: what else there is depends on it.
        let value: Value = serde_json::from_str(text).map_err(|error| unfit(&error))?;
        match value.get("format").and_then(Value::as_u64) {
            Some(FORMAT) => {}
            Some(format) if format > FORMAT => {
                return Err(LexLearningError::InvalidModelFile(format!(
                    "the file is of format {format}, and this version reads {FORMAT}. Take a newer version of the library."
                )));
            }
            _ => return Err(invalid("the file does not say its format")),
        }
        let Written { info, classes, .. } = serde_json::from_value(value).map_err(|error| unfit(&error))?;
        let labels = info.class_labels.as_deref().unwrap_or_default();
        let is_classification = info.problem_type == ProblemType::Classification;
        let classes = if classes.is_empty() { Classes::of_labels(labels) } else { Classes::of_values(&classes)? };
        let class_count = labels.len();
        let names = info.schema.iter().map(|column| &column.name);
        if info.schema.is_empty() || !names.eq(&info.feature_names) {
            return Err(invalid("the names of its columns are not those of its schema"));
        }
        if is_classification != (class_count > 0) || classes.len() != class_count {
            return Err(invalid(&format!("it has {class_count} labels for {} classes", classes.len())));
        }
        if info.decision_threshold.is_some() && class_count != 2 {
            return Err(invalid(&format!("it has a threshold for {class_count} classes")));
        }
        if info.schema.iter().any(|column| column.kind != ColumnKind::Categorical && !column.levels.is_empty()) {
            return Err(invalid("a column of its schema has levels and is not categorical"));
        }
        Ok(Self { info, classes })
    }

    pub(super) fn labels(&self) -> &[String] {
        self.info.class_labels.as_deref().unwrap_or_default()
    }

    /// Numbers that the graph gives for a row.
    pub(super) fn output_count(&self) -> usize {
        self.classes.len().max(1)
    }
}

fn unfit(error: &serde_json::Error) -> LexLearningError {
    invalid(&format!("what the file says of its model cannot be read ({error})"))
}

impl Classes {
    fn of_labels(labels: &[String]) -> Self {
        if labels.is_empty() { Self::None } else { Self::Text(labels.to_vec()) }
    }

    fn of_values(values: &[Value]) -> Result<Self, LexLearningError> {
        let all = |text: Option<Vec<String>>| text.map(Self::Text);
        all(values.iter().map(|value| value.as_str().map(str::to_owned)).collect())
            .or_else(|| values.iter().map(Value::as_bool).collect::<Option<_>>().map(Self::Truths))
            .or_else(|| values.iter().map(Value::as_i64).collect::<Option<_>>().map(Self::Integers))
            .or_else(|| values.iter().map(Value::as_u64).collect::<Option<_>>().map(Self::Unsigned))
            .or_else(|| values.iter().map(Value::as_f64).collect::<Option<_>>().map(Self::Floats))
            .ok_or_else(|| invalid("its classes are of several types"))
    }

    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Text(classes) => classes.len(),
            Self::Integers(classes) => classes.len(),
            Self::Unsigned(classes) => classes.len(),
            Self::Floats(classes) => classes.len(),
            Self::Truths(classes) => classes.len(),
        }
    }
}
