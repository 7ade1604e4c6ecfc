//! The specification's commands, on generated sales records.

use std::fs;
use std::path::{Path, PathBuf};

use features_pipeline::tables::{ReadOptions, read};
use features_pipeline::tracking::{RunStatus, list_runs};
use serde_json::Value;

use crate::command::{compare_experiments, document, errors, features_pipeline, printed};

/// A folder with the configuration that the crate ships, and sales records.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for file in ["entrypoint.yaml", "model.yaml", "features/features.yaml"] {
        let target = folder.path().join("config").join(file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(shipped.join(file), target).unwrap();
    }
    printed(&features_pipeline(folder.path(), ["sample"]));
    folder
}

/// The one folder that runs have made in another.
fn only_folder(parent: &Path) -> PathBuf {
    let folders: Vec<_> = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [folder] = &folders[..] else { panic!("{folders:?}") };
    folder.clone()
}

fn table(path: &Path) -> polars::prelude::DataFrame {
    read(path, &ReadOptions::default()).unwrap()
}

#[test]
fn features_then_training() {
    let folder = workspace();
    let text = printed(&features_pipeline(folder.path(), ["features", "--config", "config/entrypoint.yaml"]));
    assert!(text.contains("=== Feature Engineering ===\nData before transform: (10000, 14)\n"), "{text}");
    assert!(text.contains("Data after transform: (10000, 18)\n"), "{text}");
    let output = only_folder(&folder.path().join("data/output")).join("output.csv");
    assert_eq!(table(&output).shape(), (10_000, 18));

    let text = printed(&features_pipeline(folder.path(), ["train", "--data", output.to_str().unwrap()]));
    for part in [
        "=== Training Model ===\n",
        "Model trained successfully!\n",
        "  Target: Total Profit\n",
        "=== Model Metrics ===\n  RMSE: ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let runs = list_runs(folder.path().join("experiments"), None).unwrap().runs;
    assert_eq!(runs[0].metadata.status, RunStatus::Completed);
    assert_eq!(runs[0].metadata.experiment, "feature-pipeline");
    assert_eq!(runs[0].params["num_features"], 8);
    assert_eq!(runs[0].metadata.data[0].path, output);
    let names: Vec<_> = runs[0].artifacts.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["model.json", "model.yaml"]);
    assert!(printed(&compare_experiments(folder.path(), [""; 0])).contains("✨ Best R² score: "));
}

#[test]
fn the_pipeline_predicts_new_rows() {
    let folder = workspace();
    let output = features_pipeline(folder.path(), ["pipeline", "--json"]);
    let result = document(&output);
    assert!(output.status.success(), "{result}");
    assert_eq!(result["rows"]["test"], 2000);
    let file = |name: &str| folder.path().join(result[name].as_str().unwrap());
    assert_eq!(table(&file("output")).shape(), (10_000, 18));
    assert!(result["metrics"]["test"]["r2"].as_f64().unwrap() > 0.5, "{result}");

    let new = ["sample", "--rows", "50", "--seed", "7", "--output", "new.parquet"];
    printed(&features_pipeline(folder.path(), new));
    let (model, fitted) = (file("model"), file("fitted"));
    let predict = [
        "predict",
        "--model",
        model.to_str().unwrap(),
        "--features",
        fitted.to_str().unwrap(),
        "--data",
        "new.parquet",
    ];
    let text = printed(&features_pipeline(folder.path(), predict));
    assert_eq!((text.lines().next(), text.lines().count()), (Some("prediction"), 51));
    printed(&features_pipeline(folder.path(), predict.iter().chain(&["--output", "predicted.parquet"])));
    let written = table(&folder.path().join("predicted.parquet"));
    let told = document(&features_pipeline(folder.path(), predict.iter().chain(&["--json"])));
    let numbers: Vec<f64> =
        told["predictions"]["prediction"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    let column = written.column("prediction").unwrap().f64().unwrap();
    assert_eq!(column.into_no_null_iter().collect::<Vec<_>>(), numbers);
}

#[test]
fn new_rows_get_the_columns_that_were_learned() {
    let folder = workspace();
    printed(&features_pipeline(folder.path(), ["features", "--output", "first"]));
    printed(&features_pipeline(folder.path(), ["sample", "--rows", "100"]));
    let again = ["features", "--output", "second", "--fitted", "first/features.json"];
    printed(&features_pipeline(folder.path(), again));
    let (first, second) =
        (table(&folder.path().join("first/output.csv")), table(&folder.path().join("second/output.csv")));
    // The new rows are the first ones of the old.
    assert!(second.equals(&first.head(Some(100))));
}

#[test]
fn a_training_that_fails_is_tracked_as_failed() {
    let folder = workspace();
    let path = folder.path().join("config/model.yaml");
    let text = fs::read_to_string(&path).unwrap().replace("- Units Sold", "- Units Solt");
    fs::write(path, text).unwrap();
    let output = features_pipeline(folder.path(), ["pipeline"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("Units Solt"), "{}", errors(&output));
    let runs = list_runs(folder.path().join("experiments"), None).unwrap().runs;
    assert_eq!(runs[0].metadata.status, RunStatus::Failed);
    assert!(runs[0].metadata.ended_at.is_some());
    printed(&features_pipeline(folder.path(), ["compare"]));
}

#[test]
fn nothing_is_tracked_where_that_is_asked_for() {
    let folder = workspace();
    printed(&features_pipeline(folder.path(), ["pipeline", "--no-tracking"]));
    assert!(!folder.path().join("experiments").exists());
}

#[test]
fn validation_needs_no_data() {
    let folder = workspace();
    fs::remove_dir_all(folder.path().join("data")).unwrap();
    let text = printed(&features_pipeline(folder.path(), ["validate"]));
    assert_eq!(text.lines().count(), 3, "{text}");
    let features = folder.path().join("config/features/features.yaml");
    let wrong = fs::read_to_string(&features).unwrap().replace("aggregate: mean", "aggregate: average");
    fs::write(&features, wrong).unwrap();
    for arguments in [&["validate"][..], &["validate", "config/features/features.yaml"], &["features"]] {
        let output = features_pipeline(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(errors(&output).contains("features.yaml:7:16: "), "{}", errors(&output));
    }
    let output = features_pipeline(folder.path(), ["validate", "--json", "config/features/features.yaml"]);
    assert_eq!(document(&output)["error"]["code"], "configuration.invalid");
}
