//! A native model of 500 trees beside the LightGBM that they come from, in one run: `make bench`.
//!
//! LightGBM uses one thread; pin this process to a core (`taskset -c 0`) to compare like with like.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use criterion::Criterion;
use lex_learning::NativeModel;
use polars::prelude::*;
use serde_json::{Map, Value, json};

fn main() {
    let Ok(python) = std::env::var("LEX_LEARNING_PYTHON") else {
        println!("LEX_LEARNING_PYTHON names no interpreter: run `make bench`");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/native/model.py");
    let output = Command::new(python).arg("-P").arg(script).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reference: Value = serde_json::from_slice(&output.stdout).unwrap();

    let file = folder.path().join("model.onnx");
    let model = NativeModel::load(&file).unwrap();
    let table = table(folder.path(), model.info().feature_names.as_slice());
    compare_predictions(&model, &table, folder.path());
    let value = |name: &String| (name.clone(), json!(table.column(name).unwrap().f64().unwrap().get(0)));
    let row = Value::Object(model.info().feature_names.iter().map(value).collect::<Map<_, _>>());

    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(4)).configure_from_args();
    criterion.bench_function("native load", |bencher| bencher.iter(|| NativeModel::load(black_box(&file)).unwrap()));
    criterion.bench_function("native row", |bencher| bencher.iter(|| model.predict(black_box(&row)).unwrap()));
    criterion.bench_function("native batch", |bencher| {
        bencher.iter(|| model.predict_batch(black_box(&table)).unwrap());
    });
    print_ratio("one row", 2_000, &reference["row"], || drop(model.predict(&row).unwrap()));
    let name = format!("{} rows", table.height());
    print_ratio(&name, 9, &reference["batch"], || drop(model.predict_batch(&table).unwrap()));
}

fn numbers(path: &Path) -> Vec<f64> {
    std::fs::read(path).unwrap().as_chunks().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect()
}

fn table(folder: &Path, names: &[String]) -> DataFrame {
    let values = numbers(&folder.join("columns.f64"));
    let height = values.len() / names.len();
    let columns = names.iter().zip(values.chunks(height));
    DataFrame::new(height, columns.map(|(name, values)| Column::new(name.into(), values)).collect()).unwrap()
}

fn compare_predictions(model: &NativeModel, table: &DataFrame, folder: &Path) {
    let predictions = model.predict_batch(table).unwrap();
    let found = predictions.column("prediction").unwrap().f64().unwrap().into_no_null_iter();
    for (found, expected) in found.zip(numbers(&folder.join("predictions.f64"))) {
        assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
    }
}

fn print_ratio(name: &str, repeats: usize, reference: &Value, work: impl Fn()) {
    let mut times: Vec<Duration> = (0..repeats)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    let (ours, reference) = (times[repeats / 2], Duration::from_secs_f64(reference.as_f64().unwrap()));
    let ratio = ours.as_secs_f64() / reference.as_secs_f64();
    println!("{name}: ours {ours:.1?}, LightGBM {reference:.1?}, ratio {ratio:.2}");
}
