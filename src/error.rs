//! Everything that can go wrong, each with a code that never changes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// What failed, on which value, and what to do next.
///
/// Decide by the variant or by [`code`](LexLearningError::code), never by the text.
///
/// ```
/// use lex_learning::{LexLearningError, PipelineConfig, ProblemType};
///
/// let error = PipelineConfig::builder().problem_type(ProblemType::Regression).cv_folds(1).build().unwrap_err();
/// assert!(matches!(error, LexLearningError::InvalidConfig(_)));
/// assert_eq!(error.code(), "config.invalid");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LexLearningError {
    /// A setting is missing, unknown or outside its bounds.
    #[error("Invalid configuration: {0}")]
    InvalidConfig(String),
    /// The table cannot be trained on; names the column and the remedy.
    #[error("Invalid data: {0}")]
    InvalidData(String),
    /// The table has no such column.
    #[error("Target column '{0}' not found. Name a column of the table, spelt as it is there")]
    TargetNotFound(String),
    /// No algorithm could be fitted.
    #[error("Training failed: {0}")]
    TrainingFailed(String),
    /// There is no file at the path.
    #[error("Model not found: {path}. Check the path; `TrainedModel` writes such files")]
    ModelNotFound {
        /// The path as it was given.
        path: String,
    },
    /// The file or bytes are empty, cut, altered or not a model.
    #[error("Invalid model file: {0}")]
    InvalidModelFile(String),
    /// A row or table cannot be predicted as it is, or a model cannot be written.
    #[error("Inference error: {0}")]
    InferenceError(String),
    /// The training was cancelled by its [`CancelToken`](crate::CancelToken) or by `shutdown`.
    #[error("Training cancelled")]
    Cancelled,
    /// The model could not be explained.
    #[error("Explainability error: {0}")]
    ExplainabilityError(String),
    /// A model cannot be written as an ONNX file: ONNX cannot express it, or the file would predict otherwise. Or a model
    /// file holds none for that reason.
    #[error("Export error: {0}")]
    ExportError(String),
    /// An unforeseen failure inside Python.
    #[error("Python error: {message}")]
    PythonError {
        /// The exception's kind and text.
        message: String,
    },
    /// The bundled interpreter could not be found or started.
    #[error("Runtime initialization failed: {0}")]
    RuntimeInit(String),
    /// A table could not cross between Polars and Python.
    #[error("Arrow conversion error: {0}")]
    ArrowConversion(#[from] ArrowConversionKind),
}

/// The step at which a table failed to cross.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ArrowConversionKind {
    /// Polars could not write the table as Arrow IPC.
    #[error("serialization failed: {0}")]
    Serialize(String),
    /// The Arrow IPC bytes could not be read.
    #[error("deserialization failed: {0}")]
    Deserialize(String),
    /// A column's type has no counterpart.
    #[error("type conversion failed: {0}")]
    TypeConversion(String),
}

impl LexLearningError {
    /// Every code, in the order of the variants.
    pub const CODES: [&str; 15] = [
        "config.invalid",
        "data.invalid",
        "data.target_missing",
        "training.failed",
        "model.not_found",
        "model.invalid",
        "inference.failed",
        "training.cancelled",
        "explainability.failed",
        "export.failed",
        "python.error",
        "runtime.init",
        "arrow.serialize",
        "arrow.deserialize",
        "arrow.type_conversion",
    ];

    /// The stable code, such as `data.target_missing`. Python's exceptions carry the same.
    pub fn code(&self) -> &'static str {
        let index = match self {
            Self::InvalidConfig(_) => 0,
            Self::InvalidData(_) => 1,
            Self::TargetNotFound(_) => 2,
            Self::TrainingFailed(_) => 3,
            Self::ModelNotFound { .. } => 4,
            Self::InvalidModelFile(_) => 5,
            Self::InferenceError(_) => 6,
            Self::Cancelled => 7,
            Self::ExplainabilityError(_) => 8,
            Self::ExportError(_) => 9,
            Self::PythonError { .. } => 10,
            Self::RuntimeInit(_) => 11,
            Self::ArrowConversion(ArrowConversionKind::Serialize(_)) => 12,
            Self::ArrowConversion(ArrowConversionKind::Deserialize(_)) => 13,
            Self::ArrowConversion(ArrowConversionKind::TypeConversion(_)) => 14,
        };
        Self::CODES[index]
    }

    /// The variant of a code, filled with what Python said. An unknown code is a [`PythonError`](Self::PythonError).
    pub fn from_code(code: &str, message: String, context: &Value) -> Self {
        let named = |key: &str| context.get(key).and_then(Value::as_str).unwrap_or(&message).to_owned();
        match code {
            "config.invalid" => Self::InvalidConfig(message),
            "data.invalid" => Self::InvalidData(message),
            "data.target_missing" => Self::TargetNotFound(named("column")),
            "training.failed" => Self::TrainingFailed(message),
            "model.not_found" => Self::ModelNotFound { path: named("path") },
            "model.invalid" => Self::InvalidModelFile(message),
            "inference.failed" => Self::InferenceError(message),
            "training.cancelled" => Self::Cancelled,
            "explainability.failed" => Self::ExplainabilityError(message),
            "export.failed" => Self::ExportError(message),
            "runtime.init" => Self::RuntimeInit(message),
            "arrow.serialize" => ArrowConversionKind::Serialize(message).into(),
            "arrow.deserialize" => ArrowConversionKind::Deserialize(message).into(),
            "arrow.type_conversion" => ArrowConversionKind::TypeConversion(message).into(),
            _ => Self::PythonError { message },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_names_its_own_variant() {
        for code in LexLearningError::CODES {
            let error = LexLearningError::from_code(code, "text".to_owned(), &Value::Null);
            assert_eq!(error.code(), code);
        }
    }

    #[test]
    fn an_unknown_code_is_a_python_error() {
        let error = LexLearningError::from_code("made.up", "text".to_owned(), &Value::Null);
        assert_eq!(error, LexLearningError::PythonError { message: "text".to_owned() });
    }

    #[test]
    fn the_context_names_the_target_and_the_path() {
        let context = serde_json::json!({"column": "Age", "path": "a.pkl"});
        let target = LexLearningError::from_code("data.target_missing", "long text".to_owned(), &context);
        assert!(target.to_string().starts_with("Target column 'Age' not found"));
        let model = LexLearningError::from_code("model.not_found", "long text".to_owned(), &context);
        assert!(model.to_string().starts_with("Model not found: a.pkl"));
    }

    #[test]
    fn errors_survive_json() {
        for code in LexLearningError::CODES {
            let error = LexLearningError::from_code(code, "text".to_owned(), &Value::Null);
            let text = serde_json::to_string(&error).unwrap();
            assert_eq!(serde_json::from_str::<LexLearningError>(&text).unwrap(), error);
        }
    }
}
