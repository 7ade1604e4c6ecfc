use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;

use features_pipeline::FeaturesError;
use features_pipeline::tracking::{ExperimentRun, RunStatus, experiment_names, list_runs, read_run};
use serde_json::{Value, json};

const NAME: &str = "feature-pipeline";

fn stored() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/experiments")
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_run_holds_what_was_logged() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = (folder.path().join("sales.csv"), folder.path().join("model.bin"));
    fs::write(&data, "test").unwrap();
    fs::write(&model, [0, 1, 2]).unwrap();
    let mut run = ExperimentRun::start_in(folder.path().join("experiments"), NAME).unwrap();
    run.log_param("num_features", json!(10)).unwrap();
    run.log_param("columns", json!(["Stückpreis", "π"])).unwrap();
    for (epoch, loss) in [0.75, 0.5, 0.1 + 0.2].into_iter().enumerate() {
        run.log_metric("loss", loss, Some(epoch as u64)).unwrap();
    }
    run.log_metric("r2", 0.7845, None).unwrap();
    run.log_tag("dataset", "sales_records").unwrap();
    run.log_tag("dataset", "other").unwrap();
    run.log_artifact(&model).unwrap();
    run.log_artifact_text("config.yaml", "a: 1\n").unwrap();
    run.log_data(&data).unwrap();
    let place = run.folder().to_owned();
    assert_eq!(read_run(&place).unwrap().metadata.status, RunStatus::Running);
    run.end(RunStatus::Completed).unwrap();

    let record = read_run(&place).unwrap();
    assert_eq!(record.metadata.status, RunStatus::Completed);
    assert!(record.metadata.ended_at.unwrap() >= record.metadata.started_at);
    assert_eq!(record.params["columns"], json!(["Stückpreis", "π"]));
    let losses: Vec<_> = record.metrics["loss"].iter().map(|point| (point.step, point.value)).collect();
    assert_eq!(losses, [(Some(0), 0.75), (Some(1), 0.5), (Some(2), 0.1 + 0.2)]);
    assert_eq!(record.metric("r2"), Some(0.7845));
    assert_eq!(record.tags["dataset"], "other");
    assert_eq!(
        record.artifacts.iter().map(|file| (&*file.name, file.bytes)).collect::<Vec<_>>(),
        [("config.yaml", 5), ("model.bin", 3)]
    );
    let read = &record.metadata.data[0];
    assert_eq!((read.path.as_path(), read.bytes), (data.as_path(), 4));
    assert_eq!(read.sha256, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    let mut files: Vec<_> =
        fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, ["artifacts", "metadata.json", "metrics.json", "params.json", "tags.json"]);
    assert_eq!(json_of(&place.join("params.json"))["num_features"], 10);
}

#[test]
fn stored_runs_are_read_as_python_reads_them() {
    assert_eq!(experiment_names(stored()).unwrap(), [NAME]);
    let listing = list_runs(stored(), None).unwrap();
    assert!(listing.broken.is_empty(), "{:?}", listing.broken);
    let [done, killed] = &listing.runs[..] else { panic!("{:?}", listing.runs) };
    assert_eq!(done.metadata.status, RunStatus::Completed);
    assert_eq!(done.metric("rmse"), Some(145_234.56));
    assert_eq!(done.params["columns"], json!(["Units Sold", "Stückpreis"]));
    assert_eq!(done.artifacts.len(), 1);
    assert_eq!(killed.metadata.status, RunStatus::Failed);
}

#[test]
fn a_run_that_is_dropped_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = ExperimentRun::start_in(folder.path(), NAME).unwrap();
    run.log_metric("r2", 0.5, None).unwrap();
    let place = run.folder().to_owned();
    drop(run);
    assert_eq!(json_of(&place.join("metadata.json"))["status"], "failed");
    assert_eq!(read_run(&place).unwrap().metric("r2"), Some(0.5));
}

#[test]
fn a_run_cannot_end_as_running() {
    let folder = tempfile::tempdir().unwrap();
    let run = ExperimentRun::start_in(folder.path(), NAME).unwrap();
    let place = run.folder().to_owned();
    assert!(matches!(run.end(RunStatus::Running), Err(FeaturesError::Experiment { .. })));
    assert_eq!(read_run(place).unwrap().metadata.status, RunStatus::Failed);
}

