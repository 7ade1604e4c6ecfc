//! Logistic regression: Linfa's L-BFGS comes near, Newton's steps end it.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, Axis, ShapeBuilder, Zip, s};

use super::super::warning::FitWarning;
use super::super::{Logistic, Matrix};
use super::reduction::{accurate_mean, varies};
use super::{Fitted, not_fitted};
use crate::error::Result;

/// Fits codes below `classes`. Columns are standardised inside; the penalty is that of the columns as they are.
pub(in super::super) fn fit_logistic(
    settings: &Logistic,
    features: &Matrix,
    codes: &[usize],
    classes: usize,
) -> Result<Fitted> {
    let values = features.values();
    let mean = |column: ArrayView1<f64>| if settings.fit_intercept { accurate_mean(column) } else { 0.0 };
    let means: Array1<f64> = values.columns().into_iter().map(mean).collect();
    let (varying, constant): (Vec<usize>, Vec<usize>) =
        (0..values.ncols()).partition(|&column| varies(values.column(column), means[column]));
    let mut columns = Array2::zeros((values.nrows(), varying.len()).f());
    let mut deviations = Array1::zeros(varying.len());
    for (place, &column) in varying.iter().enumerate() {
        let centred = &values.column(column) - means[column];
        deviations[place] = (centred.dot(&centred) / values.nrows() as f64).sqrt();
        columns.column_mut(place).assign(&(centred / deviations[place]));
    }
    let problem = Problem {
        columns,
        codes,
        outputs: if classes == 2 { 1 } else { classes },
        penalties: deviations.mapv(|deviation: f64| settings.penalty / deviation / deviation),
        fit_intercept: settings.fit_intercept,
    };
    if !(problem.penalties.iter().chain(&problem.columns).all(|value| value.is_finite())) {
        return Err(not_fitted("logistic", "the deviation of a column is not finite"));
    }
    let (weights, loss, converged) = problem.minimise(problem.near(), settings.max_iterations);

    let mut warnings = Vec::new();
    if !constant.is_empty() {
        let columns = constant.iter().map(|&column| features.names()[column].clone()).collect();
        warnings.push(FitWarning::ConstantColumns { columns });
    }
    if settings.penalty == 0.0 && loss < 1e-6 * codes.len() as f64 {
        warnings.push(FitWarning::SeparableClasses);
    } else if !converged {
        warnings.push(FitWarning::NotConverged { iterations: settings.max_iterations });
    }
    let mut coefficients = Array2::zeros((values.ncols(), problem.outputs));
    for (place, &column) in varying.iter().enumerate() {
        coefficients.row_mut(column).assign(&(&weights.row(place) / deviations[place]));
    }
    let mut intercepts = weights.row(varying.len()).to_owned() - means.dot(&coefficients);
    if problem.outputs > 1 {
        // A shift of all classes changes no probability: of all such sums of coefficients, 0 is taken.
        for mut row in coefficients.rows_mut() {
            let shift = row.sum() / classes as f64;
            row -= shift;
        }
        intercepts -= intercepts.sum() / classes as f64;
    }
    Ok(Fitted { coefficients, intercepts: intercepts.to_vec(), warnings })
}

/// Standardised columns and what to predict from them. Weights are features by outputs; their last row is the intercepts.
struct Problem<'a> {
    columns: Array2<f64>,
    codes: &'a [usize],
    /// 1 for two classes, or the number of classes.
    outputs: usize,
    /// Of each column's squared weight.
    penalties: Array1<f64>,
    fit_intercept: bool,
}

