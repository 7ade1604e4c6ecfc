//! Training: what a result holds, on each kind of problem and with each algorithm.

use lex_learning::{PipelineConfig, ProblemType};
use polars::prelude::*;

use crate::fixtures::{pipeline, quick, table, train, trained};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

#[test]
fn a_binary_target_gives_a_leaderboard_metrics_importance_and_plots() {
    let config = PipelineConfig::builder()
        .problem_type(ProblemType::Classification)
        .target_column("survived")
        .top_k_algorithms(3)
        .n_trials(3);
    let result = train(config, &table("titanic"));

    assert_eq!(result.model_results.len(), 4);
    assert_eq!(result.model_results[0].name, "ensemble");
    let scores: Vec<f64> = result.model_results.iter().map(|model| model.score.unwrap()).collect();
    assert!(scores.is_sorted(), "best first: {scores:?}");
    assert_eq!(result.best_model_name, result.model_results[0].name);
    for model in &result.model_results[1..] {
        assert_eq!((model.metric.as_str(), model.fold_scores.len(), model.trials), ("log_loss", 5, 3));
        assert!(model.seconds > 0.0);
    }
    // 62 % died; knowing nothing else costs 0.665 nats.
    assert!(result.metrics.accuracy.unwrap() > 0.75);
    assert!(result.metrics.log_loss.unwrap() < 0.5);
    assert!(result.metrics.roc_auc.unwrap() > 0.8);
    assert_eq!(result.metrics.confusion_matrix.as_ref().unwrap().iter().flatten().sum::<u64>(), 262);
    assert_eq!(result.metrics.r2, None);
    assert_eq!(result.feature_importance[0].0, "sex");
    assert_eq!(result.feature_importance.len(), 5);
    for name in ["summary", "bar", "waterfall", "dependence_sex"] {
        assert!(result.plots[name].starts_with(PNG), "{name}");
    }
    assert!(result.timings["total"] >= result.timings["training"]);
    assert!(result.warnings.is_empty(), "{:?}", result.warnings);
}

#[test]
fn a_numeric_target_gives_regression_metrics() {
    let result = train(quick(ProblemType::Regression).target_column("Sales"), &table("carseats"));
    assert!(result.metrics.r2.unwrap() > 0.8);
    assert!(result.metrics.rmse.unwrap() < 1.5);
    assert_eq!(result.metrics.accuracy, None);
    assert!(result.plots.is_empty());
}

#[test]
fn three_classes_have_a_row_each_in_the_metrics() {
    let result = train(quick(ProblemType::Classification), &table("penguins"));
    let classes = result.metrics.per_class.as_ref().unwrap();
    assert_eq!(classes.len(), 3);
    assert!(classes.iter().all(|class| class.f1 > 0.9));
    assert!(result.metrics.accuracy.unwrap() > 0.95);
}

#[test]
fn the_target_is_the_last_column_unless_named() {
    let model = trained(quick(ProblemType::Regression), &table("carseats"));
    assert_eq!(model.target_column().unwrap(), "Sales");
    let model = trained(quick(ProblemType::Regression).target_column("Price"), &table("carseats"));
    assert_eq!(model.target_column().unwrap(), "Price");
    assert!(model.feature_names().unwrap().contains(&"Sales".to_owned()));
}

#[test]
fn the_same_seed_gives_the_same_model_whatever_the_number_of_workers() {
    let config = || quick(ProblemType::Classification).algorithm("lightgbm").optimize_hyperparams(true).n_trials(6);
    let (alone, together) =
        (train(config().n_jobs(1), &table("titanic")), train(config().n_jobs(2), &table("titanic")));
    assert_eq!(alone.model_results[0].fold_scores, together.model_results[0].fold_scores);
    assert_eq!(alone.metrics, together.metrics);
}

