//! The specification's commands, on generated sales records.

use std::fs;
use std::path::{Path, PathBuf};

use features_pipeline::tables::{ReadOptions, read};
use features_pipeline::tracking::{RunStatus, list_runs};
use serde_json::Value;

use crate::command::{compare_experiments, document, errors, features_pipeline, printed};

/// A folder with the configuration that the crate ships, and sales records.
fn workspace() -> tempfile::TempDir {
    workspace_of(10_000)
}

fn workspace_of(rows: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for file in ["entrypoint.yaml", "model.yaml", "features/features.yaml"] {
        let target = folder.path().join("config").join(file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(shipped.join(file), target).unwrap();
    }
    printed(&features_pipeline(folder.path(), ["sample", "--rows", &rows.to_string()]));
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
    assert_eq!(names, ["model.json", "model.yaml", "split.json"]);
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

#[test]
fn files_may_be_named_without_a_folder() {
    let folder = workspace_of(1000);
    printed(&features_pipeline(folder.path(), ["features", "--output", "."]));
    let train = ["train", "--data", "output.csv", "--no-tracking"];
    printed(&features_pipeline(folder.path(), train));
    printed(&features_pipeline(folder.path(), train.iter().chain(&["--output", "other.json"])));
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("model.json"), read("other.json"));
    printed(&features_pipeline(folder.path(), ["sample", "--rows", "9", "--output", "new.csv"]));
    let predict = ["predict", "--model", "model.json", "--features", "features.json", "--data", "new.csv"];
    printed(&features_pipeline(folder.path(), predict.iter().chain(&["--output", "predicted.csv"])));
    assert_eq!(table(&folder.path().join("predicted.csv")).height(), 9);
}

#[test]
fn paths_are_told_plainly() {
    let folder = workspace_of(1000);
    let result = document(&features_pipeline(folder.path(), ["pipeline", "--json"]));
    for name in ["output", "model", "fitted"] {
        assert!(result[name].as_str().unwrap().starts_with("data/output/2"), "{result}");
    }
    let runs = list_runs(folder.path().join("experiments"), None).unwrap().runs;
    assert_eq!(runs[0].metadata.data[0].path, Path::new("data/input/10000 Sales Records.csv"));
}

#[cfg(unix)]
#[test]
fn behind_a_link_the_way_back_is_kept() {
    let folder = workspace_of(1000);
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("config/features"), folder.path().join("elsewhere/link")).unwrap();
    fs::write(
        folder.path().join("config/features/entrypoint.yaml"),
        "input: ../../data/input/10000 Sales Records.csv\nfeatures: features.yaml\noutput: ../../out\n",
    )
    .unwrap();
    printed(&features_pipeline(folder.path(), ["features", "--config", "elsewhere/link/entrypoint.yaml"]));
    assert!(folder.path().join("out").is_dir());
}

#[cfg(target_os = "linux")]
#[test]
fn paths_may_be_no_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = workspace_of(1000);
    let name = |bytes: &'static [u8]| OsStr::from_bytes(bytes);
    let table_size = |path: &Path| fs::read_to_string(path).unwrap().lines().count();
    let pipeline = ["pipeline", "--json", "--output"].map(OsStr::new);
    let output = features_pipeline(folder.path(), pipeline.iter().chain(&[name(b"\xff")]));
    assert_eq!(document(&output)["output"], "\u{fffd}/output.csv");
    assert_eq!(table_size(&folder.path().join(name(b"\xff")).join("output.csv")), 1001);

    printed(&features_pipeline(folder.path(), ["features", "--output", "."]));
    let train = ["train", "--data", "output.csv", "--json", "--output"].map(OsStr::new);
    let output = features_pipeline(folder.path(), train.iter().chain(&[name(b"\xff.json")]));
    assert_eq!(document(&output)["model"], "\u{fffd}.json");
    assert!(folder.path().join(name(b"\xff.json")).is_file());
}

#[test]
fn the_log_is_that_of_the_specification() {
    let folder = workspace();
    let logged = |levels: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_features-pipeline"))
            .args(["pipeline", "--output", "out"])
            .current_dir(folder.path())
            .env("RUST_LOG", levels)
            .output()
            .unwrap();
        errors(&output)
    };
    let (usual, detailed) = (logged("info"), logged("features_pipeline=debug"));
    for part in [
        "Starting features-pipeline",
        "run_feature_engineering{rows=10000 cols=14}: ",
        ": Applying 4 feature transformations",
        ": Feature engineering complete: 14 → 18 columns",
        "train_model: ",
        ": Training model with 8 features",
        ": Model trained: RMSE=",
        ", R²=",
    ] {
        assert!(usual.contains(part) && detailed.contains(part), "{part}: {usual}");
    }
    let feature = "feature{idx=0 name=\"feature_avg_units_by_country\" ";
    let lines: Vec<_> = detailed.lines().filter(|line| line.ends_with("Processing feature")).collect();
    assert!(lines.iter().any(|line| line.contains(feature) && line.contains("rows=10000 cols=14")), "{detailed}");
    assert!(!usual.contains("Processing feature"));
}

