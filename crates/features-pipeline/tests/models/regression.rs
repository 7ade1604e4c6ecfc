//! Car seats: numbers from numbers.
//!
//! ```python
//! X, y = table[FEATURES].to_numpy(float), table["Sales"].to_numpy(float)
//! model.fit(X[~is_test], y[~is_test])
//! predicted = model.predict(X[is_test])
//! [root_mean_squared_error(y[is_test], predicted), mean_absolute_error(...), r2_score(...),
//!  mean_absolute_percentage_error(...)]
//! ```

use features_pipeline::models::{Metrics, ModelKind, ModelMetrics, ProfitPredictor};
use polars::prelude::*;

use crate::support::{assert_close, coefficients, config, parts, table};

const FEATURES: [&str; 7] = ["CompPrice", "Income", "Advertising", "Population", "Price", "Age", "Education"];

struct Expected {
    coefficients: [f64; 7],
    intercept: f64,
    metrics: ModelMetrics,
}

#[track_caller]
fn check(model: &str, expected: &Expected, share: f64) {
    let (training, test) = parts(&table("carseats.csv"));
    let predictor = ProfitPredictor::train_as(&training, &config("Sales", &FEATURES, model)).unwrap();
    assert_close(&coefficients(&predictor), &expected.coefficients, share);
    assert_close(predictor.model().intercepts(), &[expected.intercept], share);
    assert_eq!(predictor.model().feature_names(), FEATURES);
    assert!(predictor.model().warnings().is_empty());

    let metrics = predictor.evaluate(&test, "Sales").unwrap();
    for (actual, expected) in [
        (metrics.rmse, expected.metrics.rmse),
        (metrics.mae, expected.metrics.mae),
        (metrics.r2, expected.metrics.r2),
        (metrics.mape.unwrap(), expected.metrics.mape.unwrap()),
    ] {
        assert_close(&[actual], &[expected], share);
    }
}