#[test]
fn runs_of_the_same_second_do_not_collide() {
    let folder = tempfile::tempdir().unwrap();
    let start = |_| {
        let path = folder.path().to_owned();
        thread::spawn(move || {
            let mut run = ExperimentRun::start_in(path, NAME).unwrap();
            run.log_param("thread", json!(format!("{:?}", thread::current().id()))).unwrap();
            run.end(RunStatus::Completed).unwrap();
        })
    };
    let threads: Vec<_> = (0..24).map(start).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let runs = list_runs(folder.path(), Some(NAME)).unwrap().runs;
    let distinct = |mut names: Vec<String>| {
        names.sort();
        names.dedup();
        names.len()
    };
    assert_eq!(distinct(runs.iter().map(|run| run.params["thread"].to_string()).collect()), 24);
    assert_eq!(distinct(runs.iter().map(|run| run.metadata.identity.clone()).collect()), 24);
    let seconds = distinct(runs.iter().map(|run| run.metadata.run_id[..15].to_owned()).collect());
    assert!(seconds < 24, "no two runs shared a second");
}

#[test]
fn names_that_are_no_plain_folders_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(201);
    for name in ["", ".", "..", "a/b", "a\\b", "../x", "/tmp", ".hidden", "a\nb", "a:b", "x ", "x.", &long] {
        let error = ExperimentRun::start_in(folder.path(), name).unwrap_err();
        assert_eq!(error.code(), "experiment.invalid", "{name:?}");
        assert!(error.hint().is_some());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    ExperimentRun::start_in(folder.path(), "Größe v1.2 (neu)").unwrap().end(RunStatus::Completed).unwrap();
    assert_eq!(list_runs(folder.path(), None).unwrap().runs.len(), 1);
}

#[test]
fn values_that_say_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = ExperimentRun::start_in(folder.path(), NAME).unwrap();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = run.log_metric("r2", value, None).unwrap_err();
        assert!(error.to_string().contains("finite"), "{error}");
    }
    run.log_param("a", json!(1)).unwrap();
    run.log_param("a", json!(1)).unwrap();
    assert!(run.log_param("a", json!(2)).unwrap_err().to_string().contains("is 1 and cannot become 2"));
    assert!(run.log_param(" ", json!(2)).is_err());
    assert!(run.log_tag("a\0", "").is_err());
    assert!(run.log_artifact(folder.path()).is_err());
    assert!(run.log_artifact(Path::new("no/such/file")).is_err());
    assert!(run.log_artifact_text("../x", "").is_err());
    let record = read_run(run.folder()).unwrap();
    assert_eq!((record.params.len(), record.metrics.len(), record.artifacts.len()), (1, 0, 0));
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = ExperimentRun::start_in(folder.path(), NAME).unwrap();
    run.log_metric("r2", 0.5, None).unwrap();
    // Where the file would be, there is a folder.
    let in_the_way = run.folder().join("metrics.json");
    fs::remove_file(&in_the_way).unwrap();
    fs::create_dir(&in_the_way).unwrap();
    assert!(matches!(run.log_metric("r2", 0.75, None), Err(FeaturesError::Io { .. })));
    let left: Vec<_> = fs::read_dir(run.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("part")), "{left:?}");
    fs::remove_dir(&in_the_way).unwrap();
    run.log_metric("r2", 0.25, None).unwrap();
    let values: Vec<f64> = read_run(run.folder()).unwrap().metrics["r2"].iter().map(|point| point.value).collect();
    assert_eq!(values, [0.5, 0.25]);
}

#[test]
fn many_values_are_logged_without_writing_them_all_again() {
    const STEPS: u64 = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let mut run = ExperimentRun::start_in(folder.path(), NAME).unwrap();
    let (stored, journal) = (run.folder().join("metrics.json"), run.folder().join("metrics.jsonl"));
    let mut versions = 0;
    let mut version = fs::read(&stored).unwrap();
    for step in 0..STEPS {
        run.log_metric(if step % 3 == 0 { "loss" } else { "other loss" }, step as f64, Some(step)).unwrap();
        if step < 200 || step % 97 == 0 {
            let now = fs::read(&stored).unwrap();
            versions += u32::from(now != version);
            version = now;
        }
        if step % 1999 == 0 {
            let record = read_run(run.folder()).unwrap();
            assert_eq!(record.metrics.values().map(Vec::len).sum::<usize>() as u64, step + 1);
        }
    }
    assert!((100..200).contains(&versions), "{versions}");
    // As a process leaves it that is killed while it writes a line: readable, also by those who know one file alone.
    let whole = read_run(run.folder()).unwrap().metrics;
    let alone: std::collections::BTreeMap<String, Vec<Value>> =
        serde_json::from_slice(&fs::read(&stored).unwrap()).unwrap();
    assert!(alone.values().map(Vec::len).sum::<usize>() as u64 > STEPS * 9 / 10);
    let half = [fs::read(&journal).unwrap(), b"{\"number\": 10000, \"na".to_vec()].concat();
    let copy = folder.path().join(NAME).join("20251114_172412");
    fs::create_dir(&copy).unwrap();
    fs::copy(&stored, copy.join("metrics.json")).unwrap();
    fs::write(copy.join("metrics.jsonl"), half).unwrap();
    assert_eq!(read_run(&copy).unwrap().metrics, whole);

    let place = run.folder().to_owned();
    run.end(RunStatus::Completed).unwrap();
    assert!(!journal.exists());
    assert_eq!(read_run(&place).unwrap().metrics, whole);
    let losses: Vec<_> = whole["loss"].iter().map(|point| point.step.unwrap()).collect();
    assert_eq!(losses, (0..STEPS).step_by(3).collect::<Vec<_>>());
}

