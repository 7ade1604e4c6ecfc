//! Settings that say what a row, a class, a group, an order, a score and a null mean.

use lex_learning::{ClassWeights, PipelineConfig, PipelineConfigBuilder, ProblemType, ThresholdMetric, TrainedModel};
use polars::prelude::*;
use serde_json::json;

use crate::fixtures::{SURVIVAL, assert_invalid_data, passenger, pipeline, quick, refused, table, train, trained};

/// Survival on the Titanic, in three folds.
fn survival() -> PipelineConfigBuilder {
    quick(ProblemType::Classification).target_column("survived").cv_folds(3)
}

/// The passengers and one more column.
fn titanic_with(column: Column) -> DataFrame {
    let mut titanic = table("titanic");
    titanic.with_column(column).unwrap();
    titanic
}

/// A weight for each passenger, by whether they survived.
fn weighted(died: f64, survived: f64) -> DataFrame {
    let titanic = table("titanic");
    let labels = titanic.column("survived").unwrap().str().unwrap();
    let weight = |label: Option<&str>| if label == Some("survived") { survived } else { died };
    titanic_with(Column::new("weight".into(), labels.iter().map(weight).collect::<Vec<_>>()))
}

#[test]
fn rows_count_by_their_weight_which_is_no_feature() {
    let weighted = weighted(1.0, 10.0);
    let model = trained(survival().weight_column("weight"), &weighted);
    let info = model.get_info().unwrap();
    assert_eq!(info.feature_names, ["pclass", "sex", "age", "sibsp", "parch"]);
    assert_eq!(info.unused_columns, ["weight"]);

    let chance = |model: &TrainedModel| model.predict(&passenger()).unwrap().probabilities["survived"];
    assert!(chance(&model) > chance(&SURVIVAL) + 0.1);

    let without = model.predict_batch(&table("titanic")).unwrap();
    assert!(model.predict_batch(&weighted).unwrap().equals(&without));
    let mut row = passenger();
    row["weight"] = json!(2.0);
    assert_eq!(model.predict(&row).unwrap(), model.predict(&passenger()).unwrap());
}

#[test]
fn weights_that_cannot_be_are_refused_by_column() {
    for (died, survived) in [(1.0, -1.0), (1.0, f64::NAN), (1.0, f64::INFINITY), (0.0, 0.0)] {
        let error = refused(survival().weight_column("weight"), &weighted(died, survived));
        assert_invalid_data(&error, &["'weight'"]);
    }
    assert_invalid_data(&refused(survival().weight_column("sex"), &table("titanic")), &["'sex'"]);
}

#[test]
fn columns_that_are_not_there_are_named() {
    let configs =
        [survival().weight_column("nobody"), survival().group_column("nobody"), survival().time_column("nobody")];
    for config in configs {
        assert!(refused(config, &table("titanic")).to_string().contains("'nobody'"));
    }
}

#[test]
fn a_group_is_in_one_part_of_each_split() {
    // `x` tells the group apart, and the group before and the one after have the other class: the neighbours of a row
    // know its class only if some are of its own group.
    let rows = || (0..600).map(|row| (row / 30, row % 30));
    let frame = df!(
        "group" => rows().map(|(group, _)| format!("customer {group}")).collect::<Vec<_>>(),
        "x" => rows().map(|(group, member)| f64::from(group) + 0.01 * f64::from(member)).collect::<Vec<_>>(),
        "class" => rows().map(|(group, _)| if group % 2 == 0 { "even" } else { "odd" }).collect::<Vec<_>>(),
    )
    .unwrap();
    let config = || quick(ProblemType::Classification).target_column("class").algorithm("knn").cv_folds(3);
    let torn = train(config(), &frame.drop("group").unwrap());
    assert!(torn.metrics.accuracy.unwrap() > 0.9, "{:?}", torn.metrics);

    let config = config().group_column("group");
    let whole = train(config.clone(), &frame);
    assert!(whole.metrics.accuracy.unwrap() < 0.6, "{:?}", whole.metrics);
    let model = pipeline(config).create_trained_model(&whole).unwrap();
    assert_eq!(model.feature_names().unwrap(), ["x"]);
    assert_eq!(model.get_info().unwrap().unused_columns, ["group"]);
}

#[test]
fn a_single_group_is_refused() {
    let frame = titanic_with(Column::new("family".into(), vec!["the same"; 1309]));
    assert_invalid_data(&refused(survival().group_column("family"), &frame), &["'family'"]);
}

#[test]
fn the_past_trains_and_the_future_tests() {
    // The target grows with time, which `x` does not tell; the rows are in no order.
    let days: Vec<i32> = (0..200).map(|row| row * 73 % 200).collect();
    let frame = df!(
        "day" => &days,
        "x" => days.iter().map(|day| day % 7).collect::<Vec<_>>(),
        "y" => days.iter().map(|&day| f64::from(day)).collect::<Vec<_>>(),
    )
    .unwrap();
    let config = quick(ProblemType::Regression).target_column("y").time_column("day").cv_folds(3);
    let result = train(config.clone(), &frame);
    // The newest fifth is 180 on average, what came before 80.
    assert!(result.metrics.rmse.unwrap() > 90.0, "{:?}", result.metrics);
    let model = pipeline(config).create_trained_model(&result).unwrap();
    assert_eq!(model.feature_names().unwrap(), ["x"]);
    assert_eq!(model.get_info().unwrap().unused_columns, ["day"]);
}

