//! Processes that are killed while they write.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use features_pipeline::tracking::{ExperimentRun, RunRecord, RunStatus, list_runs};
use serde_json::json;

const FOLDER: &str = "FEATURES_PIPELINE_TEST_EXPERIMENTS";
const KILLS: u64 = 50;
/// Values of a second metric for each of the first: so many that they go to a journal.
const FINE: u64 = 25;

/// Not a test of its own: what the processes do that the other test kills.
#[test]
#[ignore = "writes until it is killed"]
fn write_until_killed() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    loop {
        let mut run = ExperimentRun::start_in(&folder, "killed").unwrap();
        for step in 0..20_usize {
            run.log_param(&format!("param {step}"), json!(step)).unwrap();
            run.log_metric("loss", 1.0 / (step + 1) as f64, Some(step as u64)).unwrap();
            for fine in 0..FINE {
                run.log_metric("fine", fine as f64, Some(step as u64 * FINE + fine)).unwrap();
            }
            run.log_tag("step", &step.to_string()).unwrap();
            run.log_artifact_text("notes.txt", &"x".repeat(10_000 * (1 + step))).unwrap();
        }
        run.end(RunStatus::Completed).unwrap();
    }
}

#[test]
fn a_kill_leaves_every_run_readable() {
    let folder = tempfile::tempdir().unwrap();
    let mut before: Vec<RunRecord> = Vec::new();
    for kill in 0..KILLS {
        write_and_kill(folder.path(), Duration::from_millis(7 * kill % 60));
        let listing = list_runs(folder.path(), None).unwrap();
        assert!(listing.broken.is_empty(), "{:?}", listing.broken);
        for run in &before {
            assert!(listing.runs.contains(run), "changed: {run:?}");
        }
        for run in &listing.runs {
            check(run);
        }
        before = listing.runs;
    }
    let failed = before.iter().filter(|run| run.metadata.status == RunStatus::Failed).count();
    assert!(failed > 0, "no kill came while a run was written");
}

/// Kills a process some time after it has begun its first run.
fn write_and_kill(folder: &Path, after: Duration) {
    let runs = || fs::read_dir(folder.join("killed")).map_or(0, Iterator::count);
    let (before, started) = (runs(), Instant::now());
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "kill::write_until_killed", "--ignored"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while runs() == before {
        assert!(started.elapsed() < Duration::from_secs(30), "the process did not begin a run");
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What was logged is there without gaps, up to where the kill came.
fn check(run: &RunRecord) {
    let steps: Vec<_> = run.metrics.get("loss").into_iter().flatten().map(|point| point.step.unwrap()).collect();
    assert_eq!(steps, (0..steps.len() as u64).collect::<Vec<_>>());
    let fine: Vec<_> = run.metrics.get("fine").into_iter().flatten().map(|point| point.step.unwrap()).collect();
    assert_eq!(fine, (0..fine.len() as u64).collect::<Vec<_>>());
    let complete = steps.len() as u64 * FINE;
    assert!((complete.saturating_sub(FINE)..=complete).contains(&(fine.len() as u64)), "{} {complete}", fine.len());
    assert!(matches!(run.params.len() - steps.len(), 0 | 1));
    assert!(run.artifacts.iter().all(|file| file.bytes % 10_000 == 0 && file.bytes > 0));
    match run.metadata.status {
        RunStatus::Completed => assert_eq!((steps.len(), fine.len() as u64), (20, 20 * FINE)),
        RunStatus::Failed => assert_eq!(run.metadata.ended_at, None),
        RunStatus::Running => panic!("{} is said to run", run.metadata.run_id),
    }
}
