//! Train, predict, evaluate, save and load, on tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::Array1;
use polars::prelude::{Column, DataFrame};

use super::any_model::AnyModel;
use super::file::ModelFile;
use super::target::{known_codes, label_column, target_numbers};
use super::{
    ClassificationMetrics, Metrics, Model, ModelConfig, ModelError, ModelMetrics, Predictions, Split, Target,
    TrainingConfig, Watch,
};
use crate::error::{FeaturesError, Result};

/// A trained model with the names of its columns.
///
/// ```
/// use features_pipeline::models::{ModelConfig, ProfitPredictor};
/// use polars::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = df!("units" => [1, 2, 3, 4], "price" => [2.0, 1.0, 3.0, 1.0], "profit" => [9.0, 8.0, 16.0, 12.0])?;
/// let config = ModelConfig {
///     target_column: "profit".to_owned(),
///     feature_columns: vec!["units".to_owned(), "price".to_owned()],
/// };
/// let predictor = ProfitPredictor::train(&table, &config)?;
/// let metrics = predictor.evaluate(&table, "profit")?;
/// assert!((metrics.r2 - 1.0).abs() < 1e-12);
///
/// let new = df!("units" => [10], "price" => [1.0])?;
/// assert!((predictor.predict(&new)?[0] - 24.0).abs() < 1e-9);
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("model.json");
/// predictor.save(&path)?;
/// assert_eq!(ProfitPredictor::load(&path)?.predict(&new)?, predictor.predict(&new)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ProfitPredictor {
    file: ModelFile,
}

/// A model that was trained on a part of a table and tested on the rest.
#[derive(Debug, Clone)]
pub struct Training {
    /// The model, which keeps the metrics of both parts.
    pub predictor: ProfitPredictor,
    /// Which rows were in which part.
    pub split: Split,
    /// The metrics on the rows that it was trained on.
    pub training_metrics: Metrics,
    /// The metrics on the other rows.
    pub test_metrics: Metrics,
}

/// Splits a table, trains on one part and tests on the other. Classes are split in equal proportions.
///
/// Features that learn from rows, such as encodings, must not see the test rows: split with [`split`] first where there
/// are some, and use [`ProfitPredictor::train_as`].
///
/// # Errors
///
/// As [`split`] and [`ProfitPredictor::train_as`].
pub fn train_and_test(frame: &DataFrame, config: &TrainingConfig) -> Result<Training> {
    train_and_test_watched(frame, config, &Watch::default())
}

/// As [`train_and_test`], with somebody who follows the training and may end it early.
///
/// # Errors
///
/// As [`train_and_test`] and [`ProfitPredictor::train_watched`].
pub fn train_and_test_watched(frame: &DataFrame, config: &TrainingConfig, watch: &Watch) -> Result<Training> {
    let split = split(frame, config)?;
    let (training, test) = split.apply(frame)?;
    let mut predictor = ProfitPredictor::train_watched(&training, config, watch)?;
    let training_metrics = predictor.score(&training, &config.target_column)?;
    let test_metrics = predictor.score(&test, &config.target_column)?;
    predictor.keep_metrics("training", &training_metrics);
    predictor.keep_metrics("test", &test_metrics);
    Ok(Training { predictor, split, training_metrics, test_metrics })
}

/// Draws the rows to test on, by the seed and the share of the configuration; classes in equal proportions.
///
/// # Errors
///
/// As [`Target::from_frame`] and [`Split::shuffled`].
pub fn split(frame: &DataFrame, config: &TrainingConfig) -> Result<Split> {
    match Target::from_frame(frame, &config.target_column, &config.model)? {
        Target::Classes { codes, .. } => Split::stratified(&codes, config.test_size, config.seed),
        Target::Numbers(values) => Split::shuffled(values.len(), config.test_size, config.seed),
    }
}

impl ProfitPredictor {
    /// Trains a linear regression on all rows of a table.
    ///
    /// # Errors
    ///
    /// As [`train_as`](Self::train_as).
    pub fn train(frame: &DataFrame, config: &ModelConfig) -> Result<Self> {
        Self::train_as(frame, &TrainingConfig::from(config.clone()))
    }

    /// Trains the kind of model that the configuration names, on all rows of a table.
    ///
    /// # Errors
    ///
    /// [`FeaturesError::Model`]: a setting that is out of range, a column that is missing or no number, or a value that is
    /// missing or not finite, with its column and row; see [`Model::fit`].
    pub fn train_as(frame: &DataFrame, config: &TrainingConfig) -> Result<Self> {
        Self::train_watched(frame, config, &Watch::default())
    }

    /// As [`train_as`](Self::train_as), with somebody who follows the training and may end it early.
    ///
    /// # Errors
    ///
    /// As [`train_as`](Self::train_as); [`ModelError::Engine`] with the code `training.cancelled` after
    /// [`Watch::cancel`].
    #[tracing::instrument(skip_all, fields(kind = %config.model.kind(), rows = frame.height(), columns = config.feature_columns.len()))]
    pub fn train_watched(frame: &DataFrame, config: &TrainingConfig, watch: &Watch) -> Result<Self> {
        config.validate()?;
        let model = AnyModel::fit(config, frame, watch)?;
        for warning in model.as_model().warnings() {
            tracing::warn!("{warning}");
        }
        Ok(Self { file: ModelFile::new(&config.target_column, model) })
    }

