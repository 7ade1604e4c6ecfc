//! A model of the engine.

use std::fs;
use std::path::{Path, PathBuf};

use lex_learning::{ModelResult, Pipeline, TrainedModel, TrainingResult};
use ndarray::Array2;
use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};

use super::engine::refused;
use super::{Lex, ProblemType};
use crate::error::{FeaturesError, Result};
use crate::files::write_atomically;
use crate::models::matrix::{column, numbers};
use crate::models::target::{known_codes, label_column};
use crate::models::{
    Candidate, ClassLabel, Coefficient, FitWarning, Importance, Model, ModelError, ModelSpecification, Predictions,
    Target, TrainingConfig, Watch,
};
use crate::tracking::files::sha256;

/// What the engine calls the column of its predictions.
const PREDICTION: &str = "prediction";

/// A model that the engine has found.
///
/// It predicts with the bundled interpreter, which starts with the first training or loading.
#[derive(Debug, Clone)]
pub struct LexModel {
    specification: ModelSpecification,
    findings: Findings,
    engine: TrainedModel,
}

/// What is known of it without the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Findings {
    features: Vec<String>,
    classes: Vec<ClassLabel>,
    candidates: Vec<Candidate>,
    importances: Vec<Importance>,
    warnings: Vec<FitWarning>,
}

/// A [`LexModel`] in the JSON file. The model itself is a `.lex` file beside it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::models) struct StoredLexModel {
    specification: ModelSpecification,
    findings: Findings,
    /// The name of the `.lex` file, which is in the same folder.
    file: PathBuf,
    /// Of its bytes, in hexadecimal digits: a file of another training must not be taken for this one.
    sha256: String,
}

impl PartialEq for LexModel {
    fn eq(&self, other: &Self) -> bool {
        let created = |model: &Self| model.engine.get_info().ok();
        self.specification == other.specification && self.findings == other.findings && created(self) == created(other)
    }
}

impl Model for LexModel {
    fn fit(config: &TrainingConfig, table: &DataFrame, watch: &Watch) -> Result<Self> {
        let ModelSpecification::Lex(settings) = &config.model else {
            return Err(
                ModelError::WrongKind { kind: config.model.kind().name(), asked: "settings of the engine" }.into()
            );
        };
        let name = config.target_column.as_str();
        let (problem, classes, answers) = match Target::from_frame(table, name, &config.model)? {
            Target::Numbers(values) => (ProblemType::Regression, Vec::new(), Column::new(name.into(), values.to_vec())),
            Target::Classes { classes, codes } => {
                let answers = label_column(name, &classes, &codes);
                (ProblemType::Classification, classes, answers)
            }
        };
        let mut training = select(table, &config.feature_columns)?;
        training.with_column(answers).map_err(|source| FeaturesError::polars("the target of a training", source))?;

        let (engine, result) = train(settings, problem, config, &training, watch)?;
        let specification = ModelSpecification::Lex(Lex { problem_type: Some(problem), ..settings.clone() });
        Ok(Self { specification, findings: Findings::new(config, classes, result), engine })
    }

    fn specification(&self) -> &ModelSpecification {
        &self.specification
    }

    fn feature_names(&self) -> Vec<&str> {
        self.findings.features.iter().map(String::as_str).collect()
    }

    fn classes(&self) -> &[ClassLabel] {
        &self.findings.classes
    }

    fn coefficients(&self) -> Vec<Coefficient<'_>> {
        Vec::new()
    }

    fn intercepts(&self) -> &[f64] {
        &[]
    }

    fn importances(&self) -> &[Importance] {
        &self.findings.importances
    }

    fn candidates(&self) -> &[Candidate] {
        &self.findings.candidates
    }

    fn warnings(&self) -> &[FitWarning] {
        &self.findings.warnings
    }

    fn predict(&self, table: &DataFrame) -> Result<Predictions> {
        let features = select(table, &self.findings.features)?;
        let predicted = self.engine.predict_batch(&features).map_err(refused)?;
        let classes = self.classes();
        if classes.is_empty() {
            return Ok(Predictions::Numbers(numbers(&predicted, PREDICTION)?));
        }
        let mut probabilities = Array2::zeros((predicted.height(), classes.len()));
        for (class, mut chances) in classes.iter().zip(probabilities.columns_mut()) {
            chances.assign(&numbers(&predicted, &format!("probability_{class}"))?);
        }
        Ok(Predictions::Classes { codes: known_codes(&predicted, PREDICTION, classes)?, probabilities })
    }
}

