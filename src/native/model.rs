//! A model of an ONNX document, scored in this process alone.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use serde_json::Value;

use super::archive;
use super::description::{Classes, Description};
use super::invalid;
use super::onnx::Model;
use super::plan::Plan;
use super::row::{Schema, refused};
use crate::{LexLearningError, ModelInfo, PredictionResult};

/// From here on a thread is started for each core; it takes as long as a hundred rows or so.
const PARALLEL_ROWS: usize = 4096;

/// What a `.pkl` file of `TrainedModel` begins with.
const PICKLE: &[u8] = b"\x80\x04clex_learning";

/// A model that needs no interpreter: what `TrainedModel` saves or exports, loaded and scored by this crate alone.
///
/// It reads the ONNX document that a `.lex` file carries where ONNX can express the model, or a file of
/// `TrainedModel::export_onnx`. It gives the predictions, warnings and errors of the model that wrote it. Cheap to clone; many threads
/// predict with one at once, and none waits for another. Loading runs no code of the file and checks all that it holds.
///
/// ```no_run
/// # fn main() -> Result<(), lex_learning::LexLearningError> {
/// let model = lex_learning::NativeModel::load("model.lex")?;
/// let prediction = model.predict(&serde_json::json!({"age": 25, "sex": "male"}))?;
/// println!("{:?} {:?}", prediction.label, prediction.probabilities);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct NativeModel(Arc<Content>);

struct Content {
    description: Description,
    schema: Schema,
    plan: Plan,
}

impl fmt::Debug for NativeModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NativeModel").field("info", self.info()).finish_non_exhaustive()
    }
}

impl NativeModel {
    /// Reads a `.lex` file, or an ONNX file that this library has exported; by its content, not by its name.
    ///
    /// # Errors
    ///
    /// * [`ModelNotFound`](LexLearningError::ModelNotFound): there is no such file.
    /// * [`InvalidModelFile`](LexLearningError::InvalidModelFile): it is empty, cut, altered or something else.
    /// * [`ExportError`](LexLearningError::ExportError): it is a `.lex` file without an ONNX document; tells why.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LexLearningError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => LexLearningError::ModelNotFound { path: path.display().to_string() },
            _ => invalid(&format!("{} cannot be read ({error})", path.display())),
        })?;
        Self::from_bytes(&bytes)
    }

    /// Rebuilds a model from the content of such a file.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LexLearningError> {
        if bytes.starts_with(PICKLE) {
            return Err(invalid("it is a pickle, which is for Python: save the model under a name that ends in .lex"));
        }
        if bytes.starts_with(archive::START) {
            return archive::with_document(bytes, Self::from_document);
        }
        Self::from_document(bytes)
    }

    fn from_document(bytes: &[u8]) -> Result<Self, LexLearningError> {
        let model = Model::read(bytes)?;
        let description = Description::read(model.description)?;
        let schema = Schema::new(&description.info);
        let plan = Plan::new(&model, schema.columns.len(), description.output_count())?;
        Ok(Self(Arc::new(Content { description, schema, plan })))
    }

    /// Predicts one row, given as a JSON object of column names and values. The target and the
    /// [`unused_columns`](ModelInfo::unused_columns) may be in it and are ignored.
    ///
    /// # Errors
    ///
    /// [`InferenceError`](LexLearningError::InferenceError): the JSON is not an object, or a column is missing,
    /// unknown, null (unless it was trained with `allow_missing`) or of another type; the message names it. What
    /// training did not see, such as a new category, is no error: it predicts, and says so in `warnings`.
    pub fn predict(&self, instance: &Value) -> Result<PredictionResult, LexLearningError> {
        let (features, warnings) = self.0.schema.encode_row(instance)?;
        let output = self.0.output(&features, 1)?;
        let mut result = PredictionResult {
            label: None,
            value: None,
            lower: None,
            upper: None,
            probabilities: BTreeMap::new(),
            warnings,
        };
        let labels = self.0.description.labels();
        if labels.is_empty() {
            let (value, margin) = (output[0], self.info().interval_half_width);
            result.value = Some(value);
            result.lower = margin.map(|margin| value - margin);
            result.upper = margin.map(|margin| value + margin);
        } else {
            result.label = Some(labels[self.0.class_of(&output)].clone());
            result.probabilities = labels.iter().cloned().zip(output).collect();
        }
        Ok(result)
    }

    /// Everything it knows about itself.
    pub fn info(&self) -> &ModelInfo {
        &self.0.description.info
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.0.schema
    }

    pub(super) fn classes(&self) -> &Classes {
        &self.0.description.classes
    }

    /// The plan's output for rows of features, row by row.
    pub(super) fn output(&self, features: &[f64], rows: usize) -> Result<Vec<f64>, LexLearningError> {
        self.0.output(features, rows)
    }

    /// The place of the predicted class among the outputs of a row.
    pub(super) fn class_of(&self, output: &[f64]) -> usize {
        self.0.class_of(output)
    }
}

impl Content {
    fn output(&self, features: &[f64], rows: usize) -> Result<Vec<f64>, LexLearningError> {
        let width = self.description.output_count();
        let output = if rows < PARALLEL_ROWS { self.part(features)? } else { self.on_all_cores(features, rows)? };
        match output.iter().position(|value| !value.is_finite()) {
            None => Ok(output),
            Some(place) => Err(refused(
                &format!("the prediction for row {} is not a finite number", place / width),
                "Its values are too far from those of the training table; check them.",
            )),
        }
    }

    fn on_all_cores(&self, features: &[f64], rows: usize) -> Result<Vec<f64>, LexLearningError> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let share = rows.div_ceil(threads).next_multiple_of(self.plan.block_rows);
        thread::scope(|scope| {
            let parts = features.chunks(share * self.schema.columns.len());
            let running: Vec<_> = parts.map(|part| scope.spawn(|| self.part(part))).collect();
            let mut output = Vec::with_capacity(rows * self.description.output_count());
            for part in running {
                let failed = |_| LexLearningError::InferenceError("a thread failed".to_owned());
                output.extend(part.join().map_err(failed)??);
            }
            Ok(output)
        })
    }

    fn part(&self, features: &[f64]) -> Result<Vec<f64>, LexLearningError> {
        let columns = self.schema.columns.len();
        let mut output = Vec::with_capacity(features.len() / columns * self.description.output_count());
        for block in features.chunks(self.plan.block_rows * columns) {
            output.extend(self.plan.evaluate(block.to_vec(), block.len() / columns)?);
        }
        Ok(output)
    }

    fn class_of(&self, output: &[f64]) -> usize {
        if let (Some(threshold), [_, second]) = (self.description.info.decision_threshold, output) {
            return usize::from(*second >= threshold);
        }
        // Of equal shares the first counts.
        (1..output.len()).fold(0, |best, class| if output[class] > output[best] { class } else { best })
    }
}
