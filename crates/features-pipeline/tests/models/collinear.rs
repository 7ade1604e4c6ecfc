//! Columns that tell the same, nothing, or too much.

use features_pipeline::models::{FitWarning, ProfitPredictor};
use polars::prelude::*;

use crate::support::{assert_close, coefficients, config, parts, table};

const KINDS: [&str; 4] = [
    r#"{"kind": "linear"}"#,
    r#"{"kind": "ridge"}"#,
    r#"{"kind": "lasso", "penalty": 0.1}"#,
    r#"{"kind": "elastic_net", "penalty": 0.1}"#,
];

fn with(table: &mut DataFrame, name: &str, values: impl FnOnce(&Float64Chunked) -> Float64Chunked, of: &str) {
    let column = table.column(of).unwrap().cast(&DataType::Float64).unwrap();
    let made = values(column.f64().unwrap()).into_column().with_name(name.into());
    table.with_column(made).unwrap();
}

/// Car seats with `Twice`, which is `2 Price`, and `Sum`, which is `CompPrice + Price`.
fn doubled() -> DataFrame {
    let mut seats = table("carseats.csv");
    with(&mut seats, "Twice", |price| price * 2.0, "Price");
    let price = seats.column("Price").unwrap().cast(&DataType::Float64).unwrap();
    with(&mut seats, "Sum", |competitors| competitors + price.f64().unwrap(), "CompPrice");
    seats
}

/// `LinearRegression().fit(table[["CompPrice", "Price", "Twice", "Sum", "Age"]][~is_test], table["Sales"][~is_test])`
#[test]
fn collinear_columns_share_as_in_scikit_learn() {
    let (training, test) = parts(&doubled());
    let columns = ["CompPrice", "Price", "Twice", "Sum", "Age"];
    let predictor = ProfitPredictor::train_as(&training, &config("Sales", &columns, KINDS[0])).unwrap();
    assert_close(
        &coefficients(&predictor),
        &[
            0.060595626029623845,
            -0.02596832401038352,
            -0.05193664802076712,
            0.034627302019240254,
            -0.036014437117573225,
        ],
        1e-10,
    );
    assert_close(predictor.model().intercepts(), &[8.529822224672374], 1e-10);
    assert_close(&[predictor.evaluate(&test, "Sales").unwrap().rmse], &[2.244552689250649], 1e-10);
    // Age is no part of it.
    let columns = columns[..4].iter().map(|&name| name.to_owned()).collect();
    assert_eq!(predictor.model().warnings(), [FitWarning::CollinearColumns { columns }]);
}

/// `LinearRegression().fit(...)` of `Population`, `Price` and `Small`, which is `1e-7 * Advertising`.
#[test]
fn a_column_in_tiny_units_does_not_count_unless_it_is_told_to() {
    let mut seats = table("carseats.csv");
    with(&mut seats, "Small", |advertising| advertising * 1e-7, "Advertising");
    let (training, test) = parts(&seats);
    let columns = ["Population", "Price", "Small"];
    let predictor = ProfitPredictor::train_as(&training, &config("Sales", &columns, KINDS[0])).unwrap();
    assert_close(
        &coefficients(&predictor),
        &[-7.763324022758822e-05, -0.058279474722685194, -1.6217203998225662e-10],
        1e-10,
    );
    assert_close(&[predictor.evaluate(&test, "Sales").unwrap().rmse], &[2.5496998592836637], 1e-10);
    assert_eq!(predictor.model().warnings(), [FitWarning::SmallColumns { columns: vec!["Small".to_owned()] }]);

    let model = r#"{"kind": "linear", "tolerance": 0}"#;
    let exact = ProfitPredictor::train_as(&training, &config("Sales", &columns, model)).unwrap();
    let plain = ["Population", "Price", "Advertising"];
    let plain = ProfitPredictor::train_as(&training, &config("Sales", &plain, KINDS[0])).unwrap();
    assert!(exact.model().warnings().is_empty());
    assert_close(&[coefficients(&exact)[2] * 1e-7], &[coefficients(&plain)[2]], 1e-9);
}

