//! From a CSV file to features, automated machine learning and predictions, with one command.

use std::fs;
use std::path::{Path, PathBuf};

use features_pipeline::models::ProfitPredictor;
use features_pipeline::tables;
use features_pipeline::tracking::list_runs;
use polars::prelude::*;

use crate::support::{document, features_pipeline, names, path, read};

const FEATURES: &str = "
steps:
  - { type: arithmetic, name: family, left: sibsp, operation: add, right: parch }
  - { type: group_aggregate, name: age_of_family, column: age, by: [pclass, family], aggregate: mean }
  - { type: binning, name: age_group, column: age, edges: [15, 40], labels: [child, young, old] }
  - type: conditional
    name: is_alone
    cases: [{ when: { column: family, equals: 0 }, then: true }]
    otherwise: false
";

const MODEL: &str = "
target_column: survived
feature_columns: [pclass, sex, age, family, age_of_family, age_group, is_alone]
model:
  kind: lex
  preset: fast
  top_k_algorithms: 2
  cv_folds: 3
";

/// A folder with the passengers, but for twenty, who are new, and the three files.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let passengers = read(path("titanic.csv"));
    tables::write(&passengers.slice(20, passengers.height()), folder.path().join("passengers.csv")).unwrap();
    // Nobody knows whether they will survive, and one belongs to a family larger than any.
    let mut new = passengers.head(Some(20)).drop("survived").unwrap();
    let kin = (0..20).map(|row| if row == 0 { 30 } else { 0 }).collect::<Vec<i64>>();
    new.with_column(Column::new("sibsp".into(), kin)).unwrap();
    tables::write(&new, folder.path().join("new.csv")).unwrap();
    write("features.yaml", FEATURES);
    write("model.yaml", MODEL);
    write(
        "entrypoint.yaml",
        "input: passengers.csv\nfeatures: features.yaml\nmodel: model.yaml\noutput: out\nexperiment: titanic\n",
    );
    folder
}

#[test]
fn new_rows_are_predicted() {
    let folder = workspace();
    let arguments = ["pipeline", "--config", "entrypoint.yaml", "--predict", "new.csv", "--json"];
    let output = features_pipeline(folder.path(), arguments);
    let result = document(&output);
    assert!(output.status.success(), "{result:#}");
    let file = |name: &str| folder.path().join(result[name].as_str().unwrap());

    assert_eq!(result["kind"], "lex");
    assert_eq!(result["rows"]["test"], 258);
    assert!(result["metrics"]["test"]["accuracy"].as_f64().unwrap() > 0.74, "{result:#}");
    let tried: Vec<_> = result["candidates"].as_array().unwrap().iter().map(|model| &model["name"]).collect();
    assert_eq!((tried.len(), tried[0].as_str()), (3, Some("ensemble")));
    let shares = result["importances"].as_array().unwrap().iter().map(|column| column["share"].as_f64().unwrap());
    assert!((shares.sum::<f64>() - 1.0).abs() < 1e-9);

    let predictions = read(file("predictions"));
    assert_eq!(names(&predictions), ["prediction", "probability_died", "probability_survived"]);
    assert_eq!((predictions.height(), predictions.column("probability_died").unwrap().null_count()), (20, 0));

    // The command for later says the same, with the files that this one left, from wherever they are.
    let moved = folder.path().join("moved");
    fs::create_dir(&moved).unwrap();
    for name in ["model.json", "model.lex", "features.json"] {
        fs::rename(file("model").with_file_name(name), moved.join(name)).unwrap();
    }
    let later = ["predict", "--model", "moved/model.json", "--features", "moved/features.json", "--data", "new.csv"];
    let output = features_pipeline(folder.path(), later.iter().chain(&["--output", "later.csv"]));
    assert!(output.status.success(), "{output:?}");
    assert!(read(folder.path().join("later.csv")).equals(&predictions));

    // The run holds the model as well.
    let runs = list_runs(folder.path().join("experiments"), None).unwrap().runs;
    assert_eq!(runs[0].params["model.kind"], "lex");
    assert_eq!(runs[0].params["model.best"], "ensemble");
    let artifacts: Vec<_> = runs[0].artifacts.iter().map(|file| file.name.as_str()).collect();
    assert!(["model.json", "model.lex", "features.json"].iter().all(|name| artifacts.contains(name)), "{artifacts:?}");
    let kept = find(&folder.path().join("experiments"), "model.json");
    assert_eq!(ProfitPredictor::load(kept).unwrap().target_column(), "survived");
}

#[test]
fn the_rows_held_out_are_predicted_where_no_others_are_named() {
    let folder = workspace();
    let quick = MODEL.replace("top_k_algorithms: 2", "algorithm: logistic_regression\n  n_jobs: 1");
    fs::write(folder.path().join("model.yaml"), quick).unwrap();
    let arguments = ["pipeline", "--config", "entrypoint.yaml", "--output", "run", "--predictions", "held out.parquet"];
    let output = features_pipeline(folder.path(), arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    for part in
        ["logistic_regression", "Importance", "=== Model Metrics ===", "predictions: held out.parquet (258 rows)"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let predicted = read(folder.path().join("held out.parquet"));
    let columns = ["row", "actual", "prediction", "probability_died", "probability_survived"];
    assert_eq!(names(&predicted), columns);
    let passengers = read(folder.path().join("passengers.csv"));
    let actual = passengers.column("survived").unwrap().str().unwrap();
    let rows = predicted.column("row").unwrap().u32().unwrap();
    let told = predicted.column("actual").unwrap().str().unwrap();
    assert!(rows.iter().zip(told.iter()).all(|(row, told)| actual.get(row.unwrap() as usize) == told));
    let right = predicted.column("prediction").unwrap().str().unwrap().iter().zip(told.iter());
    let share = right.filter(|(one, other)| one == other).count() as f64 / 258.0;
    assert!(text.contains(&format!("Accuracy: {share:.4}")), "{share}: {text}");
}

#[test]
fn new_rows_without_the_columns_are_refused_before_the_training() {
    let folder = workspace();
    let new = read(folder.path().join("new.csv")).drop("sex").unwrap();
    tables::write(&new, folder.path().join("new.csv")).unwrap();
    let hours = MODEL.replace("preset: fast", "time_limit: 7200");
    fs::write(folder.path().join("model.yaml"), hours).unwrap();
    for (option, value, code) in
        [("--predict", "new.csv", "model.column_not_found"), ("--predictions", "new.xlsx", "table.invalid")]
    {
        let arguments = ["pipeline", "--config", "entrypoint.yaml", "--no-tracking", "--json", option, value];
        let output = features_pipeline(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(document(&output)["error"]["code"], code);
    }
}

/// The one file of this name below a folder.
fn find(folder: &Path, name: &str) -> PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|found| found == name) {
                return path;
            }
        }
    }
    panic!("there is no {name} below {}", folder.display());
}