    /// Predicts a number for each row. A model of classes gives the place of the likeliest class in
    /// [`Model::classes`]; [`predict_frame`](Self::predict_frame) gives its name.
    ///
    /// # Errors
    ///
    /// As [`Model::predict`].
    pub fn predict(&self, frame: &DataFrame) -> Result<Array1<f64>> {
        Ok(match self.predictions(frame)? {
            Predictions::Numbers(numbers) => numbers,
            Predictions::Classes { codes, .. } => codes.into_iter().map(|code| code as f64).collect(),
        })
    }

    /// Predicts each row: a table with the column `prediction`, and for a model of classes the columns
    /// `probability_<class>`. Classes have the type that they were trained with.
    ///
    /// # Errors
    ///
    /// As [`Model::predict`].
    pub fn predict_frame(&self, frame: &DataFrame) -> Result<DataFrame> {
        const PREDICTION: &str = "prediction";
        let columns = match self.predictions(frame)? {
            Predictions::Numbers(numbers) => vec![Column::new(PREDICTION.into(), numbers.to_vec())],
            Predictions::Classes { codes, probabilities } => {
                let classes = self.model().classes();
                let mut columns = vec![label_column(PREDICTION, classes, &codes)];
                for (class, chances) in classes.iter().zip(probabilities.columns()) {
                    columns.push(Column::new(format!("probability_{class}").into(), chances.to_vec()));
                }
                columns
            }
        };
        DataFrame::new(frame.height(), columns)
            .map_err(|source| FeaturesError::polars("the table of predictions", source))
    }

    /// Compares the predictions of a model of numbers to the right answers.
    ///
    /// # Errors
    ///
    /// As [`score`](Self::score), and [`ModelError::WrongKind`] for a model of classes.
    pub fn evaluate(&self, frame: &DataFrame, target: &str) -> Result<ModelMetrics> {
        match self.score(frame, target)? {
            Metrics::Regression(metrics) => Ok(metrics),
            Metrics::Classification(_) => {
                let kind = self.model().kind().name();
                Err(ModelError::WrongKind { kind, asked: "metrics of numbers: `score` has those of classes" }.into())
            }
        }
    }

    /// Compares the predictions of any model to the right answers, which are in the column `target`.
    ///
    /// # Errors
    ///
    /// As [`Model::predict`] and [`Target::from_frame`]; [`ModelError::UnknownClass`] for a class that was not in the
    /// training, [`TooFewRows`](ModelError::TooFewRows) for an empty table.
    pub fn score(&self, frame: &DataFrame, target: &str) -> Result<Metrics> {
        if frame.height() == 0 {
            return Err(ModelError::TooFewRows { purpose: "an evaluation", rows: 0, needed: 1 }.into());
        }
        Ok(match self.predictions(frame)? {
            Predictions::Numbers(predicted) => {
                let actual = target_numbers(frame, target)?;
                Metrics::Regression(ModelMetrics::compute(&predicted.to_vec(), &actual.to_vec()))
            }
            Predictions::Classes { codes, probabilities } => {
                let actual = known_codes(frame, target, self.model().classes())?;
                Metrics::Classification(ClassificationMetrics::compute(&codes, &probabilities, &actual))
            }
        })
    }

    /// Writes a versioned JSON file, as a whole or not at all. Of a `lex` model, what predicts is a `.lex` file beside it,
    /// which the crate `lex-learning` and the Python package `lex_learning` read as well.
    ///
    /// # Errors
    ///
    /// [`FeaturesError::Io`] if a file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.file.save(path.as_ref())
    }

    /// Reads what [`save`](Self::save) wrote; the predictions are the same to the last bit.
    ///
    /// # Errors
    ///
    /// [`FeaturesError::Io`] if there is no such file, [`ModelError::NotAModelFile`] for anything that is no model,
    /// [`NewerVersion`](ModelError::NewerVersion), and for a `lex` model [`EngineMissing`](ModelError::EngineMissing) or
    /// [`Engine`](ModelError::Engine).
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { file: ModelFile::load(path.as_ref())? })
    }

    /// The files that [`save`](Self::save) writes for a path, the JSON file first.
    pub fn files(&self, path: impl AsRef<Path>) -> Vec<PathBuf> {
        self.file.paths(path.as_ref())
    }

    /// The model itself: its kind, coefficients or importances, classes and warnings.
    pub fn model(&self) -> &dyn Model {
        self.file.model.as_model()
    }

    /// The column that is predicted.
    pub fn target_column(&self) -> &str {
        &self.file.target_column
    }

    /// The metrics that are kept in the file, by the name of the rows, such as `test`.
    pub fn metrics(&self) -> &BTreeMap<String, Metrics> {
        &self.file.metrics
    }

    /// Keeps metrics in the file. Those that are not finite are not: JSON has no such numbers.
    pub fn keep_metrics(&mut self, rows: &str, metrics: &Metrics) {
        if metrics.values().values().all(|value| value.is_finite()) {
            self.file.metrics.insert(rows.to_owned(), metrics.clone());
        }
    }

    fn predictions(&self, frame: &DataFrame) -> Result<Predictions> {
        self.model().predict(frame)
    }
}