impl LexModel {
    /// Writes the `.lex` file that belongs to a JSON file, whole or not at all.
    pub(in crate::models) fn store(&self, json: &Path) -> Result<StoredLexModel> {
        let path = Self::file_beside(json);
        let bytes = self.engine.to_bytes().map_err(refused)?;
        write_atomically(&path, |file| std::io::Write::write_all(file, &bytes))?;
        Ok(StoredLexModel {
            specification: self.specification.clone(),
            findings: self.findings.clone(),
            file: path.file_name().map(PathBuf::from).unwrap_or_default(),
            sha256: sha256(&bytes),
        })
    }

    /// Reads the `.lex` file that belongs to a JSON file.
    pub(in crate::models) fn restore(stored: StoredLexModel, json: &Path) -> Result<Self> {
        let refuse = |reason: String| FeaturesError::from(ModelError::NotAModelFile { path: json.to_owned(), reason });
        // A path in a file that came from elsewhere must not lead away from its folder.
        let Some(name) = stored.file.file_name().filter(|name| *name == stored.file.as_os_str()) else {
            return Err(refuse(format!("'{}' is not the name of a file beside it", stored.file.display())));
        };
        let path = json.with_file_name(name);
        let bytes = fs::read(&path).map_err(|source| FeaturesError::io(&path, source))?;
        if sha256(&bytes) != stored.sha256 {
            return Err(refuse(format!("{} beside it is of another training, or altered", path.display())));
        }
        lex_learning::initialize().map_err(refused)?;
        let engine = TrainedModel::from_bytes(&bytes).map_err(refused)?;
        let model = Self { specification: stored.specification, findings: stored.findings, engine };
        match model.defect()? {
            Some(defect) => Err(refuse(defect)),
            None => Ok(model),
        }
    }

    /// The `.lex` file that belongs to a JSON file.
    pub(in crate::models) fn file_beside(json: &Path) -> PathBuf {
        if json.extension().is_some_and(|extension| extension == "json") {
            return json.with_extension("lex");
        }
        let mut name = json.file_name().unwrap_or_default().to_owned();
        name.push(".lex");
        json.with_file_name(name)
    }

    /// Where the JSON file and the engine's model contradict each other.
    fn defect(&self) -> Result<Option<String>> {
        let info = self.engine.get_info().map_err(refused)?;
        let classes: Vec<String> = self.classes().iter().map(ToString::to_string).collect();
        Ok(if info.class_labels.unwrap_or_default() != classes {
            Some("its classes are not those of its .lex file".to_owned())
        } else if info.feature_names != self.findings.features {
            Some("its features are not those of its .lex file".to_owned())
        } else {
            None
        })
    }
}

impl Findings {
    fn new(config: &TrainingConfig, classes: Vec<ClassLabel>, result: TrainingResult) -> Self {
        let importances = result.feature_importance.into_iter();
        Self {
            features: config.feature_columns.clone(),
            classes,
            candidates: result.model_results.into_iter().map(candidate).collect(),
            importances: importances.map(|(feature, share)| Importance { feature, share }).collect(),
            warnings: result.warnings.into_iter().map(|message| FitWarning::Engine { message }).collect(),
        }
    }
}

fn train(
    settings: &Lex,
    problem: ProblemType,
    config: &TrainingConfig,
    table: &DataFrame,
    watch: &Watch,
) -> Result<(TrainedModel, TrainingResult)> {
    let configuration =
        settings.configuration(problem)?.target_column(&config.target_column).random_seed(config.seed).build();
    lex_learning::initialize().map_err(refused)?;
    let listener = watch.clone();
    let pipeline = Pipeline::builder()
        .config(configuration.map_err(refused)?)
        .on_progress(move |update| listener.report(update.progress, &update.message))
        .build()
        .map_err(refused)?;
    let result = pipeline.train_with_cancel(table, watch.token()).map_err(refused)?;
    let engine = pipeline.create_trained_model(&result).map_err(refused)?;
    Ok((engine, result))
}

fn candidate(model: ModelResult) -> Candidate {
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    Candidate {
        name: model.name,
        metric: model.metric,
        score: finite(model.score),
        weight: finite(model.weight),
        seconds: model.seconds,
        failure: model.failure,
    }
}

/// The features of a table, in order.
fn select(table: &DataFrame, names: &[String]) -> Result<DataFrame> {
    let columns = names.iter().map(|name| column(table, name).cloned()).collect::<Result<Vec<_>>>()?;
    DataFrame::new(table.height(), columns).map_err(|source| FeaturesError::polars("the features of a model", source))
}
