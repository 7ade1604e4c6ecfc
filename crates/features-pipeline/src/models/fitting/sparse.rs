//! Least squares with an absolute penalty: Linfa's coordinate descent tells which coefficients are 0 and the signs of the
//! others; a linear system then gives the others exactly.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_elasticnet::ElasticNet;
use linfa_linalg::qr::QR;
use ndarray::{Array1, Array2, Axis, s};

use super::reduction::Reduction;
use super::{not_fitted, penalised};
use crate::error::Result;

/// How far the conditions of an optimum may be missed, as a share of the penalty or of the products that make them.
const EXACTNESS: f64 = 1e-9;

/// The least `|y - Xw|² / 2 + absolute |w|₁ + squared |w|² / 2`, and whether it is exact.
pub(super) fn solve(reduction: &Reduction, absolute: f64, squared: f64, sweeps: u32) -> Result<(Array1<f64>, bool)> {
    let columns = reduction.factor.ncols();
    let largest = reduction.factor.columns().into_iter().fold(0.0_f64, |most, column| most.max(column.dot(&column)));
    let (unit, answer_unit) = (largest.sqrt(), reduction.target.dot(&reduction.target).sqrt());
    if unit == 0.0 || answer_unit == 0.0 {
        return Ok((Array1::zeros(columns), true));
    }
    // In units of their own, because Linfa takes numbers below 1e-16 for 0.
    let problem = Problem {
        matrix: &reduction.factor / unit,
        target: &reduction.target / answer_unit,
        absolute: absolute / (unit * answer_unit),
        squared: squared / (unit * unit),
    };
    let mut latest = Array1::zeros(columns);
    for tolerance in [1e-6, 1e-9, 1e-12] {
        latest = problem.descend(tolerance, sweeps)?;
        if let Some(exact) = problem.finish(&latest) {
            return Ok((exact * (answer_unit / unit), true));
        }
    }
    Ok((latest * (answer_unit / unit), false))
}

/// The least `|target - matrix w|² / 2 + absolute |w|₁ + squared |w|² / 2`.
struct Problem {
    matrix: Array2<f64>,
    target: Array1<f64>,
    absolute: f64,
    squared: f64,
}

impl Problem {
    /// Linfa's coordinate descent, whose loss is ours divided by the rows of the matrix.
    fn descend(&self, tolerance: f64, sweeps: u32) -> Result<Array1<f64>> {
        let total = self.absolute + self.squared;
        let rows = self.matrix.nrows() as f64;
        let settings = ElasticNet::params()
            .with_intercept(false)
            .penalty(total / rows)
            .l1_ratio(self.absolute / total)
            .tolerance(tolerance)
            .max_iterations(sweeps);
        let fitted = settings.fit(&Dataset::new(self.matrix.clone(), self.target.clone()));
        fitted.map(|model| model.hyperplane().to_owned()).map_err(|error| not_fitted("elastic_net", error))
    }

    /// The optimum with these coefficients' zeros and signs, if it is the optimum of all (Karush, Kuhn and Tucker).
    fn finish(&self, coefficients: &Array1<f64>) -> Option<Array1<f64>> {
        let nonzero: Vec<usize> = (0..coefficients.len()).filter(|&column| coefficients[column] != 0.0).collect();
        let mut exact = Array1::zeros(coefficients.len());
        if !nonzero.is_empty() {
            let matrix = self.matrix.select(Axis(1), &nonzero);
            let signs: Array1<f64> = nonzero.iter().map(|&column| coefficients[column].signum()).collect();
            for (&column, &value) in nonzero.iter().zip(&self.solve_signed(&matrix, &signs)?) {
                exact[column] = value;
            }
            if nonzero.iter().zip(&signs).any(|(&column, sign)| exact[column] * sign <= 0.0) {
                return None;
            }
        }
        let residual = &self.target - &self.matrix.dot(&exact);
        let is_optimal = |column: usize| {
            let products = self.matrix.column(column);
            let slope = products.dot(&residual) - self.squared * exact[column];
            let slack = EXACTNESS * self.absolute + f64::EPSILON * products.len() as f64;
            if exact[column] == 0.0 {
                slope.abs() <= self.absolute + slack
            } else {
                (slope - self.absolute * exact[column].signum()).abs() <= slack
            }
        };
        (0..coefficients.len()).all(is_optimal).then_some(exact)
    }

    /// Solves `(AᵀA + squared) w = Aᵀ target - absolute signs` by the QR decomposition of `A`, without squaring it.
    fn solve_signed(&self, matrix: &Array2<f64>, signs: &Array1<f64>) -> Option<Array1<f64>> {
        let (matrix, target) = penalised(matrix, &self.target, self.squared.sqrt());
        let decomposition = matrix.qr().ok()?;
        let pull = (signs * self.absolute).insert_axis(Axis(1));
        let pull = decomposition.solve_tr(&pull).ok()?;
        let solution = decomposition.solve(&(target.insert_axis(Axis(1)) - pull)).ok()?;
        Some(solution.slice(s![.., 0]).to_owned())
    }
}