#[test]
fn the_same_split_can_be_seen() {
    let folder = workspace_of(1000);
    let model = folder.path().join("config/model.yaml");
    let usual = fs::read_to_string(&model).unwrap();
    for addition in ["", "", "seed: 7\n"] {
        fs::write(&model, format!("{usual}{addition}")).unwrap();
        printed(&features_pipeline(folder.path(), ["pipeline"]));
    }
    let runs = list_runs(folder.path().join("experiments"), None).unwrap().runs;
    let split = |run: usize| fs::read_to_string(runs[run].folder.join("artifacts/split.json")).unwrap();
    assert_eq!(split(0), split(1));
    let (first, other): (Value, Value) =
        (serde_json::from_str(&split(0)).unwrap(), serde_json::from_str(&split(2)).unwrap());
    assert_eq!((&first["seed"], &first["rows"], &other["seed"]), (&42.into(), &1000.into(), &7.into()));
    assert_eq!(first["test_rows"].as_array().unwrap().len(), 200);
    assert_ne!(first["test_rows"], other["test_rows"]);
}

#[test]
fn what_is_wrong_in_the_files_has_a_place() {
    let folder = workspace_of(1000);
    let entrypoint = folder.path().join("config/entrypoint.yaml");
    let usual = fs::read_to_string(&entrypoint).unwrap();
    let lines = usual.lines().count();
    let fails = |text: &str| {
        fs::write(&entrypoint, text).unwrap();
        errors(&features_pipeline(folder.path(), ["pipeline"]))
    };
    let error = fails(&format!("{usual}delimiter: ¦\n"));
    assert!(error.contains(&format!("entrypoint.yaml:{}:12: delimiter", lines + 1)), "{error}");
    let without: Vec<&str> = usual.lines().filter(|line| !line.starts_with("model")).collect();
    let error = fails(&without.join("\n"));
    assert!(error.contains("entrypoint.yaml:2:1: there is no `model`"), "{error}");
}

#[test]
fn a_date_that_is_none_is_no_matter_of_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("table.csv", "from,to\n2024-01-01,2024-02-01\n2024-01-02,soon\n");
    write("features.yaml", "steps:\n  - type: date_difference\n    name: days\n    from: from\n    to: to\n");
    write("entrypoint.yaml", "input: table.csv\nfeatures: features.yaml\noutput: out\n");
    let output = features_pipeline(folder.path(), ["features", "--config", "entrypoint.yaml"]);
    let error = errors(&output);
    assert!(error.contains("error: features.yaml:2:5: the feature 'days' cannot be computed: "), "{error}");
    assert!(error.contains("soon") && !error.contains("strict=False") && !error.contains("free space"), "{error}");
}

/// On a file system of 64 KB, where the system lets one be made.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let folder = workspace_of(1000);
    fs::create_dir(folder.path().join("full")).unwrap();
    let mounted = "mount -t tmpfs -o size=64k tmpfs full && exec \"$@\"";
    let on_full_disk = |command: &[&str]| {
        std::process::Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", mounted, "sh"])
            .args(command)
            .current_dir(folder.path())
            .output()
    };
    let can_mount = on_full_disk(&["true"]).is_ok_and(|output| output.status.success());
    if !can_mount {
        return;
    }
    let program = env!("CARGO_BIN_EXE_features-pipeline");
    for arguments in [
        &["features", "--output", "full"][..],
        &["pipeline", "--output", "full", "--no-tracking"],
        &["sample", "--rows", "5000", "--output", "full/sales.csv"],
        &["sample", "--rows", "5000", "--output", "full/sales.parquet"],
    ] {
        let command = [&[program, "--json"], arguments].concat();
        let output = on_full_disk(&command).unwrap();
        assert_eq!(document(&output)["error"]["code"], "disk.full", "{arguments:?}: {}", document(&output));
    }
    for format in ["parquet", "ipc"] {
        let entrypoint = folder.path().join("config/entrypoint.yaml");
        let usual = fs::read_to_string(&entrypoint).unwrap();
        let without: Vec<&str> = usual.lines().filter(|line| !line.starts_with("format")).collect();
        fs::write(&entrypoint, format!("{}\nformat: {format}\n", without.join("\n"))).unwrap();
        let output = on_full_disk(&[program, "features", "--output", "full", "--json"]).unwrap();
        assert_eq!(document(&output)["error"]["code"], "disk.full", "{format}: {}", document(&output));
    }
}