#[test]
fn artifacts_of_the_same_name_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = ExperimentRun::start_in(folder.path().join("experiments"), NAME).unwrap();
    let file = |place: &str, text: &str| {
        let path = folder.path().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    for (place, text) in [("features/config.yaml", "1"), ("model/config.yaml", "2"), ("a/notes", "3"), ("b/notes", "4")]
    {
        run.log_artifact(&file(place, text)).unwrap();
    }
    // The same file again is one more version of it.
    run.log_artifact(&file("model/config.yaml", "22")).unwrap();
    run.log_artifact_text("config.yaml", "text").unwrap();
    run.log_artifact_text("config.yaml", "other text").unwrap();
    let artifacts = run.folder().join("artifacts");
    let content = |name: &str| fs::read_to_string(artifacts.join(name)).unwrap();
    assert_eq!(content("config.yaml"), "1");
    assert_eq!(content("config_2.yaml"), "22");
    assert_eq!(content("config_3.yaml"), "other text");
    assert_eq!((content("notes"), content("notes_2")), ("3".to_owned(), "4".to_owned()));
    assert_eq!(fs::read_dir(&artifacts).unwrap().count(), 5);
}

#[test]
fn runs_that_write_the_same_file_at_once_leave_one_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    let write = |seed| {
        let path = path.clone();
        let records = features_pipeline::sales::SalesRecords { rows: 2000, seed };
        thread::spawn(move || (0..10).for_each(|_| records.write(&path, |_| ()).unwrap()))
    };
    let threads: Vec<_> = (0..4).map(write).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let table = features_pipeline::tables::read(&path, &features_pipeline::tables::ReadOptions::default()).unwrap();
    assert_eq!(table.shape(), (2000, 14));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_full_disk_has_an_error_of_its_own() {
    for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
        let error = FeaturesError::io("metrics.json", kind.into());
        assert!(matches!(error, FeaturesError::DiskFull { .. }));
        assert_eq!(error.code(), "disk.full");
    }
}

#[test]
fn a_broken_run_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut places = Vec::new();
    for _ in 0..7 {
        let run = ExperimentRun::start_in(folder.path(), NAME).unwrap();
        places.push(run.folder().to_owned());
        run.end(RunStatus::Completed).unwrap();
    }
    fs::write(places[0].join("metrics.json"), "").unwrap();
    fs::write(places[1].join("params.json"), "[]").unwrap();
    fs::write(places[2].join("metadata.json"), "{\"version\": 1}").unwrap();
    let later =
        fs::read_to_string(places[3].join("metadata.json")).unwrap().replace("\"version\": 1", "\"version\": 2");
    fs::write(places[3].join("metadata.json"), later).unwrap();
    fs::write(places[4].join("tags.json"), [0xff, 0xfe]).unwrap();
    fs::remove_file(places[5].join("tags.json")).unwrap();
    fs::create_dir(folder.path().join(NAME).join("notes")).unwrap();
    fs::write(folder.path().join("readme.txt"), "").unwrap();
    let listing = list_runs(folder.path(), None).unwrap();
    assert_eq!(listing.runs.len(), 2);
    assert_eq!(listing.broken.len(), 5);
    for (error, place) in listing.broken.iter().zip(&places) {
        assert!(error.to_string().contains(place.to_str().unwrap()), "{error}");
    }
}

#[test]
fn the_commit_is_that_of_the_working_copy() {
    // The run's process is this test's, which cargo starts in the folder of the crate.
    let git = std::process::Command::new("git").args(["rev-parse", "HEAD"]).output();
    let Some(output) = git.ok().filter(|output| output.status.success()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = ExperimentRun::start_in(folder.path(), NAME).unwrap();
    let commit = read_run(run.folder()).unwrap().metadata.git_commit;
    assert_eq!(commit.as_deref(), Some(String::from_utf8(output.stdout).unwrap().trim()));
}