/// `LinearRegression()`
#[test]
fn linear_is_as_scikit_learn_has_it() {
    let expected = Expected {
        coefficients: [
            0.09933496415601814,
            0.0139902883923195,
            0.12236013299283564,
            -0.0005569827453473508,
            -0.09754856003535244,
            -0.03469664474557217,
            -0.05042110626543727,
        ],
        intercept: 7.271076039029142,
        metrics: ModelMetrics {
            rmse: 1.988985496214397,
            mae: 1.5234344492842338,
            r2: 0.4199477665235406,
            mape: Some(0.25059721223655856),
        },
    };
    check(r#"{"kind": "linear"}"#, &expected, 1e-11);
    check(r#"{"kind": "linear", "tolerance": 0}"#, &expected, 1e-11);
    check(r#"{"kind": "ridge", "penalty": 0}"#, &expected, 1e-11);
}

/// `Ridge(alpha=10, solver="svd")`
#[test]
fn ridge_is_as_scikit_learn_has_it() {
    let expected = Expected {
        coefficients: [
            0.09930530243748613,
            0.0139919293657016,
            0.12225984799690316,
            -0.0005556932179595995,
            -0.09752938068360491,
            -0.034695800694994366,
            -0.050178531101075084,
        ],
        intercept: 7.269342283020526,
        metrics: ModelMetrics {
            rmse: 1.9889574792808573,
            mae: 1.523441066673525,
            r2: 0.41996410768887094,
            mape: Some(0.2506011624238204),
        },
    };
    check(r#"{"kind": "ridge", "penalty": 10}"#, &expected, 1e-11);
    // An elastic net's penalty is for each of the 300 rows.
    check(&format!(r#"{{"kind": "elastic_net", "penalty": {}, "l1_ratio": 0}}"#, 10.0 / 300.0), &expected, 1e-11);
}

/// `Lasso(alpha=0.1, tol=1e-15, max_iter=10**6)`
#[test]
fn lasso_is_as_scikit_learn_has_it() {
    let expected = Expected {
        coefficients: [
            0.0983775201857693,
            0.01391973230924752,
            0.12001841648139558,
            -0.0005074237831585196,
            -0.09699938653079115,
            -0.03447159999852031,
            -0.035816834142864545,
        ],
        intercept: 7.118909065833539,
        metrics: ModelMetrics {
            rmse: 1.98790246210607,
            mae: 1.5235874890550665,
            r2: 0.42057928979787707,
            mape: Some(0.25098093553475104),
        },
    };
    check(r#"{"kind": "lasso", "penalty": 0.1}"#, &expected, 1e-10);
    check(r#"{"kind": "elastic_net", "penalty": 0.1, "l1_ratio": 1}"#, &expected, 1e-10);
}

/// `ElasticNet(alpha=0.5, l1_ratio=0.3, tol=1e-15, max_iter=10**6)`
#[test]
fn elastic_net_is_as_scikit_learn_has_it() {
    let expected = Expected {
        coefficients: [
            0.09760163254702595,
            0.013899669436268207,
            0.11781974319231099,
            -0.00047144460659470714,
            -0.09652658328056585,
            -0.03434041760899099,
            -0.027155662402485035,
        ],
        intercept: 7.039849121435326,
        metrics: ModelMetrics {
            rmse: 1.987803252171593,
            mae: 1.5239683647665314,
            r2: 0.42063712247061613,
            mape: Some(0.2512348206865855),
        },
    };
    check(r#"{"kind": "elastic_net", "penalty": 0.5, "l1_ratio": 0.3}"#, &expected, 1e-10);
}

/// The conditions of the optimum (Karush, Kuhn and Tucker): scikit-learn's descent does not come near it here.
#[test]
fn absolute_penalties_are_exact_for_columns_of_any_unit() {
    let columns = ["Advertising", "Population", "Price", "Age"];
    let seats = table("carseats.csv").lazy().with_columns([
        (col("Advertising").cast(DataType::Float64) * lit(1e-6)).alias("Advertising"),
        (col("Population").cast(DataType::Float64) * lit(1e6) + col("Price").cast(DataType::Float64))
            .alias("Population"),
    ]);
    let seats = seats.collect().unwrap();
    for (penalty, ratio) in [(1e-7, 1.0), (1e-3, 1.0), (1.0, 0.5), (0.1, 0.01)] {
        let model = format!(r#"{{"kind": "elastic_net", "penalty": {penalty}, "l1_ratio": {ratio}}}"#);
        let predictor = ProfitPredictor::train_as(&seats, &config("Sales", &columns, &model)).unwrap();
        assert!(predictor.model().warnings().is_empty());
        let sales = seats.column("Sales").unwrap().f64().unwrap().to_vec();
        let residual: Vec<f64> = sales
            .iter()
            .zip(&predictor.predict(&seats).unwrap())
            .map(|(sales, predicted)| sales.unwrap() - predicted)
            .collect();
        for coefficient in predictor.model().coefficients() {
            let column = seats.column(coefficient.feature).unwrap().cast(&DataType::Float64).unwrap();
            let values = column.f64().unwrap();
            let slope = values.iter().zip(&residual).map(|(value, rest)| value.unwrap() * rest).sum::<f64>() / 400.0
                - penalty * (1.0 - ratio) * coefficient.value;
            let length = (values.iter().map(|value| value.unwrap().powi(2)).sum::<f64>() / 400.0).sqrt();
            let slack = 1e-8 * penalty + 1e-13 * length;
            if coefficient.value == 0.0 {
                assert!(slope.abs() <= penalty * ratio + slack, "{model} {coefficient:?} {slope}");
            } else {
                assert!(
                    (slope - penalty * ratio * coefficient.value.signum()).abs() <= slack,
                    "{model} {coefficient:?} {slope}"
                );
            }
        }
    }
}

#[test]
fn a_great_penalty_leaves_the_mean() {
    let (training, test) = parts(&table("carseats.csv"));
    let mean = training.column("Sales").unwrap().f64().unwrap().mean().unwrap();
    let predictor =
        ProfitPredictor::train_as(&training, &config("Sales", &FEATURES, r#"{"kind": "lasso", "penalty": 1e4}"#));
    let predictor = predictor.unwrap();
    assert_eq!(coefficients(&predictor), [0.0; 7]);
    assert_close(&predictor.predict(&test).unwrap().to_vec(), &vec![mean; test.height()], 1e-12);
}

#[test]
fn without_an_intercept_zeros_predict_zero() {
    let (training, _) = parts(&table("carseats.csv"));
    for kind in ["linear", "ridge", "lasso", "elastic_net"] {
        let model = format!(r#"{{"kind": "{kind}", "fit_intercept": false}}"#);
        let predictor = ProfitPredictor::train_as(&training, &config("Sales", &["Price", "Age"], &model)).unwrap();
        let zeros = df!("Price" => [0.0], "Age" => [0.0]).unwrap();
        assert_eq!(predictor.predict(&zeros).unwrap()[0], 0.0, "{kind}");
        assert_ne!(coefficients(&predictor)[0], 0.0, "{kind}");
    }
}

#[test]
fn booleans_and_all_integers_are_numbers() {
    let units: [i64; 6] = [1, 2, 3, 4, 5, 6];
    let mut table = df!(
        "online" => [true, false, false, true, true, false],
        "profit" => [5, 4, 6, 11, 13, 12],
    )
    .unwrap();
    let types = [
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::UInt8,
        DataType::UInt64,
        DataType::Float32,
    ];
    for dtype in types {
        table.with_column(Column::new("units".into(), units).cast(&dtype).unwrap()).unwrap();
        let predictor =
            ProfitPredictor::train_as(&table, &config("profit", &["units", "online"], r#"{"kind": "linear"}"#));
        // 2 for each unit, and 3 more online.
        assert_close(&coefficients(&predictor.unwrap()), &[2.0, 3.0], 1e-12);
    }
}

#[test]
fn a_row_is_predicted_alike_alone_and_among_others() {
    let (training, test) = parts(&table("carseats.csv"));
    let predictor = ProfitPredictor::train_as(&training, &config("Sales", &FEATURES, r#"{"kind": "ridge"}"#)).unwrap();
    let all = predictor.predict(&test).unwrap();
    for (row, among_others) in (0..).zip(&all) {
        let alone = predictor.predict(&test.slice(row, 1)).unwrap()[0];
        assert_eq!(alone.to_bits(), among_others.to_bits());
    }
    let frame = predictor.predict_frame(&test).unwrap();
    assert_eq!(frame.column("prediction").unwrap().f64().unwrap().get(3), Some(all[3]));
    assert_eq!(predictor.model().kind(), ModelKind::Ridge);
}

#[test]
fn numbers_far_from_zero_lose_nothing() {
    // Moments in microseconds, a second apart: their squares have no room for the differences.
    let moments: Vec<i64> = (0..100).map(|second| 1_700_000_000_000_000 + second * 1_000_000).collect();
    let profit: Vec<f64> = (0..100).map(|second| 3.0 * f64::from(second)).collect();
    let table = df!("moment" => moments, "profit" => profit).unwrap();
    let predictor = ProfitPredictor::train_as(&table, &config("profit", &["moment"], r#"{"kind": "linear"}"#)).unwrap();
    assert_close(&coefficients(&predictor), &[3e-6], 1e-12);
    assert!(predictor.evaluate(&table, "profit").unwrap().rmse < 1e-5);
}

#[test]
fn metrics_of_special_targets() {
    // scikit-learn: r2_score([3, 3], [3, 3]) is 1 and r2_score([3, 3], [3, 4]) is 0.
    assert_eq!(ModelMetrics::compute(&[3.0, 3.0], &[3.0, 3.0]).r2, 1.0);
    assert_eq!(ModelMetrics::compute(&[3.0, 4.0], &[3.0, 3.0]).r2, 0.0);
    assert_eq!(ModelMetrics::compute(&[1.0, 1.0], &[0.0, 0.0]).mape, None);
    assert_eq!(ModelMetrics::compute(&[1.0, 1.0], &[0.0, 2.0]).mape, Some(0.5));
    let metrics = Metrics::Regression(ModelMetrics::compute(&[1.0], &[0.0]));
    assert_eq!(metrics.values().into_keys().collect::<Vec<_>>(), ["mae", "r2", "rmse"]);
}
