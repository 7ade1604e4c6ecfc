//! Least squares with an absolute penalty: Linfa's coordinate descent comes near, and steps from sign to sign end it.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_elasticnet::ElasticNet;
use linfa_linalg::qr::QR;
use ndarray::{Array1, Array2, Axis, s};

use super::reduction::Reduction;
use super::{lengths, not_fitted, penalised};
use crate::error::Result;

/// How far the conditions of an optimum may be missed, as a share of the penalty.
const EXACTNESS: f64 = 1e-9;

/// The least `|y - Xw|² / 2 + absolute |w|₁ + squared |w|² / 2`, and whether it is exact.
pub(super) fn solve(reduction: &Reduction, absolute: f64, squared: f64, sweeps: u32) -> Result<(Array1<f64>, bool)> {
    let units = lengths(&reduction.factor);
    let answer_unit = reduction.target.dot(&reduction.target).sqrt();
    if units.is_empty() || answer_unit == 0.0 {
        return Ok((Array1::zeros(units.len()), true));
    }
    let near = descend(reduction, absolute, squared, sweeps)? * &units / answer_unit;
    let problem = Problem {
        matrix: &reduction.factor / &units,
        target: &reduction.target / answer_unit,
        absolute: units.mapv(|unit| absolute / unit / answer_unit),
        squared: units.mapv(|unit| squared / unit / unit),
    };
    let (exact, is_exact) = problem.finish(near);
    Ok((exact * answer_unit / units, is_exact))
}

/// Linfa's coordinate descent. In units of the longest column, because Linfa takes numbers below 1e-16 for 0.
fn descend(reduction: &Reduction, absolute: f64, squared: f64, sweeps: u32) -> Result<Array1<f64>> {
    const TOLERANCE: f64 = 1e-6;
    let unit = lengths(&reduction.factor).into_iter().fold(0.0, f64::max);
    let answer_unit = reduction.target.dot(&reduction.target).sqrt();
    let (absolute, squared) = (absolute / unit / answer_unit, squared / unit / unit);
    // Linfa's loss is ours divided by the rows.
    let settings = ElasticNet::params()
        .with_intercept(false)
        .penalty((absolute + squared) / reduction.factor.nrows() as f64)
        .l1_ratio(absolute / (absolute + squared))
        .tolerance(TOLERANCE)
        .max_iterations(sweeps);
    let rows = Dataset::new(&reduction.factor / unit, &reduction.target / answer_unit);
    let fitted = settings.fit(&rows).map_err(|error| not_fitted("elastic_net", &error))?;
    Ok(fitted.hyperplane() * (answer_unit / unit))
}

/// The least `|target - matrix w|² / 2 + Σ absolute |w| + Σ squared w² / 2`, with columns of length 1.
struct Problem {
    matrix: Array2<f64>,
    target: Array1<f64>,
    absolute: Array1<f64>,
    squared: Array1<f64>,
}

impl Problem {
    /// Feature-sign search (Lee, Battle, Raina and Ng 2006): the best coefficients of these signs, or the best on the way
    /// there at which one is 0; then the zero that pulls most is let go. Each step lessens the loss, so no signs recur.
    fn finish(&self, mut coefficients: Array1<f64>) -> (Array1<f64>, bool) {
        let mut signs = coefficients.mapv(sign);
        for _ in 0..10 * coefficients.len() + 100 {
            let residual = &self.target - &self.matrix.dot(&coefficients);
            let slopes = self.matrix.t().dot(&residual) - &self.squared * &coefficients;
            let slack = |column: usize| EXACTNESS * self.absolute[column] + f64::EPSILON * residual.len() as f64;
            let missed = |&column: &usize| match coefficients[column] {
                0.0 => slopes[column].abs() > self.absolute[column] + slack(column),
                value => (slopes[column] - self.absolute[column] * sign(value)).abs() > slack(column),
            };
            let wrong: Vec<usize> = (0..coefficients.len()).filter(missed).collect();
            if wrong.is_empty() {
                return (coefficients, true);
            }
            if wrong.iter().all(|&column| coefficients[column] == 0.0) {
                let pull = |column: &usize| slopes[*column].abs() - self.absolute[*column];
                if let Some(column) = wrong.into_iter().max_by(|one, other| pull(one).total_cmp(&pull(other))) {
                    signs[column] = sign(slopes[column]);
                }
            }
            let Some(next) = self.step(&coefficients, &signs, &residual) else { break };
            coefficients = next;
            signs = coefficients.mapv(sign);
        }
        (coefficients, false)
    }

    /// The best coefficients between these and the best of the signs; none if these are the best.
    fn step(&self, coefficients: &Array1<f64>, signs: &Array1<f64>, residual: &Array1<f64>) -> Option<Array1<f64>> {
        let direction = self.best_of_signs(signs)? - coefficients;
        let shift = self.matrix.dot(&direction);
        let (linear, quadratic) = (residual.dot(&shift), shift.dot(&shift));
        // The change of the loss after a part of the way.
        let change = |part: f64| {
            let penalties = |column: usize| {
                let (before, after) = (coefficients[column], coefficients[column] + part * direction[column]);
                let squares = (after - before) * (after + before);
                self.absolute[column] * (after.abs() - before.abs()) + 0.5 * self.squared[column] * squares
            };
            part * (0.5 * part * quadratic - linear) + (0..direction.len()).map(penalties).sum::<f64>()
        };
        let crossing = |column: usize| -coefficients[column] / direction[column];
        let crossings = (0..direction.len())
            .filter(|&column| (0.0..1.0).contains(&crossing(column)) && coefficients[column] != 0.0);
        let ends = crossings.map(|column| (crossing(column), Some(column))).chain([(1.0, None)]);
        let (part, zero) = ends.min_by(|one, other| change(one.0).total_cmp(&change(other.0)))?;
        if change(part) >= 0.0 {
            return None;
        }
        let mut next = coefficients + &(direction * part);
        if let Some(column) = zero {
            next[column] = 0.0;
        }
        Some(next)
    }

    /// Solves `(AᵀA + squared) w = Aᵀ target - absolute signs` for the columns with a sign by the QR decomposition of `A`,
    /// without squaring it.
    fn best_of_signs(&self, signs: &Array1<f64>) -> Option<Array1<f64>> {
        let signed: Vec<usize> = (0..signs.len()).filter(|&column| signs[column] != 0.0).collect();
        let matrix = self.matrix.select(Axis(1), &signed);
        let pull = (signs * &self.absolute).select(Axis(0), &signed).insert_axis(Axis(1));
        let solve = |least: f64| {
            let roots = self.squared.select(Axis(0), &signed).mapv(|squared| squared.max(least).sqrt());
            let (matrix, target) = penalised(&matrix, &self.target, &roots);
            let decomposition = matrix.qr().ok()?;
            let answer = target.insert_axis(Axis(1)) - decomposition.solve_tr(&pull).ok()?;
            let solution = decomposition.solve(&answer).ok()?;
            solution.iter().all(|value| value.is_finite()).then(|| solution.slice(s![.., 0]).to_owned())
        };
        // Collinear columns have no one solution; with the least of penalties they have.
        let solution = solve(0.0).or_else(|| solve(f64::EPSILON))?;
        let mut all = Array1::zeros(signs.len());
        for (&column, &value) in signed.iter().zip(&solution) {
            all[column] = value;
        }
        Some(all)
    }
}

/// -1, 0 or 1.
fn sign(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() }
}
