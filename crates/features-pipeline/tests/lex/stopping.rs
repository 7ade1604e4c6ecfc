//! Ending a training early.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use features_pipeline::models::{ProfitPredictor, TrainingConfig, Watch};
use serde_json::json;

use crate::support::{SEAT, command, config, document, path, read};

/// Would take an hour.
fn long() -> TrainingConfig {
    let mut config = config("Sales", &SEAT, "ridge");
    config.model = serde_json::from_value(json!({"kind": "lex", "algorithm": "ridge", "time_limit": 3600})).unwrap();
    config
}

#[test]
fn a_cancelled_training_is_an_error() {
    let watch = Watch::default();
    watch.cancel();
    let outcome = ProfitPredictor::train_watched(&read(path("carseats.csv")), &long(), &watch);
    assert_eq!(outcome.unwrap_err().code(), "training.cancelled");
}

/// The first Ctrl-C keeps the best model so far.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_search() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.yaml");
    // YAML is JSON as well.
    std::fs::write(&model, serde_json::to_string(&long()).unwrap()).unwrap();
    let output = folder.path().join("seats.json");
    let mut program = command(folder.path());
    program.args(["train", "--json", "--no-tracking", "--data"]).arg(path("carseats.csv"));
    program.arg("--model-config").arg(&model).arg("--output").arg(&output);
    program.env("RUST_LOG", "features_pipeline=debug").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = program.spawn().unwrap();

    // Once candidates are being fitted.
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(running.stderr.take().unwrap()));
    let started = lines.by_ref().map_while(std::result::Result::ok).any(|line| line.contains("ridge"));
    assert!(started);
    thread::sleep(Duration::from_secs(2));
    let id = running.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let rest = thread::spawn(move || lines.map_while(std::result::Result::ok).collect::<Vec<_>>().join("\n"));
    let ended = running.wait_with_output().unwrap();
    let told = rest.join().unwrap();
    assert!(ended.status.success(), "{told}");
    assert!(told.contains("the best model so far is kept"), "{told}");
    assert_eq!(document(&ended)["kind"], "lex");
    assert!(ProfitPredictor::load(&output).unwrap().evaluate(&read(path("carseats.csv")), "Sales").unwrap().r2 > 0.5);
}
