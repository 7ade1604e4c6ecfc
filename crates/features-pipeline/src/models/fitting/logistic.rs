//! Logistic regression: Linfa's L-BFGS comes near, Newton's steps end it.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_linalg::cholesky::InverseC;
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
    // The last column, of ones, is for the intercept.
    let mut columns = Array2::ones((values.nrows(), varying.len() + usize::from(settings.fit_intercept)).f());
    let mut deviations = Array1::zeros(varying.len());
    let mut penalties = Array1::zeros(columns.ncols());
    for (place, &column) in varying.iter().enumerate() {
        let centred = &values.column(column) - means[column];
        deviations[place] = (centred.dot(&centred) / values.nrows() as f64).sqrt();
        penalties[place] = settings.penalty / deviations[place] / deviations[place];
        columns.column_mut(place).assign(&(centred / deviations[place]));
    }
    let problem =
        Problem { columns, codes, outputs: if classes == 2 { 1 } else { classes }, penalties, varying: varying.len() };
    if !(problem.penalties.iter().chain(&problem.columns).all(|value| value.is_finite())) {
        return Err(not_fitted("logistic", &"the deviation of a column is not finite"));
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
    let mut intercepts = -means.dot(&coefficients);
    if settings.fit_intercept {
        intercepts += &weights.row(varying.len());
    }
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

/// Standardised columns and what to predict from them. Weights are columns by outputs.
struct Problem<'a> {
    columns: Array2<f64>,
    codes: &'a [usize],
    /// 1 for two classes, or the number of classes.
    outputs: usize,
    /// Of each column's squared weight; 0 for the ones.
    penalties: Array1<f64>,
    /// The columns that are features. One of ones may follow.
    varying: usize,
}