/// `LinearRegression().fit(table[FEATURES][:5], table["Sales"][:5])`
#[test]
fn fewer_rows_than_columns_are_met_exactly_by_short_coefficients() {
    let seats = table("carseats.csv").slice(0, 5);
    let columns = ["CompPrice", "Income", "Advertising", "Population", "Price", "Age", "Education"];
    let predictor = ProfitPredictor::train_as(&seats, &config("Sales", &columns, KINDS[0])).unwrap();
    assert_close(
        &coefficients(&predictor),
        &[
            -0.007390272680680432,
            -0.0013787282035352226,
            0.07135047067958969,
            -0.006620569568807105,
            -0.034641306269484154,
            -0.1639586639002818,
            -0.007935548019567676,
        ],
        1e-9,
    );
    assert!(predictor.evaluate(&seats, "Sales").unwrap().rmse < 1e-11);
    assert_eq!(predictor.model().warnings(), [FitWarning::FewRows { rows: 5, columns: 7 }]);
    for kind in &KINDS[1..] {
        let predictor = ProfitPredictor::train_as(&seats, &config("Sales", &columns, kind)).unwrap();
        assert!(coefficients(&predictor).iter().all(|value| value.is_finite() && value.abs() < 1.0), "{kind}");
    }
}

#[test]
fn a_constant_column_gets_zero() {
    let mut seats = table("carseats.csv");
    // A third has no exact float, so the mean of many is a little off.
    with(&mut seats, "Third", |price| price * 0.0 + 1.0 / 3.0, "Price");
    for kind in KINDS {
        let predictor = ProfitPredictor::train_as(&seats, &config("Sales", &["Price", "Third"], kind)).unwrap();
        let alone = ProfitPredictor::train_as(&seats, &config("Sales", &["Price"], kind)).unwrap();
        assert_eq!(coefficients(&predictor), [coefficients(&alone)[0], 0.0], "{kind}");
        let columns = vec!["Third".to_owned()];
        assert_eq!(predictor.model().warnings(), [FitWarning::ConstantColumns { columns }], "{kind}");

        let alone = ProfitPredictor::train_as(&seats, &config("Sales", &["Third"], kind)).unwrap();
        let mean = seats.column("Sales").unwrap().f64().unwrap().mean().unwrap();
        assert_close(alone.model().intercepts(), &[mean], 1e-13);
    }
    let passengers = table("titanic.csv").lazy().with_column(lit(2).alias("two")).collect().unwrap();
    let config = config("survived", &["two", "age"], r#"{"kind": "logistic"}"#);
    let predictor = ProfitPredictor::train_as(&passengers, &config).unwrap();
    assert_eq!(coefficients(&predictor)[0], 0.0);
}

#[test]
fn penalties_bear_collinear_columns() {
    let seats = doubled();
    for kind in KINDS {
        let predictor =
            ProfitPredictor::train_as(&seats, &config("Sales", &["Price", "Twice", "Sum", "CompPrice"], kind));
        let predictor = predictor.unwrap();
        let without = ProfitPredictor::train_as(&seats, &config("Sales", &["Price", "CompPrice"], KINDS[0])).unwrap();
        let rmse = |predictor: &ProfitPredictor| predictor.evaluate(&seats, "Sales").unwrap().rmse;
        assert!((rmse(&predictor) / rmse(&without) - 1.0).abs() < 1e-3, "{kind}");
    }
}

#[test]
fn one_row_is_its_own_mean() {
    let seats = table("carseats.csv").slice(0, 1);
    for kind in KINDS {
        let predictor = ProfitPredictor::train_as(&seats, &config("Sales", &["Price"], kind)).unwrap();
        assert_eq!(
            predictor.predict(&seats).unwrap()[0],
            seats.column("Sales").unwrap().f64().unwrap().get(0).unwrap()
        );
    }
}
