//! What the YAML may say of the engine.

use std::fs;
use std::path::Path;

use features_pipeline::config::{Entrypoint, PipelineSteps, json_schema, load_yaml};
use features_pipeline::models::{Lex, ModelSpecification, Preset, ProblemType, TrainingConfig};
use features_pipeline::sales::SalesRecords;

fn parse(settings: &str) -> features_pipeline::Result<TrainingConfig> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.yaml");
    fs::write(&path, format!("target_column: y\nfeature_columns: [x]\nmodel:\n  kind: lex\n{settings}")).unwrap();
    load_yaml(&path)
}

#[test]
fn the_defaults_are_the_engines() {
    let ours = parse("").unwrap();
    assert_eq!(ours.model, ModelSpecification::Lex(Lex::default()));
    ours.validate().unwrap();
    let engine =
        lex_learning::PipelineConfig::builder().problem_type(lex_learning::ProblemType::Regression).build().unwrap();
    let engine = serde_json::to_value(engine).unwrap();
    for (name, value) in serde_json::to_value(Lex::default()).unwrap().as_object().unwrap() {
        // Features are null where the training rows tell nothing.
        let expected = if name == "allow_missing" { &serde_json::json!(true) } else { &engine[name] };
        assert_eq!(value, expected, "{name}");
    }
}

#[test]
fn every_setting_has_a_name() {
    let settings = "  problem_type: classification\n  time_limit: 90\n  preset: best\n  algorithm: lightgbm\n  \
                    top_k_algorithms: 5\n  n_trials: 50\n  cv_folds: 4\n  metric: roc_auc\n  n_jobs: 2\n  refit: true\n  \
                    allow_missing: false\n";
    let config = parse(settings).unwrap();
    config.validate().unwrap();
    let expected = Lex {
        problem_type: Some(ProblemType::Classification),
        time_limit: Some(90.0),
        preset: Preset::Best,
        algorithm: Some("lightgbm".to_owned()),
        top_k_algorithms: 5,
        n_trials: 50,
        cv_folds: 4,
        metric: Some("roc_auc".to_owned()),
        n_jobs: 2,
        refit: Some(true),
        allow_missing: false,
    };
    assert_eq!(config.model, ModelSpecification::Lex(expected));
    let schema = json_schema::<TrainingConfig>().to_string();
    for word in ["time_limit", "top_k_algorithms", "classification", "balanced"] {
        assert!(schema.contains(word), "{word}");
    }
}

#[test]
fn what_the_engine_would_refuse_is_refused_without_a_table() {
    for (settings, name) in [
        ("  n_trials: 0\n", "n_trials"),
        ("  cv_folds: 1\n", "cv_folds"),
        ("  n_jobs: 0\n", "n_jobs"),
        ("  time_limit: 0\n", "time_limit"),
        ("  time_limit: -3\n", "time_limit"),
        ("  time_limit: 1e300\n", "time_limit"),
        ("  metric: beauty\n", "metric"),
        ("  problem_type: regression\n  metric: roc_auc\n", "metric"),
    ] {
        let error = parse(settings).unwrap().validate().unwrap_err();
        assert!(error.to_string().contains(name), "{settings}: {error}");
        assert!(["config.invalid", "model.invalid_setting"].contains(&error.code()), "{settings}: {}", error.code());
        assert!(error.hint().is_some());
    }
    // Only the table will tell which of the two problems it is.
    for metric in ["rmse", "roc_auc"] {
        parse(&format!("  metric: {metric}\n")).unwrap().validate().unwrap();
    }
    for settings in ["  preset: slow\n", "  trials: 3\n", "  problem_type: ranking\n", "  n_trials: -1\n"] {
        assert_eq!(parse(settings).unwrap_err().code(), "configuration.invalid", "{settings}");
    }
}

/// The example that is shipped names the columns that sales records have, and features of theirs.
#[test]
fn the_example_is_one_of_the_sales_records() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let entrypoint = Entrypoint::load_from_yaml(folder.join("entrypoint_lex.yaml")).unwrap();
    let steps = PipelineSteps::load_from_yaml(&entrypoint.features).unwrap();
    let config: TrainingConfig = load_yaml(entrypoint.model.unwrap()).unwrap();
    config.validate().unwrap();
    let sales = SalesRecords { rows: 500, seed: 1 }.frame().unwrap();
    let (fitted, training) = steps.fit_apply(&sales).unwrap();
    config.check_features(&training).unwrap();
    // New orders have neither costs nor profits.
    let new = sales.select([
        "Region",
        "Item Type",
        "Sales Channel",
        "Order Priority",
        "Units Sold",
        "Order Date",
        "Ship Date",
    ]);
    config.check_features(&fitted.apply(&new.unwrap()).unwrap()).unwrap();
}
