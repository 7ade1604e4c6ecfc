//! The fits: from rows to coefficients.

mod least_squares;
mod logistic;
mod reduction;
mod sparse;

pub(super) use logistic::{fit_logistic, logistic, softmax};

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2, s};

use self::reduction::Reduction;
use super::warning::FitWarning;
use super::{ElasticNet, Lasso, Linear, Matrix, ModelError, ModelSpecification, Ridge};
use crate::error::{FeaturesError, Result};

/// Coefficients on the scale of the columns.
pub(super) struct Fitted {
    /// Features by outputs: one output for numbers and for two classes, one for each of more classes.
    pub(super) coefficients: Array2<f64>,
    /// One for each output.
    pub(super) intercepts: Vec<f64>,
    pub(super) warnings: Vec<FitWarning>,
}

/// Fits the kinds of models that predict numbers.
pub(super) fn fit_numbers(
    specification: &ModelSpecification,
    features: &Matrix,
    target: &Array1<f64>,
) -> Result<Fitted> {
    let reduction = Reduction::new(features, target, specification.fit_intercept());
    if !reduction.is_finite() {
        return Err(not_fitted(specification.kind().name(), &"the sums over its columns are not finite"));
    }
    let mut warnings = reduction.warnings(features.names());
    let rows = features.rows() as f64;
    let coefficients = match specification {
        ModelSpecification::Linear(Linear { tolerance, .. }) => {
            least_squares::solve(&reduction, *tolerance, features.names(), &mut warnings)?
        }
        ModelSpecification::Ridge(Ridge { penalty, .. }) => ridge(&reduction, *penalty, features, &mut warnings)?,
        ModelSpecification::Lasso(Lasso { penalty, max_iterations, .. }) => {
            elastic_net(&reduction, *penalty, 1.0, *max_iterations, features, &mut warnings)?
        }
        ModelSpecification::ElasticNet(ElasticNet { penalty, l1_ratio, .. }) if *l1_ratio == 0.0 => {
            ridge(&reduction, *penalty * rows, features, &mut warnings)?
        }
        ModelSpecification::ElasticNet(ElasticNet { penalty, l1_ratio, max_iterations, .. }) => {
            elastic_net(&reduction, *penalty, *l1_ratio, *max_iterations, features, &mut warnings)?
        }
        ModelSpecification::Logistic(_) | ModelSpecification::Lex(_) => {
            let kind = specification.kind().name();
            return Err(ModelError::WrongKind { kind, asked: "coefficients of a regression" }.into());
        }
    };
    let coefficients = reduction.of_all_columns(&coefficients);
    let intercept = reduction.intercept(&coefficients);
    let width = coefficients.len();
    let coefficients = Array2::from_shape_fn((width, 1), |(feature, _)| coefficients[feature]);
    Ok(Fitted { coefficients, intercepts: vec![intercept], warnings })
}

fn ridge(
    reduction: &Reduction,
    penalty: f64,
    features: &Matrix,
    warnings: &mut Vec<FitWarning>,
) -> Result<Array1<f64>> {
    if penalty == 0.0 {
        return least_squares::solve(reduction, Linear::default().tolerance, features.names(), warnings);
    }
    least_squares::solve_penalised(reduction, penalty)
}

fn elastic_net(
    reduction: &Reduction,
    penalty: f64,
    l1_ratio: f64,
    max_iterations: u32,
    features: &Matrix,
    warnings: &mut Vec<FitWarning>,
) -> Result<Array1<f64>> {
    if penalty == 0.0 {
        return least_squares::solve(reduction, Linear::default().tolerance, features.names(), warnings);
    }
    let total = penalty * features.rows() as f64;
    let (coefficients, exact) = sparse::solve(reduction, total * l1_ratio, total * (1.0 - l1_ratio), max_iterations)?;
    if !exact {
        warnings.push(FitWarning::NotConverged { iterations: max_iterations });
    }
    Ok(coefficients)
}

/// Linfa's least squares of a system of full rank.
fn solve_full_rank(matrix: Array2<f64>, target: Array1<f64>) -> Result<Array1<f64>> {
    let fitted = LinearRegression::new().with_intercept(false).fit(&Dataset::new(matrix, target));
    fitted.map(|model| model.params().to_owned()).map_err(|error| not_fitted("linear", &error))
}

/// `matrix` on top of `roots` as a diagonal, and `target` on top of zeros: least squares with squared penalties.
fn penalised(matrix: &Array2<f64>, target: &Array1<f64>, roots: &Array1<f64>) -> (Array2<f64>, Array1<f64>) {
    let (rows, columns) = matrix.dim();
    let mut stacked = Array2::zeros((rows + columns, columns));
    stacked.slice_mut(s![..rows, ..]).assign(matrix);
    stacked.slice_mut(s![rows.., ..]).diag_mut().assign(roots);
    let mut answers = Array1::zeros(rows + columns);
    answers.slice_mut(s![..rows]).assign(target);
    (stacked, answers)
}

/// Of each column.
fn lengths(matrix: &Array2<f64>) -> Array1<f64> {
    matrix.columns().into_iter().map(|column| column.dot(&column).sqrt()).collect()
}

fn not_fitted(kind: &'static str, reason: &impl ToString) -> FeaturesError {
    ModelError::NotFitted { kind, reason: reason.to_string() }.into()
}
