//! Models on the disk.

use std::fs;

use features_pipeline::FeaturesError;
use features_pipeline::models::{ModelError, ProfitPredictor, train_and_test};
use serde_json::{Value, json};

use crate::support::{config, table};

#[test]
fn a_loaded_model_is_the_same_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    for (file, target, features, kind) in [
        ("carseats.csv", "Sales", ["Price", "Age"], "linear"),
        ("carseats.csv", "Sales", ["Price", "Age"], "lasso"),
        ("carseats.csv", "Urban", ["Price", "Age"], "logistic"),
        ("penguins.csv", "Species", ["Culmen_Length_mm", "Body_Mass_g"], "logistic"),
    ] {
        let table = table(file);
        let config = config(target, &features, &format!(r#"{{"kind": "{kind}"}}"#));
        let predictor = train_and_test(&table, &config).unwrap().predictor;
        predictor.save(&path).unwrap();
        let loaded = ProfitPredictor::load(&path).unwrap();
        assert_eq!(loaded, predictor);
        assert!(loaded.predict_frame(&table).unwrap().equals(&predictor.predict_frame(&table).unwrap()));
        assert_eq!(loaded.metrics().keys().collect::<Vec<_>>(), ["test", "training"]);
        assert_eq!(loaded.target_column(), target);
        assert_eq!(loaded.model().specification(), &config.model);
    }
    // Written over, with nothing left beside it.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    let table = table("carseats.csv");
    let predictor =
        ProfitPredictor::train_as(&table, &config("Sales", &["Price", "Age"], r#"{"kind": "linear"}"#)).unwrap();
    predictor.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut document = document.clone();
        change(&mut document);
        document.to_string()
    };
    let cases = [
        String::new(),
        "target_column: Sales".to_owned(),
        text[..text.len() / 2].to_owned(),
        "{}".to_owned(),
        changed(&|document| document["format"] = json!("another model")),
        changed(&|document| document["version"] = json!("1")),
        changed(&|document| document["model"]["intercepts"] = json!([1.0, 2.0])),
        changed(&|document| document["model"]["intercepts"] = json!([null])),
        changed(&|document| document["model"]["coefficients"][1]["feature"] = json!("Price")),
        changed(&|document| document["model"]["coefficients"][1]["values"] = json!([])),
        changed(&|document| document["model"]["classes"] = json!(["a", "b"])),
        changed(&|document| document["model"]["specification"]["kind"] = json!("forest")),
        changed(&|document| document["model"]["more"] = json!(1)),
        text.replacen("\"values\"", "\"values\": [1e999], \"values\"", 1),
    ];
    for case in cases {
        fs::write(&path, &case).unwrap();
        let error = ProfitPredictor::load(&path).unwrap_err();
        assert!(matches!(error, FeaturesError::Model(ModelError::NotAModelFile { .. })), "{case}: {error}");
    }
    fs::write(&path, changed(&|document| document["version"] = json!(2))).unwrap();
    let error = ProfitPredictor::load(&path).unwrap_err();
    assert!(matches!(error, FeaturesError::Model(ModelError::NewerVersion { version: 2, newest: 1, .. })));
    let error = ProfitPredictor::load(folder.path().join("none.json")).unwrap_err();
    assert!(matches!(error, FeaturesError::Io { .. }) && error.to_string().contains("none.json"));
    assert!(predictor.save(folder.path().join("none/model.json")).is_err());
}

/// The file as this release writes it. A later release has to read it.
#[test]
fn a_file_of_version_1_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    let version_1 = json!({
        "format": "features-pipeline model",
        "version": 1,
        "target_column": "bought",
        "model": {
            "specification": {"kind": "logistic", "penalty": 0.5, "fit_intercept": true, "max_iterations": 100},
            "classes": [false, true],
            "intercepts": [-1.0],
            "coefficients": [{"feature": "price", "values": [0.5]}],
            "warnings": [{"warning": "constant_columns", "columns": ["price"]}],
        },
        "metrics": {"test": {"task": "classification", "accuracy": 0.75, "f1_macro": 0.7, "f1": 0.8, "auc": null, "log_loss": 0.5}},
    });
    fs::write(&path, version_1.to_string()).unwrap();
    let predictor = ProfitPredictor::load(&path).unwrap();
    let table = polars::prelude::df!("price" => [2.0, 4.0]).unwrap();
    let predicted = predictor.predict_frame(&table).unwrap();
    let chances = predicted.column("probability_true").unwrap().f64().unwrap().to_vec();
    assert_eq!(chances, [Some(0.5), Some(1.0 / (1.0 + (-1.0_f64).exp()))]);
    assert_eq!(predictor.metrics()["test"].values()["accuracy"], 0.75);
    predictor.save(&path).unwrap();
    let written: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(written, version_1);
}