#[test]
fn every_classification_algorithm_trains_by_name() {
    let names = [
        "logistic_regression",
        "decision_tree",
        "random_forest",
        "gradient_boosting",
        "extra_trees",
        "knn",
        "svm",
        "xgboost",
        "lightgbm",
        "catboost",
        "neural_network",
    ];
    for name in names {
        let result = train(quick(ProblemType::Classification).algorithm(name).cv_folds(2), &table("penguins"));
        assert_eq!(result.best_model_name, name);
        assert!(result.metrics.accuracy.unwrap() > 0.9, "{name}: {:?}", result.metrics);
    }
}

#[test]
fn every_regression_algorithm_trains_by_name() {
    let names = [
        "linear_regression",
        "ridge",
        "lasso",
        "decision_tree",
        "random_forest",
        "gradient_boosting",
        "extra_trees",
        "knn",
        "svr",
        "xgboost",
        "lightgbm",
        "catboost",
        "neural_network",
    ];
    for name in names {
        let result = train(quick(ProblemType::Regression).algorithm(name).cv_folds(2), &table("carseats"));
        assert_eq!(result.best_model_name, name);
        assert!(result.metrics.r2.unwrap() > 0.2, "{name}: {:?}", result.metrics);
    }
}

#[test]
fn integer_and_boolean_columns_of_every_width_are_accepted() {
    let count = 60;
    let numbers: Vec<i64> = (0..count).collect();
    let column =
        |name: &str, kind: DataType| Series::new(name.into(), numbers.clone()).cast(&kind).unwrap().into_column();
    let frame = DataFrame::new_infer_height(vec![
        column("i8", DataType::Int8),
        column("i16", DataType::Int16),
        column("i32", DataType::Int32),
        column("u8", DataType::UInt8),
        column("u32", DataType::UInt32),
        column("u64", DataType::UInt64),
        column("f32", DataType::Float32),
        Column::new("flag".into(), numbers.iter().map(|number| number % 2 == 0).collect::<Vec<_>>()),
        Column::new("target".into(), numbers.iter().map(|number| number * 3).collect::<Vec<_>>()),
    ])
    .unwrap();
    let result = train(quick(ProblemType::Regression), &frame);
    assert!(result.metrics.r2.unwrap() > 0.99);
}

#[test]
fn predictions_have_the_type_of_the_target() {
    let titanic = table("titanic");
    let as_number =
        |row: usize| i64::from(titanic.column("survived").unwrap().str().unwrap().get(row) == Some("survived"));
    let numbers: Vec<i64> = (0..titanic.height()).map(as_number).collect();
    let columns = [
        (Column::new("survived".into(), numbers.clone()), DataType::Int64),
        (Column::new("survived".into(), numbers.iter().map(|&n| n == 1).collect::<Vec<_>>()), DataType::Boolean),
        (titanic.column("survived").unwrap().clone(), DataType::String),
    ];
    for (target, kind) in columns {
        let mut frame = titanic.clone();
        frame.with_column(target).unwrap();
        let predictions = trained(quick(ProblemType::Classification), &frame).predict_batch(&frame).unwrap();
        assert_eq!(predictions.column("prediction").unwrap().dtype(), &kind);
    }
}

#[test]
fn odd_column_names_are_kept() {
    let mut frame = table("carseats");
    let odd =
        ["a b", "\"quoted\"", "emoji 🛋", "prediction", "line\nbreak", "__index_level_0__", "$x_1^2$", "日本", "", "."];
    for (old, new) in frame.get_column_names_owned().into_iter().zip(odd) {
        frame.rename(&old, new.into()).unwrap();
    }
    let config = quick(ProblemType::Regression).enable_explainability(true);
    let result = train(config.clone(), &frame);
    let model = pipeline(config).create_trained_model(&result).unwrap();
    assert_eq!(model.feature_names().unwrap(), odd);
    assert_eq!(model.predict_batch(&frame).unwrap().height(), frame.height());
    assert!(result.plots.len() >= 4, "{:?}", result.warnings);
}

#[test]
fn two_trainings_run_at_the_same_time() {
    std::thread::scope(|scope| {
        let trainings: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| train(quick(ProblemType::Classification).n_jobs(2), &table("titanic"))))
            .collect();
        for training in trainings {
            assert!(training.join().unwrap().metrics.accuracy.unwrap() > 0.7);
        }
    });
}