impl Problem<'_> {
    /// Linfa's solution under the least of the penalties, or zeros if these are better.
    fn near(&self) -> Array2<f64> {
        const STEPS: u64 = 20;
        let features = self.columns.slice(s![.., ..self.varying]);
        let has_ones = self.columns.ncols() > self.varying;
        let zeros = Array2::zeros((self.columns.ncols(), self.outputs));
        let penalty = self.penalties.slice(s![..self.varying]).iter().copied().fold(f64::INFINITY, f64::min);
        if self.varying == 0 {
            return zeros;
        }
        let gradient = 1e-6 * self.codes.len() as f64;
        let rows = DatasetBase::new(features, ArrayView1::from(self.codes));
        let mut near = zeros.clone();
        let (mut slopes, mut intercepts) = near.view_mut().split_at(Axis(0), self.varying);
        if self.outputs == 1 {
            let settings = LogisticRegression::default().alpha(penalty).max_iterations(STEPS);
            let settings = settings.gradient_tolerance(gradient).with_intercept(has_ones);
            let Ok(fitted) = settings.fit(&rows) else { return zeros };
            let sign = if fitted.labels().pos.class == 1 { 1.0 } else { -1.0 };
            slopes.column_mut(0).assign(&(fitted.params() * sign));
            intercepts.fill(fitted.intercept() * sign);
        } else {
            let settings = MultiLogisticRegression::default().alpha(penalty).max_iterations(STEPS);
            let settings = settings.gradient_tolerance(gradient).with_intercept(has_ones);
            let Ok(fitted) = settings.fit(&rows) else { return zeros };
            slopes.assign(fitted.params());
            for mut row in intercepts.rows_mut() {
                row.assign(fitted.intercept());
            }
        }
        if self.loss(&near).0 < self.loss(&zeros).0 { near } else { zeros }
    }

    /// Newton's method with conjugate gradients and halved steps: the weights, their loss, and whether it converged.
    fn minimise(&self, mut weights: Array2<f64>, steps: u32) -> (Array2<f64>, f64, bool) {
        const HALVINGS: i32 = 40;
        /// More rounds of conjugate gradients than this cost more than new inverses.
        const MOST_ROUNDS: usize = 30;
        let (mut loss, mut probabilities) = self.loss(&weights);
        let mut is_near = false;
        let mut precision = 0.1;
        let mut kept = self.inverses(&probabilities);
        for _ in 0..steps {
            let Some(inverses) = &kept else { return (weights, loss, false) };
            let gradient = self.gradient(&weights, &probabilities);
            let (direction, rounds) = self.newton_direction(&gradient, &probabilities, inverses, precision);
            let decrement = (&gradient * &direction).sum();
            let step = (0..HALVINGS).map(|halvings| 0.5_f64.powi(halvings)).find_map(|length| {
                let trial = &weights - &(&direction * length);
                let (trial_loss, trial_probabilities) = self.loss(&trial);
                let enough = loss - 1e-4 * length * decrement + 1e-13 * loss;
                (trial_loss <= enough).then_some((trial, trial_loss, trial_probabilities))
            });
            let Some(step) = step else { return (weights, loss, decrement.abs() <= 1e-9 * (1.0 + loss)) };
            (weights, loss, probabilities) = step;
            // What is left after a step is of the order of its square, so one step more is exact.
            if is_near {
                return (weights, loss, true);
            }
            is_near = decrement <= 1e-13 * (1.0 + loss);
            // Far from the optimum, an exact step is as good as one nearly so.
            precision = (decrement / (1.0 + loss)).sqrt().clamp(1e-8, 0.1);
            if rounds > MOST_ROUNDS {
                kept = self.inverses(&probabilities);
            }
        }
        (weights, loss, is_near)
    }

    /// The penalised log loss, and each row's probabilities: of the second of two classes, or of all.
    fn loss(&self, weights: &Array2<f64>) -> (f64, Array2<f64>) {
        let mut scores = self.columns.dot(weights);
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
        let squares: f64 =
            weights.rows().into_iter().zip(&self.penalties).map(|(row, penalty)| penalty * row.dot(&row)).sum();
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
        let mut changes = self.columns.dot(direction);
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
        self.columns.t().dot(rows) + weights * &self.penalties.view().insert_axis(Axis(1))
    }

    /// Solves for Newton's step by conjugate gradients (Hestenes and Stiefel 1952), preconditioned by the inverses of each
    /// output's own curvature: of two classes, that is all of it. The step, and the rounds that it took.
    fn newton_direction(
        &self,
        gradient: &Array2<f64>,
        probabilities: &Array2<f64>,
        inverses: &[Array2<f64>],
        precision: f64,
    ) -> (Array2<f64>, usize) {
        let condition = |rest: &Array2<f64>| {
            let mut result = Array2::zeros(rest.raw_dim());
            for (output, inverse) in inverses.iter().enumerate() {
                result.column_mut(output).assign(&inverse.dot(&rest.column(output)));
            }
            result
        };
        let mut direction = Array2::zeros(gradient.raw_dim());
        let mut rest = gradient.clone();
        let mut search = condition(&rest);
        let mut product = (&rest * &search).sum();
        let enough = precision * precision * product;
        let mut rounds = 0;
        while rounds < 2 * gradient.len() + 20 {
            rounds += 1;
            let curved = self.curvature(&search, probabilities);
            let curvature = (&search * &curved).sum();
            if curvature.is_nan() || curvature <= 0.0 {
                break;
            }
            let length = product / curvature;
            direction.scaled_add(length, &search);
            rest.scaled_add(-length, &curved);
            let conditioned = condition(&rest);
            let next = (&rest * &conditioned).sum();
            if next <= enough {
                break;
            }
            search = conditioned + &(&search * (next / product));
            product = next;
        }
        (direction, rounds)
    }

    fn inverses(&self, probabilities: &Array2<f64>) -> Option<Vec<Array2<f64>>> {
        probabilities.columns().into_iter().map(|chances| self.inverse(chances)).collect()
    }

    /// The inverse of one output's curvature.
    fn inverse(&self, chances: ArrayView1<f64>) -> Option<Array2<f64>> {
        let mut weighted = self.columns.clone();
        for mut column in weighted.columns_mut() {
            Zip::from(&mut column).and(chances).for_each(|value, chance| *value *= (chance * (1.0 - chance)).sqrt());
        }
        let mut curvature = weighted.t().dot(&weighted);
        let mut diagonal = curvature.diag_mut();
        diagonal += &self.penalties;
        // What rounding may have taken from collinear columns.
        let least = 1e-13 * diagonal.iter().copied().fold(0.0, f64::max) + f64::MIN_POSITIVE.sqrt();
        diagonal += least;
        curvature.invc().ok()
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
