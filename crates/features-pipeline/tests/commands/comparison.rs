//! Runs beside each other.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::command::{compare_experiments, document, errors, features_pipeline, printed};

/// Its ID, its status, its RMSE and R², and the number of its features.
type StoredRun = (&'static str, &'static str, Option<(f64, f64)>, u64);

/// The three runs of the specification, and one that failed.
const RUNS: [StoredRun; 4] = [
    ("20251114_172412", "completed", Some((145_234.56, 0.7845)), 9),
    ("20251114_180530", "completed", Some((142_103.22, 0.8012)), 12),
    ("20251114_181000", "failed", None, 12),
    ("20251114_182145", "completed", Some((139_876.45, 0.8156)), 15),
];

const TABLE: &str = "\
Run ID               RMSE         R²           Features
============================================================
20251114_172412      145234.56    0.7845       9
20251114_180530      142103.22    0.8012       12
20251114_182145      139876.45    0.8156       15
";
const BEST: &str = "\n✨ Best R² score: 20251114_182145 (R² = 0.8156)\n";

fn write_runs(experiments: &Path, name: &str) {
    for (run_id, status, metrics, features) in RUNS {
        let folder = experiments.join(name).join(run_id);
        let time = format!("2025-11-14T{}:{}:{}Z", &run_id[9..11], &run_id[11..13], &run_id[13..15]);
        let point = |value: f64| json!([{"value": value, "step": null, "logged_at": time}]);
        let write = |file: &str, value: &serde_json::Value| fs::write(folder.join(file), value.to_string()).unwrap();
        fs::create_dir_all(&folder).unwrap();
        let metadata = json!({"version": 1, "experiment": name, "run_id": run_id, "identity": run_id, "status": status,
            "started_at": time, "ended_at": time, "process_id": 1, "git_commit": null, "data": []});
        write("metadata.json", &metadata);
        write("params.json", &json!({"num_features": features}));
        let metrics = metrics.map(|(rmse, r2)| json!({"rmse": point(rmse), "r2": point(r2), "seconds": point(1.0)}));
        write("metrics.json", &metrics.unwrap_or(json!({})));
    }
}

#[test]
fn the_table_is_that_of_the_specification() {
    let folder = tempfile::tempdir().unwrap();
    write_runs(&folder.path().join("experiments"), "feature-pipeline");
    let expected = format!("{TABLE}(1 failed or still running; --all shows them)\n{BEST}");
    assert_eq!(printed(&compare_experiments(folder.path(), [""; 0])), expected);
    assert_eq!(printed(&features_pipeline(folder.path(), ["compare", "feature-pipeline"])), expected);

    fs::remove_dir_all(folder.path().join("experiments/feature-pipeline/20251114_181000")).unwrap();
    assert_eq!(printed(&compare_experiments(folder.path(), [""; 0])), format!("{TABLE}{BEST}"));
}

#[test]
fn runs_can_be_sorted_and_judged_by_another_metric() {
    let folder = tempfile::tempdir().unwrap();
    write_runs(&folder.path().join("elsewhere"), "a");
    let compare = |arguments: &[&str]| {
        printed(&compare_experiments(folder.path(), arguments.iter().chain(&["--experiments-dir", "elsewhere"])))
    };
    let ids = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("2025")).map(|line| line[..15].to_owned()).collect()
    };
    assert_eq!(ids(&compare(&["--sort", "rmse"])), ["20251114_182145", "20251114_180530", "20251114_172412"]);
    assert_eq!(ids(&compare(&["--sort", "r2"])), ["20251114_182145", "20251114_180530", "20251114_172412"]);
    assert_eq!(ids(&compare(&["--sort", "num_features"])), ["20251114_172412", "20251114_180530", "20251114_182145"]);
    assert_eq!(ids(&compare(&["--all", "--sort", "rmse"]))[3], "20251114_181000");
    assert!(compare(&["--all"]).contains("20251114_181000      -            -            failed       12\n"));
    let text = compare(&["--metric", "rmse"]);
    assert!(text.ends_with("\n✨ Best RMSE: 20251114_182145 (RMSE = 139876.45)\n"), "{text}");
    // Of equal ones the first.
    let text = compare(&["--metric", "seconds"]);
    assert!(text.ends_with("\n✨ Best seconds: 20251114_172412 (seconds = 1.0000)\n"), "{text}");

    let output = compare_experiments(folder.path(), ["--experiments-dir", "elsewhere", "--metric", "r3"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("no run has the metric 'r3'\nhint: the runs have: r2, rmse, seconds"));
}