#[test]
fn classes_count_by_their_weight() {
    let chance = |weights: ClassWeights| {
        let model = trained(survival().class_weights(weights), &table("titanic"));
        model.predict(&passenger()).unwrap().probabilities["survived"]
    };
    // 62 % died: balanced, a survivor counts 1.6 times as much.
    let plain = SURVIVAL.predict(&passenger()).unwrap().probabilities["survived"];
    let balanced = chance(ClassWeights::Balanced);
    let fivefold = chance(ClassWeights::ByLabel([("survived".to_owned(), 5.0)].into()));
    assert!(plain < balanced && balanced < fivefold, "{plain} {balanced} {fivefold}");
}

#[test]
fn models_are_compared_by_the_metric_that_was_asked_for() {
    let result = train(survival().metric("accuracy"), &table("titanic"));
    let model = &result.model_results[0];
    assert_eq!((model.metric.as_str(), model.greater_is_better, &model.metric_failure), ("accuracy", true, &None));
    assert!((0.7..=1.0).contains(&model.score.unwrap()), "{model:?}");

    let result = train(quick(ProblemType::Regression).metric("mae").cv_folds(3), &table("carseats"));
    let model = &result.model_results[0];
    assert_eq!((model.metric.as_str(), model.greater_is_better), ("mae", false));
    assert!(model.score.unwrap() > 0.0, "{model:?}");
}

#[test]
fn the_best_by_a_metric_that_grows_is_first() {
    let config = PipelineConfig::builder()
        .problem_type(ProblemType::Classification)
        .metric("roc_auc")
        .top_k_algorithms(2)
        .optimize_hyperparams(false)
        .cv_folds(3)
        .enable_explainability(false);
    let result = train(config, &table("titanic"));
    let scores: Vec<f64> = result.model_results.iter().map(|model| model.score.unwrap()).collect();
    assert!(scores.iter().rev().is_sorted() && scores[0] > 0.8, "best first: {scores:?}");
}

#[test]
fn the_second_class_is_predicted_from_the_tuned_threshold_on() {
    let titanic = table("titanic");
    for metric in [ThresholdMetric::F1, ThresholdMetric::BalancedAccuracy] {
        let model = trained(survival().threshold_metric(metric), &titanic);
        let threshold = model.get_info().unwrap().decision_threshold.unwrap();
        assert!((0.0..=1.0).contains(&threshold), "{threshold}");
        let predictions = model.predict_batch(&titanic).unwrap();
        let labels = predictions.column("prediction").unwrap().str().unwrap();
        let chances = predictions.column("probability_survived").unwrap().f64().unwrap();
        for (label, chance) in labels.iter().zip(chances.iter()) {
            assert_eq!(label == Some("survived"), chance.unwrap() >= threshold, "{chance:?} {threshold}");
        }
    }
    assert_eq!(SURVIVAL.get_info().unwrap().decision_threshold, None);
}

/// The values with every seventh taken out.
fn gaps<T>(values: impl Iterator<Item = Option<T>>) -> Vec<Option<T>> {
    values.enumerate().map(|(row, value)| value.filter(|_| row % 7 != 0)).collect()
}

#[test]
fn nulls_train_and_predict_where_they_are_allowed() {
    let mut frame = table("titanic");
    let age = gaps(frame.column("age").unwrap().f64().unwrap().iter());
    let class: Vec<Option<String>> =
        gaps(frame.column("pclass").unwrap().str().unwrap().iter().map(|class| class.map(str::to_owned)));
    let alone = gaps(frame.column("sibsp").unwrap().i64().unwrap().iter().map(|siblings| siblings.map(|n| n == 0)));
    frame.with_column(Column::new("age".into(), age)).unwrap();
    frame.with_column(Column::new("pclass".into(), class)).unwrap();
    frame.with_column(Column::new("alone".into(), alone)).unwrap();

    assert_invalid_data(&refused(survival(), &frame), &["null"]);
    // One that has nulls filled in, and one that knows them.
    for algorithm in ["logistic_regression", "lightgbm"] {
        let model = trained(survival().algorithm(algorithm).allow_missing(true), &frame);
        let schema = model.get_info().unwrap().schema;
        for column in &schema {
            assert!(column.nullable, "{column:?}");
            assert_eq!(column.missing > 0, ["age", "pclass", "alone"].contains(&column.name.as_str()), "{column:?}");
        }
        let row = json!({"pclass": null, "sex": "male", "age": null, "sibsp": 0, "parch": 0, "alone": null});
        let prediction = model.predict(&row).unwrap();
        assert!(prediction.label.is_some() && prediction.warnings.is_empty(), "{prediction:?}");
        assert_eq!(model.predict_batch(&frame).unwrap().height(), frame.height());
    }
    assert!(!SURVIVAL.get_info().unwrap().schema[0].nullable);
}
