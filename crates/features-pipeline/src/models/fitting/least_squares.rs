//! Least squares, with and without a squared penalty.

use ndarray::{Array1, Array2, Zip, s};

use super::super::warning::FitWarning;
use super::reduction::Reduction;
use super::{lengths, penalised, solve_full_rank};
use crate::error::Result;

/// Singular values below this share of the greatest are rounding.
const ROUNDING: f64 = 1e-13;

/// A column takes part in a combination if this share of it, or more, lies in directions of no variation.
const PARTICIPATION: f64 = 1e-4;

/// The shortest coefficients among those of the least squares, by directions above `tolerance` alone.
pub(super) fn solve(
    reduction: &Reduction,
    tolerance: f64,
    names: &[String],
    warnings: &mut Vec<FitWarning>,
) -> Result<Array1<f64>> {
    let Reduction { factor, target, varying, .. } = reduction;
    let tolerance = tolerance.max(ROUNDING);
    let few_rows = reduction.few_rows();
    let directions = Directions::of(factor, target);
    if directions.rank(tolerance) == varying.len() {
        warnings.extend(few_rows);
        return solve_full_rank(factor.clone(), target.clone());
    }
    let columns_at = |places: Vec<usize>| places.into_iter().map(|place| names[varying[place]].clone()).collect();
    let lengths = lengths(factor);
    let scaled = Directions::of(&(factor / &lengths), target);
    let small: Vec<usize> =
        (0..varying.len()).filter(|&place| lengths[place] <= tolerance * directions.greatest()).collect();
    if let Some(few_rows) = few_rows {
        warnings.push(few_rows);
    } else if scaled.rank(tolerance) < varying.len() {
        warnings.push(FitWarning::CollinearColumns { columns: columns_at(scaled.participants(tolerance)) });
    } else if small.is_empty() {
        warnings.push(FitWarning::CollinearColumns { columns: columns_at(directions.participants(tolerance)) });
    }
    if !small.is_empty() {
        warnings.push(FitWarning::SmallColumns { columns: columns_at(small) });
    }
    Ok(directions.solution(tolerance))
}

/// The least `|y - Xw|² + penalty |w|²`: least squares with a row more for each column, so that nothing is squared.
pub(super) fn solve_penalised(reduction: &Reduction, penalty: f64) -> Result<Array1<f64>> {
    let roots = Array1::from_elem(reduction.varying.len(), penalty.sqrt());
    let (matrix, target) = penalised(&reduction.factor, &reduction.target, &roots);
    solve_full_rank(matrix, target)
}

/// The right singular vectors of a matrix, each times its singular value, and the target in the basis of the left ones.
struct Directions {
    /// Columns by directions.
    vectors: Array2<f64>,
    target: Array1<f64>,
    /// The singular values, in the order of the vectors.
    values: Array1<f64>,
}

impl Directions {
    /// One-sided Jacobi rotations of the rows (Hestenes 1958; Demmel and Veselić 1992 on its accuracy), until all are
    /// orthogonal to each other. The target is rotated along, which spares the left singular vectors.
    fn of(matrix: &Array2<f64>, target: &Array1<f64>) -> Self {
        const MOST_SWEEPS: usize = 60;
        let mut vectors = matrix.as_standard_layout().into_owned();
        let mut target = target.clone();
        for _ in 0..MOST_SWEEPS {
            let mut rotated = false;
            for first in 0..vectors.nrows() {
                for second in first + 1..vectors.nrows() {
                    rotated |= orthogonalise(&mut vectors, &mut target, first, second);
                }
            }
            if !rotated {
                break;
            }
        }
        let values = vectors.rows().into_iter().map(|row| row.dot(&row).sqrt()).collect();
        Self { vectors: vectors.reversed_axes(), target, values }
    }

    fn greatest(&self) -> f64 {
        self.values.iter().fold(0.0, |most, &value| value.max(most))
    }

    /// The directions that count.
    fn kept(&self, tolerance: f64) -> impl Iterator<Item = usize> {
        let least = tolerance * self.greatest();
        (0..self.values.len()).filter(move |&direction| self.values[direction] > least)
    }

    fn rank(&self, tolerance: f64) -> usize {
        self.kept(tolerance).count()
    }

    fn solution(&self, tolerance: f64) -> Array1<f64> {
        let mut coefficients = Array1::zeros(self.vectors.nrows());
        for direction in self.kept(tolerance) {
            let share = self.target[direction] / self.values[direction].powi(2);
            coefficients.scaled_add(share, &self.vectors.column(direction));
        }
        coefficients
    }

    /// The columns of which a part lies in directions that do not count.
    fn participants(&self, tolerance: f64) -> Vec<usize> {
        let mut outside = Array1::<f64>::ones(self.vectors.nrows());
        for direction in self.kept(tolerance) {
            let unit = &self.vectors.column(direction) / self.values[direction];
            outside -= &(&unit * &unit);
        }
        (0..outside.len()).filter(|&column| outside[column] > PARTICIPATION).collect()
    }
}

/// Rotates two rows so that they are orthogonal; whether there was anything to do.
fn orthogonalise(vectors: &mut Array2<f64>, target: &mut Array1<f64>, first: usize, second: usize) -> bool {
    let (mut one, mut two) = vectors.multi_slice_mut((s![first, ..], s![second, ..]));
    let (squares_one, squares_two, product) = (one.dot(&one), two.dot(&two), one.dot(&two));
    // A product of so many terms is not known more exactly.
    let rounding = f64::EPSILON * one.len() as f64;
    if product.abs() <= rounding * (squares_one * squares_two).sqrt() {
        return false;
    }
    let half = (squares_two - squares_one) / (2.0 * product);
    let tangent = half.signum() / (half.abs() + half.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = cosine * tangent;
    let rotate = |one: &mut f64, two: &mut f64| {
        (*one, *two) = (cosine * *one - sine * *two, sine * *one + cosine * *two);
    };
    Zip::from(&mut one).and(&mut two).for_each(rotate);
    let (mut answer_one, mut answer_two) = (target[first], target[second]);
    rotate(&mut answer_one, &mut answer_two);
    (target[first], target[second]) = (answer_one, answer_two);
    true
}