#[test]
fn machines_get_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let experiments = folder.path().join("experiments");
    write_runs(&experiments, "a");
    write_runs(&experiments, "b");
    fs::write(experiments.join("b/20251114_172412/metrics.json"), "{").unwrap();
    let document = document(&compare_experiments(folder.path(), ["--json", "--all"]));
    assert_eq!(document["experiments"][0]["experiment"], "a");
    assert_eq!(document["experiments"][0]["runs"][0]["metrics"]["rmse"], 145_234.56);
    assert_eq!(document["experiments"][0]["runs"][2]["status"], "failed");
    assert_eq!(
        document["experiments"][0]["best"],
        json!({"run_id": "20251114_182145", "metric": "r2", "value": 0.8156})
    );
    assert_eq!(document["experiments"][1]["runs"].as_array().unwrap().len(), 3);
    assert_eq!(document["broken"].as_array().unwrap().len(), 1);
    let text = printed(&compare_experiments(folder.path(), ["a"]));
    assert!(!text.contains("\na\n"));
    assert!(printed(&compare_experiments(folder.path(), [""; 0])).starts_with("a\nRun ID"));
}

#[test]
fn an_experiment_without_runs_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("experiments/a")).unwrap();
    assert_eq!(printed(&compare_experiments(folder.path(), ["a"])), "There are no runs.\n");
    assert_eq!(compare_experiments(folder.path(), ["b"]).status.code(), Some(1));
}

#[test]
fn an_experiment_without_a_metric_shows_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let experiments = folder.path().join("experiments");
    write_runs(&experiments, "a");
    write_runs(&experiments, "b");
    for (run_id, status, ..) in RUNS {
        let point = json!({"accuracy": [{"value": 0.5, "step": null, "logged_at": "2025-11-14T18:00:00Z"}]});
        let metrics = if status == "completed" { point } else { json!({}) };
        fs::write(experiments.join("b").join(run_id).join("metrics.json"), metrics.to_string()).unwrap();
    }
    let text = printed(&compare_experiments(folder.path(), ["--metric", "rmse", "--sort", "r2"]));
    assert!(text.contains("✨ Best RMSE: 20251114_182145"), "{text}");
    assert!(text.contains("\nb\nRun ID               RMSE"), "{text}");
    assert!(text.contains("20251114_172412      -            -            9\n"), "{text}");
    let output = compare_experiments(folder.path(), ["--metric", "r3"]);
    assert!(errors(&output).contains("no run has the metric 'r3'\nhint: the runs have: accuracy, r2, rmse"));
}

#[test]
fn any_word_of_a_name_tells_that_less_is_better() {
    let folder = tempfile::tempdir().unwrap();
    let experiments = folder.path().join("experiments");
    write_runs(&experiments, "a");
    for (place, (run_id, ..)) in RUNS.iter().enumerate() {
        let point = |value: f64| json!([{"value": value, "step": null, "logged_at": "2025-11-14T18:00:00Z"}]);
        let value = place as f64;
        let metrics = json!({"loss/train": point(value), "rmse_test": point(value), "error_rate": point(value),
            "Val Loss": point(value), "accuracy_test": point(value), "blossom": point(value)});
        fs::write(experiments.join("a").join(run_id).join("metrics.json"), metrics.to_string()).unwrap();
    }
    let best = |metric: &str| {
        let output = compare_experiments(folder.path(), ["--json", "--metric", metric]);
        document(&output)["experiments"][0]["best"]["run_id"].as_str().unwrap().to_owned()
    };
    for metric in ["loss/train", "rmse_test", "error_rate", "Val Loss"] {
        assert_eq!(best(metric), RUNS[0].0, "{metric}");
    }
    for metric in ["accuracy_test", "blossom"] {
        assert_eq!(best(metric), RUNS[3].0, "{metric}");
    }
}