impl Problem<'_> {
    /// Linfa's solution under the least of the penalties, or zeros if these are better.
    fn near(&self) -> Array2<f64> {
        const STEPS: u64 = 100;
        let width = self.columns.ncols();
        let zeros = Array2::zeros((width + 1, self.outputs));
        if width == 0 {
            return zeros;
        }
        let penalty = self.penalties.iter().copied().fold(f64::INFINITY, f64::min);
        let gradient = 1e-6 * self.codes.len() as f64;
        let rows = DatasetBase::new(self.columns.view(), ArrayView1::from(self.codes));
        let mut near: Array2<f64> = zeros.clone();
        if self.outputs == 1 {
            let settings = LogisticRegression::default().alpha(penalty).max_iterations(STEPS);
            let settings = settings.gradient_tolerance(gradient).with_intercept(self.fit_intercept);
            let Ok(fitted) = settings.fit(&rows) else { return zeros };
            let sign = if fitted.labels().pos.class == 1 { 1.0 } else { -1.0 };
            near.slice_mut(s![..width, 0]).assign(&(fitted.params() * sign));
            near[[width, 0]] = fitted.intercept() * sign;
        } else {
            let settings = MultiLogisticRegression::default().alpha(penalty).max_iterations(STEPS);
            let settings = settings.gradient_tolerance(gradient).with_intercept(self.fit_intercept);
            let Ok(fitted) = settings.fit(&rows) else { return zeros };
            near.slice_mut(s![..width, ..]).assign(fitted.params());
            near.row_mut(width).assign(fitted.intercept());
        }
        if self.loss(&near).0 < self.loss(&zeros).0 { near } else { zeros }
    }

    /// Newton's method with conjugate gradients and halved steps: the weights, their loss, and whether it converged.
    fn minimise(&self, mut weights: Array2<f64>, steps: u32) -> (Array2<f64>, f64, bool) {
        const HALVINGS: i32 = 40;
        let (mut loss, mut probabilities) = self.loss(&weights);
        for _ in 0..steps {
            let gradient = self.gradient(&weights, &probabilities);
            let direction = self.newton_direction(&gradient, &probabilities);
            let decrement = (&gradient * &direction).sum();
            let step = (0..HALVINGS).map(|halvings| 0.5_f64.powi(halvings)).find_map(|length| {
                let trial = &weights - &(&direction * length);
                let (trial_loss, trial_probabilities) = self.loss(&trial);
                let enough = loss - 1e-4 * length * decrement + 1e-13 * loss;
                (trial_loss <= enough).then_some((trial, trial_loss, trial_probabilities))
            });
            let Some(step) = step else { return (weights, loss, decrement.abs() <= 1e-9 * (1.0 + loss)) };
            (weights, loss, probabilities) = step;
            // What is left after this step is of the order of its square.
            if decrement <= 1e-13 * (1.0 + loss) {
                return (weights, loss, true);
            }
        }
        (weights, loss, false)
    }

    /// The penalised log loss, and each row's probabilities: of the second of two classes, or of all.
    fn loss(&self, weights: &Array2<f64>) -> (f64, Array2<f64>) {
        let width = self.columns.ncols();
        let slopes = weights.slice(s![..width, ..]);
        let mut scores = self.columns.dot(&slopes) + weights.row(width);
        let mut loss = 0.0;
        for (mut row, &code) in scores.rows_mut().into_iter().zip(self.codes) {
            if self.outputs == 1 {
                let score = row[0];
                loss += score.max(0.0) + (-score.abs()).exp().ln_1p() - score * code as f64;
                row[0] = logistic(score);
            } else {
                let score = row[code];
                loss += softmax(&mut row) - score;
            }
        }
        let squares: f64 = slopes.rows().into_iter().zip(&self.penalties).map(|(row, penalty)| penalty * row.dot(&row)).sum();
        (loss + 0.5 * squares, scores)
    }

    fn gradient(&self, weights: &Array2<f64>, probabilities: &Array2<f64>) -> Array2<f64> {
        let mut errors = probabilities.clone();
        for (mut row, &code) in errors.rows_mut().into_iter().zip(self.codes) {
            if self.outputs == 1 {
                row[0] -= code as f64;
            } else {
                row[code] -= 1.0;
            }
        }
        self.pull_back(&errors, weights)
    }

    /// The curvature of the loss in a direction.
    fn curvature(&self, direction: &Array2<f64>, probabilities: &Array2<f64>) -> Array2<f64> {
        let width = self.columns.ncols();
        let mut changes = self.columns.dot(&direction.slice(s![..width, ..])) + direction.row(width);
        for (mut change, chance) in changes.rows_mut().into_iter().zip(probabilities.rows()) {
            if self.outputs == 1 {
                change[0] *= chance[0] * (1.0 - chance[0]);
            } else {
                change -= chance.dot(&change);
                change *= &chance;
            }
        }
        self.pull_back(&changes, direction)
    }

    /// From a number for each row and output to one for each weight, with the penalty's part.
    fn pull_back(&self, rows: &Array2<f64>, weights: &Array2<f64>) -> Array2<f64> {
        let width = self.columns.ncols();
        let mut result = Array2::zeros(weights.raw_dim());
        let penalised = &weights.slice(s![..width, ..]) * &self.penalties.view().insert_axis(Axis(1));
        result.slice_mut(s![..width, ..]).assign(&(self.columns.t().dot(rows) + penalised));
        if self.fit_intercept {
            result.row_mut(width).assign(&rows.sum_axis(Axis(0)));
        }
        result
    }

    /// Solves for Newton's step by conjugate gradients (Hestenes and Stiefel 1952), each weight in units of its curvature.
    fn newton_direction(&self, gradient: &Array2<f64>, probabilities: &Array2<f64>) -> Array2<f64> {
        const PRECISION: f64 = 1e-8;
        let spread = probabilities.mapv(|chance| chance * (1.0 - chance)).sum_axis(Axis(0));
        let mut units = Array2::zeros(gradient.raw_dim());
        for (mut row, penalty) in units.rows_mut().into_iter().zip(self.penalties.iter().chain(&[0.0])) {
            row.assign(&spread.mapv(|spread| 1.0 / (spread + penalty + f64::MIN_POSITIVE.sqrt())));
        }
        let mut direction = Array2::zeros(gradient.raw_dim());
        let mut rest = gradient.clone();
        let mut scaled = &rest * &units;
        let mut search = scaled.clone();
        let mut product = (&rest * &scaled).sum();
        let enough = PRECISION * PRECISION * product;
        for _ in 0..2 * gradient.len() + 20 {
            let curved = self.curvature(&search, probabilities);
            let curvature = (&search * &curved).sum();
            if !(curvature > 0.0) {
                break;
            }
            let length = product / curvature;
            direction.scaled_add(length, &search);
            rest.scaled_add(-length, &curved);
            Zip::from(&mut scaled).and(&rest).and(&units).for_each(|scaled, rest, unit| *scaled = rest * unit);
            let next = (&rest * &scaled).sum();
            if next <= enough {
                break;
            }
            search = &scaled + &(&search * (next / product));
            product = next;
        }
        direction
    }
}

/// `1 / (1 + exp(-score))`, without an overflow.
pub(in super::super) fn logistic(score: f64) -> f64 {
    let small = (-score.abs()).exp();
    if score >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// Turns scores into probabilities; gives the logarithm of the sum of their exponentials.
pub(in super::super) fn softmax(scores: &mut ArrayViewMut1<f64>) -> f64 {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.mapv_inplace(|score| (score - greatest).exp());
    let sum = scores.sum();
    scores.mapv_inplace(|part| part / sum);
    greatest + sum.ln()
}
