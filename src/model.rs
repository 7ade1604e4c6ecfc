//! A trained model: predicts, and is saved and loaded.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use polars::frame::DataFrame;
use serde_json::Value;

use crate::python::handle::PythonModel;
use crate::types::ModelHandle;
use crate::{Explanation, LexLearningError, Metrics, ModelInfo, PredictionResult, ProblemType};

/// A model in the interpreter's memory. Cheap to clone; predicts from many threads, also while a training runs.
///
/// ```no_run
/// # fn main() -> Result<(), lex_learning::LexLearningError> {
/// lex_learning::initialize()?;
/// let model = lex_learning::TrainedModel::load("model.lex")?;
/// let prediction = model.predict(&serde_json::json!({"age": 25, "sex": "male"}))?;
/// println!("{:?} {:?}", prediction.label, prediction.probabilities);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TrainedModel {
    model: Arc<PythonModel>,
    info: Arc<ModelInfo>,
}

impl fmt::Debug for TrainedModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TrainedModel").field("info", &self.info).finish_non_exhaustive()
    }
}

impl TrainedModel {
    /// Reads a model file.
    ///
    /// Takes `.lex` files and the `.pkl` files of [`save`](Self::save), by their content. Neither runs code of the file:
    /// nothing is unpickled.
    ///
    /// # Errors
    ///
    /// * [`ModelNotFound`](LexLearningError::ModelNotFound): there is no such file.
    /// * [`InvalidModelFile`](LexLearningError::InvalidModelFile): it is empty, cut, altered or something else.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LexLearningError> {
        PythonModel::load(path.as_ref()).and_then(Self::new)
    }

    /// Writes a model file, whole or not at all: a `.lex` file, which holds plain data alone.
    ///
    /// It carries the model as an ONNX document as well, for `NativeModel`. To make and check that takes from 20 ms for a
    /// single model to two seconds for an ensemble of fifty. Where ONNX cannot express the model, or it is larger than
    /// 250 MB, the file goes without, and says why to whoever looks for it.
    ///
    /// A name that ends with `.pkl` makes a pickle, for Python programs that take nothing else. Whoever opens a
    /// stranger's pickle with `pickle.load` runs what is in it: give and take `.lex` files.
    ///
    /// # Errors
    ///
    /// [`InferenceError`](LexLearningError::InferenceError): the place cannot be written; an old file is untouched.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), LexLearningError> {
        self.model.save(path.as_ref())
    }

    /// The content of a `.lex` file; see [`save`](Self::save).
    ///
    /// # Errors
    ///
    /// [`PythonError`](LexLearningError::PythonError) if a library refuses.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LexLearningError> {
        self.model.to_bytes()
    }

    /// Rebuilds a model from [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    ///
    /// [`InvalidModelFile`](LexLearningError::InvalidModelFile): the bytes are empty, cut, altered or something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LexLearningError> {
        PythonModel::from_bytes(bytes).and_then(Self::new)
    }

    /// Writes the model as one ONNX file, from the columns of a table to probabilities and labels, whole or not at all.
    ///
    /// ONNX Runtime has to predict from it what the model does on made-up rows, to 0.001 %, before it is written.
    ///
    /// # Errors
    ///
    /// * [`ExportError`](LexLearningError::ExportError): ONNX cannot express the model, or a member of the ensemble,
    ///   which the message names with its weight and the reason; or the file predicts otherwise.
    /// * [`InferenceError`](LexLearningError::InferenceError): the place cannot be written; an old file is untouched.
    pub fn export_onnx(&self, path: impl AsRef<Path>) -> Result<(), LexLearningError> {
        self.model.export_onnx(path.as_ref(), false).map(drop)
    }

    /// As [`export_onnx`](Self::export_onnx), without those members of an ensemble that ONNX cannot express; the weights
    /// of the others stay in proportion.
    ///
    /// Gives a sentence for each member that is left out, and on how far predictions are from the model's; none where
    /// nothing had to be.
    ///
    /// # Errors
    ///
    /// As [`export_onnx`](Self::export_onnx); of an ensemble, only if no member is left.
    pub fn export_onnx_approximately(&self, path: impl AsRef<Path>) -> Result<Vec<String>, LexLearningError> {
        let sentences = self.model.export_onnx(path.as_ref(), true)?;
        for sentence in &sentences {
            tracing::warn!("{sentence}");
        }
        Ok(sentences)
    }

    /// Predicts one row, given as a JSON object of column names and values. The target and the
    /// [`unused_columns`](ModelInfo::unused_columns) may be in it and are ignored.
    ///
    /// # Errors
    ///
    /// [`InferenceError`](LexLearningError::InferenceError): the JSON is not an object, or a column is missing,
    /// unknown, null (unless it was trained with `allow_missing`) or of another type; the message names it. An unseen
    /// category and a number outside the training range are no errors: it predicts, and says so in `warnings`.
    pub fn predict(&self, instance: &Value) -> Result<PredictionResult, LexLearningError> {
        self.model.predict(instance)
    }

    /// Predicts every row of a table, its columns in any order; the target and the
    /// [`unused_columns`](ModelInfo::unused_columns) may be in it and are ignored.
    ///
    /// Gives the column `prediction` (a class of the target's type, or a number), and for classes one
    /// `probability_<label>` column each. An empty table gives an empty one.
    ///
    /// # Errors
    ///
    /// [`InferenceError`](LexLearningError::InferenceError): a column is missing, unknown, of another type, or holds
    /// nulls (unless it was trained with `allow_missing`); the message names it.
    pub fn predict_batch(&self, table: &DataFrame) -> Result<DataFrame, LexLearningError> {
        self.predict_batch_with_warnings(table).map(|(predictions, _)| predictions)
    }

    /// As [`predict_batch`](Self::predict_batch), with a sentence for each column that holds categories which training
    /// did not see, or numbers outside its range.
    ///
    /// # Errors
    ///
    /// As [`predict_batch`](Self::predict_batch).
    pub fn predict_batch_with_warnings(&self, table: &DataFrame) -> Result<(DataFrame, Vec<String>), LexLearningError> {
        let (predictions, warnings) = self.model.predict_batch(table)?;
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        Ok((predictions, warnings))
    }

    /// Explains the prediction for one row, given as for [`predict`](Self::predict): what each column adds to it, and
    /// a picture of that.
    ///
    /// Contributions are exact for boosters, small trees and linear models, and for ensembles of these, where they are
    /// carried over to the probability; what other members add is estimated by predictions of rows between this one
    /// and rows of the training table, and `approximate` is true. Takes about a second, the first time longer.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # lex_learning::initialize()?;
    /// # let model = lex_learning::TrainedModel::load("model.pkl")?;
    /// let explanation = model.explain(&serde_json::json!({"age": 25, "sex": "male"}))?;
    /// for (column, contribution) in &explanation.contributions {
    ///     println!("{column}: {contribution:+.3}");
    /// }
    /// std::fs::write("waterfall.png", &explanation.waterfall)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// * [`InferenceError`](LexLearningError::InferenceError): as [`predict`](Self::predict).
    /// * [`ExplainabilityError`](LexLearningError::ExplainabilityError): the explanation fails.
    pub fn explain(&self, instance: &Value) -> Result<Explanation, LexLearningError> {
        self.model.explain(instance)
    }

    /// Explains the predictions for the rows of a table, and says what a reader should know, in sentences.
    ///
    /// Gives a column of contributions for each feature, then `base` and `output`, with more than two classes `class`,
    /// the predicted one, of which they speak, and `row`, the place in the table. Where a feature has one of these
    /// names, an underscore comes after it. At most 1,000 rows are explained, a random part of a larger table, and
    /// fewer where that would take more than a minute; the sentences tell.
    ///
    /// # Errors
    ///
    /// As [`explain`](Self::explain).
    pub fn explain_batch(&self, table: &DataFrame) -> Result<(DataFrame, Vec<String>), LexLearningError> {
        self.model.explain_batch(table)
    }

    /// Classification or regression.
    ///
    /// # Errors
    ///
    /// None: the answer is at hand. The `Result` is for models that are not.
    pub fn problem_type(&self) -> Result<ProblemType, LexLearningError> {
        Ok(self.info.problem_type)
    }

    /// The predicted column.
    ///
    /// # Errors
    ///
    /// None; see [`problem_type`](Self::problem_type).
    pub fn target_column(&self) -> Result<String, LexLearningError> {
        Ok(self.info.target_column.clone())
    }

    /// The columns it needs, in training order.
    ///
    /// # Errors
    ///
    /// None; see [`problem_type`](Self::problem_type).
    pub fn feature_names(&self) -> Result<Vec<String>, LexLearningError> {
        Ok(self.info.feature_names.clone())
    }

    /// The classes, sorted; `None` for regression.
    ///
    /// # Errors
    ///
    /// None; see [`problem_type`](Self::problem_type).
    pub fn class_labels(&self) -> Result<Option<Vec<String>>, LexLearningError> {
        Ok(self.info.class_labels.clone())
    }

    /// The algorithm's name.
    ///
    /// # Errors
    ///
    /// None; see [`problem_type`](Self::problem_type).
    pub fn best_model_name(&self) -> Result<String, LexLearningError> {
        Ok(self.info.best_model_name.clone())
    }

    /// Metrics on the held-out rows of its training.
    ///
    /// # Errors
    ///
    /// None; see [`problem_type`](Self::problem_type).
    pub fn metrics(&self) -> Result<Metrics, LexLearningError> {
        Ok(self.info.metrics.clone())
    }

    /// Share of each column, largest first.
    ///
    /// # Errors
    ///
    /// None; see [`problem_type`](Self::problem_type).
    pub fn feature_importance(&self) -> Result<Vec<(String, f64)>, LexLearningError> {
        Ok(self.info.feature_importance.clone())
    }

    /// Everything it knows about itself.
    ///
    /// # Errors
    ///
    /// None; see [`problem_type`](Self::problem_type).
    pub fn get_info(&self) -> Result<ModelInfo, LexLearningError> {
        Ok(self.info.as_ref().clone())
    }

    pub(crate) fn from_handle(handle: &ModelHandle) -> Result<Self, LexLearningError> {
        let model = handle.0.clone().and_then(|model| model.downcast::<PythonModel>().ok()).ok_or_else(|| {
            let message = "the result holds no model, as it was deserialized. Save the model itself, and load that.";
            LexLearningError::InferenceError(message.to_owned())
        })?;
        let info = Arc::new(model.info()?);
        Ok(Self { model, info })
    }

    fn new(model: PythonModel) -> Result<Self, LexLearningError> {
        let info = Arc::new(model.info()?);
        Ok(Self { model: Arc::new(model), info })
    }
}
