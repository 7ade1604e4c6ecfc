//! Metrics of predicted classes.

use ndarray::{Array2, ArrayView1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The scores of predicted classes, all from 0 to 1 but for the log loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassificationMetrics {
    /// The share of right predictions.
    pub accuracy: f64,
    /// The mean of the classes' F1, over the classes that occur in the rows or the predictions.
    pub f1_macro: f64,
    /// Of two classes: the F1 of the second. None for more classes.
    pub f1: Option<f64>,
    /// The area under the ROC curve: of the second of two classes; of more, the mean over each class against the others.
    /// None if a class does not occur in the rows, or is the only one.
    pub auc: Option<f64>,
    /// The mean negative logarithm of the probability of the right class, which is bounded by 2e-16. Less is better.
    pub log_loss: f64,
}

impl ClassificationMetrics {
    /// Compares predictions to the right answers: at least one row; codes are places of classes, and `probabilities` has a
    /// column for each class.
    pub fn compute(predicted: &[usize], probabilities: &Array2<f64>, actual: &[usize]) -> Self {
        let rows = actual.len() as f64;
        let classes = probabilities.ncols();
        let right = predicted.iter().zip(actual).filter(|(one, other)| one == other).count();
        let scores: Vec<f64> = (0..classes).filter_map(|class| f1(predicted, actual, class)).collect();
        let areas: Option<Vec<f64>> = if classes == 2 {
            area(probabilities.column(1), actual, 1).map(|area| vec![area])
        } else {
            (0..classes).map(|class| area(probabilities.column(class), actual, class)).collect()
        };
        let bounded =
            |(row, &class): (usize, &usize)| probabilities[[row, class]].clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        Self {
            accuracy: right as f64 / rows,
            f1_macro: mean(&scores),
            f1: (classes == 2).then(|| f1(predicted, actual, 1).unwrap_or(0.0)),
            auc: areas.map(|areas| mean(&areas)),
            log_loss: -actual.iter().enumerate().map(bounded).map(f64::ln).sum::<f64>() / rows,
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The harmonic mean of precision and recall; none if the class occurs nowhere.
fn f1(predicted: &[usize], actual: &[usize], class: usize) -> Option<f64> {
    let both = predicted.iter().zip(actual).filter(|&(&one, &other)| one == class && other == class).count();
    let either = |codes: &[usize]| codes.iter().filter(|&&code| code == class).count();
    let total = either(predicted) + either(actual);
    (total > 0).then(|| 2.0 * both as f64 / total as f64)
}

/// The probability that a row of the class has the greater score than one of the others, ties counted half (Mann and
/// Whitney 1947), which is the area under the ROC curve.
fn area(scores: ArrayView1<f64>, actual: &[usize], class: usize) -> Option<f64> {
    let mut order: Vec<usize> = (0..actual.len()).collect();
    order.sort_by(|&one, &other| scores[one].total_cmp(&scores[other]));
    let members = actual.iter().filter(|&&code| code == class).count() as f64;
    let others = actual.len() as f64 - members;
    if members == 0.0 || others == 0.0 {
        return None;
    }
    // Of rows with equal scores, each has the mean of their ranks.
    let mut ranks = 0.0;
    let mut before = 0;
    for tied in order.chunk_by(|&one, &other| scores[one].total_cmp(&scores[other]).is_eq()) {
        let rank = f64::midpoint(before as f64 + 1.0, (before + tied.len()) as f64);
        ranks += rank * tied.iter().filter(|&&row| actual[row] == class).count() as f64;
        before += tied.len();
    }
    Some((ranks - members * (members + 1.0) / 2.0) / (members * others))
}
