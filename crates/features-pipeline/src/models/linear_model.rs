//! The one form that all of Linfa's models have once they are fitted: a weighted sum of the columns.

use ndarray::{Array2, Axis};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::fitting::{fit_logistic, fit_numbers, logistic, softmax};
use super::warning::FitWarning;
use super::{
    ClassLabel, Coefficient, Matrix, Model, ModelError, ModelSpecification, Predictions, Target, TrainingConfig, Watch,
};
use crate::error::Result;

/// Coefficients and intercepts of any [`ModelSpecification`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearModel {
    specification: ModelSpecification,
    classes: Vec<ClassLabel>,
    intercepts: Vec<f64>,
    coefficients: Vec<FeatureCoefficients>,
    warnings: Vec<FitWarning>,
}

/// The coefficients of a feature: one for each intercept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureCoefficients {
    feature: String,
    values: Vec<f64>,
}

impl Model for LinearModel {
    fn fit(config: &TrainingConfig, table: &DataFrame, watch: &Watch) -> Result<Self> {
        let features = Matrix::from_frame(table, &config.feature_columns)?;
        let target = Target::from_frame(table, &config.target_column, &config.model)?;
        let model = Self::fit_matrix(&config.model, &features, &target)?;
        watch.report(1.0, "fitted");
        Ok(model)
    }

    fn specification(&self) -> &ModelSpecification {
        &self.specification
    }

    fn feature_names(&self) -> Vec<&str> {
        self.coefficients.iter().map(|coefficients| coefficients.feature.as_str()).collect()
    }

    fn classes(&self) -> &[ClassLabel] {
        &self.classes
    }

    fn coefficients(&self) -> Vec<Coefficient<'_>> {
        // Of two classes, the one coefficient speaks for the second.
        let spoken_for = if self.classes.len() == 2 { &self.classes[1..] } else { &self.classes };
        let mut all = Vec::new();
        for coefficients in &self.coefficients {
            for (output, &value) in coefficients.values.iter().enumerate() {
                all.push(Coefficient { feature: &coefficients.feature, class: spoken_for.get(output), value });
            }
        }
        all
    }

    fn intercepts(&self) -> &[f64] {
        &self.intercepts
    }

    fn warnings(&self) -> &[FitWarning] {
        &self.warnings
    }

    fn predict(&self, table: &DataFrame) -> Result<Predictions> {
        self.predict_matrix(&Matrix::from_frame(table, &self.feature_names())?)
    }
}

impl LinearModel {
    /// Learns from rows and their right answers.
    ///
    /// # Errors
    ///
    /// [`ModelError::InvalidSetting`], [`TooFewRows`](ModelError::TooFewRows), and [`NotFitted`](ModelError::NotFitted) if
    /// the coefficients would not be finite.
    pub fn fit_matrix(specification: &ModelSpecification, features: &Matrix, target: &Target) -> Result<Self> {
        specification.validate()?;
        let kind = specification.kind().name();
        if features.rows() == 0 {
            return Err(ModelError::TooFewRows { purpose: "a fit", rows: 0, needed: 1 }.into());
        }
        if features.rows() != target.rows() {
            let reason = format!("there are {} rows of features, and {} of the target", features.rows(), target.rows());
            return Err(ModelError::NotFitted { kind, reason }.into());
        }
        let (fitted, classes) = match (specification, target) {
            (ModelSpecification::Logistic(settings), Target::Classes { classes, codes }) => {
                (fit_logistic(settings, features, codes, classes.len())?, classes.clone())
            }
            (_, Target::Numbers(values)) => (fit_numbers(specification, features, values)?, Vec::new()),
            (_, Target::Classes { .. }) => {
                return Err(ModelError::WrongKind { kind, asked: "classes to predict" }.into());
            }
        };
        if !fitted.coefficients.iter().chain(&fitted.intercepts).all(|value| value.is_finite()) {
            return Err(ModelError::NotFitted { kind, reason: "its coefficients are not finite".to_owned() }.into());
        }
        let coefficients = features
            .names()
            .iter()
            .zip(fitted.coefficients.rows())
            .map(|(feature, values)| FeatureCoefficients { feature: feature.clone(), values: values.to_vec() });
        Ok(Self {
            specification: specification.clone(),
            classes,
            intercepts: fitted.intercepts,
            coefficients: coefficients.collect(),
            warnings: fitted.warnings,
        })
    }

    /// Predicts each row, always the same for the same row.
    ///
    /// # Errors
    ///
    /// [`ModelError::OtherFeatures`] if the matrix has other columns, or in another order.
    pub fn predict_matrix(&self, features: &Matrix) -> Result<Predictions> {
        if features.names() != self.feature_names() {
            let expected = self.feature_names().into_iter().map(str::to_owned).collect();
            return Err(ModelError::OtherFeatures { found: features.names().to_vec(), expected }.into());
        }
        let mut scores = Array2::zeros((features.rows(), self.intercepts.len()));
        // Column by column, so that a row's prediction does not depend on the rows beside it.
        for (output, mut score) in scores.columns_mut().into_iter().enumerate() {
            score.fill(self.intercepts[output]);
            for (coefficients, column) in self.coefficients.iter().zip(features.values().columns()) {
                score.scaled_add(coefficients.values[output], &column);
            }
        }
        if self.classes.is_empty() {
            return Ok(Predictions::Numbers(scores.index_axis_move(Axis(1), 0)));
        }
        let probabilities = if self.classes.len() == 2 {
            Array2::from_shape_fn((features.rows(), 2), |(row, class)| {
                let score = scores[[row, 0]];
                logistic(if class == 1 { score } else { -score })
            })
        } else {
            for mut row in scores.rows_mut() {
                softmax(&mut row);
            }
            scores
        };
        // As scikit-learn does: the first of equally likely classes.
        let likeliest = |row: ndarray::ArrayView1<f64>| {
            row.iter().enumerate().fold(0, |best, (class, &chance)| if chance > row[best] { class } else { best })
        };
        let codes = probabilities.rows().into_iter().map(likeliest).collect();
        Ok(Predictions::Classes { codes, probabilities })
    }

    /// What is wrong with a model that came from a file, if anything.
    pub(super) fn defect(&self) -> Option<String> {
        let outputs = if self.classes.len() > 2 { self.classes.len() } else { 1 };
        let names = self.feature_names();
        if self.specification.is_classifier() != Some(self.classes.len() > 1) {
            Some(format!("a {} model of {} classes", self.kind(), self.classes.len()))
        } else if !self.classes.is_sorted_by(|one, next| one < next) {
            Some("its classes are not in order".to_owned())
        } else if self.intercepts.len() != outputs {
            Some(format!("{} intercepts, and {outputs} were expected", self.intercepts.len()))
        } else if let Some(wrong) = self.coefficients.iter().find(|of_feature| of_feature.values.len() != outputs) {
            Some(format!(
                "the feature '{}' has {} coefficients, and {outputs} were expected",
                wrong.feature,
                wrong.values.len()
            ))
        } else if names.is_empty() {
            Some("it has no features".to_owned())
        } else {
            let twice = (1..names.len()).find(|&place| names[..place].contains(&names[place]));
            twice.map(|place| format!("the feature '{}' is there twice", names[place]))
        }
    }
}
