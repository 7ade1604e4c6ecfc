//! Many rows become as many as there are columns, without a change of any least-squares solution.

use ndarray::{Array1, Array2, ArrayView1, Axis, ShapeBuilder, s};

use super::super::Matrix;
use super::super::warning::FitWarning;

/// Rows that are taken at a time: few enough to stay in the processor's cache.
const BLOCK_ROWS: usize = 1024;

/// The factor `R` and the target `Qᵀy` of the centred columns' QR decomposition: `|y - Xw|²` and `|target - R w|²` differ
/// by a constant. Columns of a single value are left out.
pub(super) struct Reduction {
    /// The columns that vary, as places in the matrix.
    pub(super) varying: Vec<usize>,
    /// Square, unless there are fewer rows than columns; then the centred columns themselves.
    pub(super) factor: Array2<f64>,
    pub(super) target: Array1<f64>,
    rows: usize,
    /// Of all columns; zeros without an intercept.
    means: Array1<f64>,
    target_mean: f64,
}

impl Reduction {
    pub(super) fn new(features: &Matrix, target: &Array1<f64>, centred: bool) -> Self {
        let values = features.values();
        let mean = |column: ArrayView1<f64>| if centred { accurate_mean(column) } else { 0.0 };
        let means: Array1<f64> = values.columns().into_iter().map(mean).collect();
        let target_mean = mean(target.view());
        let varying: Vec<usize> =
            (0..values.ncols()).filter(|&column| varies(values.column(column), means[column])).collect();

        let block = |from: usize, to: usize| {
            let mut block = Array2::zeros((to - from, varying.len() + 1).f());
            for (place, &column) in varying.iter().enumerate() {
                let centred = &values.slice(s![from..to, column]) - means[column];
                block.column_mut(place).assign(&centred);
            }
            block.column_mut(varying.len()).assign(&(&target.slice(s![from..to]) - target_mean));
            block
        };
        let (rows, width) = (values.nrows(), varying.len());
        let reduced = if rows < width {
            block(0, rows)
        } else {
            let mut triangle = Array2::zeros((width + 1, width + 1).f());
            for from in (0..rows).step_by(BLOCK_ROWS) {
                absorb(&mut triangle, block(from, rows.min(from + BLOCK_ROWS)));
            }
            triangle.slice_move(s![..width, ..])
        };
        let factor = reduced.slice(s![.., ..width]).to_owned();
        let target = reduced.column(width).to_owned();
        Self { varying, factor, target, rows, means, target_mean }
    }

    /// Whether no sum became too large for a number.
    pub(super) fn is_finite(&self) -> bool {
        let all = |values: &Array1<f64>| values.iter().all(|value| value.is_finite());
        all(&self.means)
            && self.target_mean.is_finite()
            && all(&self.target)
            && self.factor.iter().all(|value| value.is_finite())
    }

    /// Tells of the columns that are left out.
    pub(super) fn warnings(&self, names: &[String]) -> Vec<FitWarning> {
        let mut warnings = Vec::new();
        let constant: Vec<String> = (0..names.len())
            .filter(|column| !self.varying.contains(column))
            .map(|column| names[column].clone())
            .collect();
        if !constant.is_empty() {
            warnings.push(FitWarning::ConstantColumns { columns: constant });
        }
        warnings
    }

    /// Tells of so few rows that any target can be met exactly.
    pub(super) fn few_rows(&self) -> Option<FitWarning> {
        let columns = self.varying.len();
        (columns >= self.rows).then_some(FitWarning::FewRows { rows: self.rows, columns })
    }

    /// Puts zeros where columns were left out.
    pub(super) fn of_all_columns(&self, coefficients: &Array1<f64>) -> Array1<f64> {
        let mut all = Array1::zeros(self.means.len());
        for (&column, &value) in self.varying.iter().zip(coefficients) {
            all[column] = value;
        }
        all
    }

    pub(super) fn intercept(&self, coefficients: &Array1<f64>) -> f64 {
        self.target_mean - self.means.dot(coefficients)
    }
}

/// The mean, corrected by the mean of what it leaves: exact for large numbers that differ by little.
pub(super) fn accurate_mean(column: ArrayView1<f64>) -> f64 {
    let rows = column.len() as f64;
    let first = column.sum() / rows;
    first + column.iter().map(|value| value - first).sum::<f64>() / rows
}

/// Whether a column differs from its centre by more than rounding.
pub(super) fn varies(column: ArrayView1<f64>, centre: f64) -> bool {
    let farthest = column.iter().fold(0.0_f64, |most, value| most.max((value - centre).abs()));
    farthest > 4.0 * f64::EPSILON * centre.abs()
}

/// Takes more rows into a triangular factor, by Householder reflections of a row of the triangle and a block's column.
fn absorb(triangle: &mut Array2<f64>, mut block: Array2<f64>) {
    for column in 0..block.ncols() {
        let (left, mut right) = block.view_mut().split_at(Axis(1), column + 1);
        let below = left.column(column);
        let squares = below.dot(&below);
        if squares == 0.0 {
            continue;
        }
        let diagonal = triangle[[column, column]];
        let length = diagonal.hypot(squares.sqrt());
        let reflected = if diagonal > 0.0 { -length } else { length };
        let axis = diagonal - reflected;
        let scale = 2.0 / (axis * axis + squares);
        triangle[[column, column]] = reflected;
        for (other, mut rest) in right.columns_mut().into_iter().enumerate() {
            let entry = &mut triangle[[column, column + 1 + other]];
            let shift = scale * (axis * *entry + below.dot(&rest));
            *entry -= shift * axis;
            rest.scaled_add(-shift, &below);
        }
    }
}
