//! The file of a model.

use std::fs;

use features_pipeline::config::load_yaml;
use features_pipeline::models::{ElasticNet, ModelConfig, ModelSpecification, TrainingConfig};
use features_pipeline::{FeaturesError, Result};

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.yaml");
    fs::write(&path, text).unwrap();
    load_yaml(&path)
}

const PLAIN: &str = "target_column: Total Profit\nfeature_columns:\n  - Units Sold\n  - Unit Price\n";

#[test]
fn the_plain_file_is_a_linear_model() {
    let config: ModelConfig = parse(PLAIN).unwrap();
    assert_eq!(config.feature_columns, ["Units Sold", "Unit Price"]);
    let training: TrainingConfig = parse(PLAIN).unwrap();
    assert_eq!(training, TrainingConfig::from(config));
    assert_eq!((training.test_size, training.seed), (0.2, 42));
    assert_eq!(training.model, ModelSpecification::default());
}

#[test]
fn a_kind_comes_with_its_settings() {
    let text = format!("{PLAIN}model:\n  kind: elastic_net\n  l1_ratio: 0.25\ntest_size: 0.3\nseed: 7\n");
    let training: TrainingConfig = parse(&text).unwrap();
    let expected = ElasticNet { l1_ratio: 0.25, ..ElasticNet::default() };
    assert_eq!(training.model, ModelSpecification::ElasticNet(expected));
    training.validate().unwrap();
}

#[test]
fn what_is_unknown_is_refused() {
    for addition in [
        "model:\n  kind: forest\n",
        "model:\n  kind: linear\n  penalty: 1\n",
        "model:\n  kind: ridge\n  penalty: much\n",
        "model:\n  penalty: 1\n",
        "test_share: 0.2\n",
        "seed: -1\n",
    ] {
        let error = parse::<TrainingConfig>(&format!("{PLAIN}{addition}")).unwrap_err();
        assert!(matches!(error, FeaturesError::Configuration { .. }), "{addition}: {error}");
    }
}

#[test]
fn the_schema_tells_the_kinds_and_their_settings() {
    let schema = serde_json::to_value(schemars::schema_for!(TrainingConfig)).unwrap();
    let text = schema.to_string();
    for word in ["elastic_net", "l1_ratio", "tolerance", "test_size", "feature_columns"] {
        assert!(text.contains(word), "{word}");
    }
    assert_eq!(schema["required"], serde_json::json!(["target_column", "feature_columns"]));
}

#[test]
fn errors_of_the_file_point_to_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.yaml");
    for (text, place) in [
        (format!("{PLAIN}test_size: 2\n"), "5:12"),
        (format!("{PLAIN}model: {{\n  kind: ridge,\n  penalti: 1 }}\n"), "7:3"),
        (format!("{PLAIN}model:\n  kind: ridge\n  penalty: much\n"), "7:12"),
        (format!("{PLAIN}model:\n  kind: ridge\n  penalty: -1\n"), "7:12"),
        (format!("{PLAIN}model:\n  kind: forest\n"), "6:9"),
        (format!("{PLAIN}model:\n  penalty: 1\n"), "6:3"),
        (format!("{PLAIN}test_share: 0.5\n"), "5:1"),
        ("target_column: a\nfeature_columns: [b, c, b]\n".to_owned(), "2:25"),
        ("target_column: a\nfeature_columns: [b, a]\n".to_owned(), "2:22"),
        ("target_column: a\nfeature_columns: []\n".to_owned(), "2:18"),
    ] {
        fs::write(&path, &text).unwrap();
        let error = TrainingConfig::load_from_yaml(&path).unwrap_err();
        assert_eq!(error.code(), "configuration.invalid");
        assert!(error.to_string().contains(&format!("model.yaml:{place}: ")), "{text}: {error}");
    }
    fs::write(&path, PLAIN).unwrap();
    assert_eq!(TrainingConfig::load_from_yaml(&path).unwrap(), parse::<TrainingConfig>(PLAIN).unwrap());
}
