//! Passengers and penguins: classes from numbers.

use features_pipeline::models::{
    ClassLabel, ClassificationMetrics, FitWarning, Metrics, ProfitPredictor, train_and_test,
};
use ndarray::array;
use polars::prelude::*;

use crate::support::{assert_close, coefficients, config, parts, table};

const MEASURES: [&str; 3] = ["Culmen_Length_mm", "Flipper_Length_mm", "Body_Mass_g"];

fn classification(metrics: Metrics) -> ClassificationMetrics {
    let Metrics::Classification(metrics) = metrics else { panic!("metrics of numbers") };
    metrics
}

/// ```python
/// X, y = table[["age", "sibsp", "parch"]].to_numpy(float), table["survived"]
/// model = LogisticRegression(C=1, solver="newton-cholesky", tol=1e-12, max_iter=1000)
/// ```
#[test]
fn two_classes_are_as_scikit_learn_has_them() {
    let (training, test) = parts(&table("titanic.csv"));
    let config = config("survived", &["age", "sibsp", "parch"], r#"{"kind": "logistic", "penalty": 1}"#);
    let predictor = ProfitPredictor::train_as(&training, &config).unwrap();
    let model = predictor.model();
    assert_eq!(model.classes(), [ClassLabel::Text("died".into()), ClassLabel::Text("survived".into())]);
    assert_eq!(model.coefficients()[0].class, Some(&ClassLabel::Text("survived".into())));
    assert!(model.warnings().is_empty());
    assert_close(&coefficients(&predictor), &[-0.005855720749135457, -0.09336852125375539, 0.22585620570818282], 1e-9);
    assert_close(model.intercepts(), &[-0.34819727632076736], 1e-9);

    let predicted = predictor.predict_frame(&test).unwrap();
    let survived = predicted.column("probability_survived").unwrap().f64().unwrap();
    let first: Vec<f64> = survived.iter().flatten().take(3).collect();
    assert_close(&first, &[0.37468790351997494, 0.34782218721804986, 0.3319141080529034], 1e-9);
    assert_eq!(predicted.column("prediction").unwrap().str().unwrap().get(0), Some("died"));

    let metrics = classification(predictor.score(&test, "survived").unwrap());
    assert_close(&[metrics.accuracy], &[0.6402439024390244], 1e-12);
    assert_close(&[metrics.f1_macro], &[0.4466746726139418], 1e-12);
    assert_close(&[metrics.f1.unwrap()], &[0.11940298507462686], 1e-12);
    assert_close(&[metrics.auc.unwrap()], &[0.5418643263757116], 1e-12);
    assert_close(&[metrics.log_loss], &[0.6542940769696965], 1e-9);
}

/// ```python
/// X, y = table[MEASURES].to_numpy(float), table["Species"]
/// model = LogisticRegression(C=10, solver="newton-cholesky", tol=1e-12, max_iter=1000)
/// roc_auc_score(y[is_test], model.predict_proba(X[is_test]), multi_class="ovr")
/// ```
#[test]
fn three_classes_are_as_scikit_learn_has_them() {
    let (training, test) = parts(&table("penguins.csv"));
    let predictor =
        ProfitPredictor::train_as(&training, &config("Species", &MEASURES, r#"{"kind": "logistic", "penalty": 0.1}"#))
            .unwrap();
    // scikit-learn has the features of a class in a row, and here a feature's classes are.
    assert_close(
        &coefficients(&predictor),
        &[
            -1.747926853387467,
            2.601049921155288,
            -0.8531230677675395,
            -0.07783959985197968,
            -0.21218231154058823,
            0.29002191139083133,
            0.005815563551074614,
            -0.013682952334566371,
            0.007867388810989763,
        ],
        1e-8,
    );
    assert_close(predictor.model().intercepts(), &[71.59777815104059, -20.362421522480297, -51.23535662856029], 1e-8);
    assert_eq!(predictor.model().coefficients()[1].feature, "Culmen_Length_mm");
    assert!(predictor.model().coefficients()[1].class.unwrap().to_string().starts_with("Chinstrap"));

    let metrics = classification(predictor.score(&test, "Species").unwrap());
    assert_close(&[metrics.accuracy], &[0.9767441860465116], 1e-12);
    assert_close(&[metrics.f1_macro], &[0.9767292513194152], 1e-12);
    assert_close(&[metrics.auc.unwrap()], &[0.9989347254053137], 1e-12);
    assert_close(&[metrics.log_loss], &[0.05577927823477735], 1e-8);
    assert_eq!(metrics.f1, None);
}

#[test]
fn classes_keep_their_type_and_order() {
    let price = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let cases = [
        (Column::new("class".into(), [true, true, false, true, false, false]), DataType::Boolean, "false", "true"),
        (Column::new("class".into(), [2_i32, 2, 10, 2, 10, 10]), DataType::Int64, "2", "10"),
        (Column::new("class".into(), [2.0, 2.0, 10.0, 2.0, 10.0, 10.0]), DataType::Int64, "2", "10"),
        (Column::new("class".into(), ["2", "2", "10", "2", "10", "10"]), DataType::String, "10", "2"),
    ];
    for (classes, dtype, first, second) in cases {
        let table = DataFrame::new(6, vec![Column::new("price".into(), price), classes]).unwrap();
        let predictor =
            ProfitPredictor::train_as(&table, &config("class", &["price"], r#"{"kind": "logistic"}"#)).unwrap();
        assert_eq!(predictor.model().classes().iter().map(ToString::to_string).collect::<Vec<_>>(), [first, second]);
        let predicted = predictor.predict_frame(&table).unwrap();
        assert_eq!(predicted.column("prediction").unwrap().dtype(), &dtype);
        let chance = |class| {
            let column = predicted.column(&format!("probability_{class}")).unwrap();
            column.f64().unwrap().get(0).unwrap()
        };
        assert!((chance(first) + chance(second) - 1.0).abs() < 1e-15);
        assert!(classification(predictor.score(&table, "class").unwrap()).accuracy > 0.6);
    }
}

#[test]
fn columns_of_any_unit_converge() {
    // The same table in other units: the penalised optimum is another, but the unpenalised one is the same.
    let passengers = table("titanic.csv");
    let mut stretched = passengers.clone();
    let age = passengers.column("age").unwrap().f64().unwrap() * 1e7 + 1e9;
    stretched.with_column(age.into_column().with_name("age".into())).unwrap();
    let config = config("survived", &["age", "sibsp"], r#"{"kind": "logistic", "penalty": 0}"#);
    let plain = ProfitPredictor::train_as(&passengers, &config).unwrap();
    let other = ProfitPredictor::train_as(&stretched, &config).unwrap();
    assert!(plain.model().warnings().is_empty() && other.model().warnings().is_empty());
    assert_close(&[coefficients(&other)[0] * 1e7, coefficients(&other)[1]], &coefficients(&plain), 1e-8);
}

#[test]
fn separable_classes_without_a_penalty_are_told() {
    let table = df!("price" => [1.0, 2.0, 3.0, 4.0], "bought" => [true, true, false, false]).unwrap();
    let train = |model| ProfitPredictor::train_as(&table, &config("bought", &["price"], model)).unwrap();
    let predictor = train(r#"{"kind": "logistic", "penalty": 0}"#);
    assert_eq!(predictor.model().warnings(), [FitWarning::SeparableClasses]);
    assert!(coefficients(&predictor)[0].is_finite());
    assert!(train(r#"{"kind": "logistic"}"#).model().warnings().is_empty());
}

#[test]
fn the_share_of_each_class_is_the_same_in_both_parts() {
    let penguins = table("penguins.csv");
    let training = train_and_test(&penguins, &config("Species", &MEASURES, r#"{"kind": "logistic"}"#)).unwrap();
    assert_eq!(training.split.test.len(), 86);
    let counts = |rows: &[IdxSize]| {
        let species = penguins.column("Species").unwrap().str().unwrap();
        let mut counts = std::collections::BTreeMap::new();
        for &row in rows {
            *counts.entry(species.get(row as usize).unwrap()).or_insert(0) += 1;
        }
        counts.into_values().collect::<Vec<_>>()
    };
    // Of 152, 68 and 124 penguins, a quarter.
    assert_eq!(counts(&training.split.test), [38, 17, 31]);
    assert!(training.test_metrics.values()["accuracy"] > 0.9);
    assert_eq!(training.predictor.metrics()["test"], training.test_metrics);
}

/// ```python
/// y, p = [0, 0, 1, 1, 2], [[.8, .1, .1], [.3, .4, .3], [.3, .4, .3], [.2, .5, .3], [0, 0, 1]]
/// f1_score(y, [0, 1, 1, 1, 2], average="macro"), roc_auc_score(y, p, multi_class="ovr"), log_loss(y, p)
/// ```
#[test]
fn ties_and_certainty_are_as_scikit_learn_has_them() {
    let chances = array![[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.3, 0.4, 0.3], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0]];
    let metrics = ClassificationMetrics::compute(&[0, 1, 1, 1, 2], &chances, &[0, 0, 1, 1, 2]);
    assert_close(&[metrics.f1_macro], &[0.8222222222222223], 1e-14);
    assert_close(&[metrics.auc.unwrap()], &[0.9444444444444445], 1e-14);
    assert_close(&[metrics.log_loss], &[0.6073108536148493], 1e-14);
    // A class that no row has: no curve for it, and the others' F1 counts.
    let metrics =
        ClassificationMetrics::compute(&[0, 1, 1, 1], &chances.slice_move(ndarray::s![..4, ..]), &[0, 0, 1, 1]);
    assert_eq!(metrics.auc, None);
    assert_close(&[metrics.f1_macro], &[f64::midpoint(2.0 / 3.0, 0.8)], 1e-14);
}
