//! Features beside Polars and pandas in Python: each kind alone, one by one, and all as one lazy plan.
//!
//! `make bench-features` runs it; `ROWS=10000,10000000` names other sizes. Criterion measures the features of
//! `config/features`, and keeps its reports; the table at the end is of `features.yaml`, medians of one run.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::env;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion};
use features_pipeline::config::PipelineSteps;
use features_pipeline::sales::SalesRecords;
use features_pipeline::tables;
use polars::prelude::*;
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REPEATS: usize = 5;

fn main() {
    let rows = env::var("ROWS").unwrap_or_else(|_| "10000,100000,1000000".to_owned());
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for rows in rows.split(',') {
        let table = SalesRecords { rows: rows.parse().unwrap(), seed: 0 }.frame().unwrap();
        bench(&mut criterion, &table);
        match env::var("LEX_LEARNING_PYTHON") {
            Ok(python) => compare(&python, &table),
            Err(_) => println!("LEX_LEARNING_PYTHON names no interpreter to compare with: run `make bench-features`"),
        }
    }
    criterion.final_summary();
}

fn load(path: &str) -> PipelineSteps {
    PipelineSteps::load_from_yaml(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn bench(criterion: &mut Criterion, table: &DataFrame) {
    let steps = load("config/features/features.yaml");
    let rows = table.height();
    for feature in &steps.steps {
        criterion.bench_with_input(BenchmarkId::new(feature.name(), rows), table, |bencher, table| {
            bencher.iter(|| feature.apply_feature(black_box(table)).unwrap());
        });
    }
    criterion.bench_with_input(BenchmarkId::new("apply_sequentially", rows), table, |bencher, table| {
        bencher.iter(|| steps.apply_sequentially(black_box(table)).unwrap());
    });
    criterion.bench_with_input(BenchmarkId::new("apply_all_features", rows), table, |bencher, table| {
        bencher.iter(|| steps.apply(black_box(table)).unwrap());
    });
}

/// Prints how long every kind of feature takes here and in Python, on the same rows.
fn compare(python: &str, table: &DataFrame) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.parquet");
    tables::write(table, &path).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/pipeline_bench/frames.py");
    let output = Command::new(python).arg("-P").arg(script).arg(&path).arg(REPEATS.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let python: Value = serde_json::from_slice(&output.stdout).unwrap();

    let steps = load("benches/pipeline_bench/features.yaml");
    println!("\n{} rows, milliseconds | ours | Polars in Python | pandas", table.height());
    let print = |name: &str, ours: f64| {
        let of = |library: &str| python[library][name].as_f64().unwrap() * 1e3;
        println!("{name} | {ours:.1} | {:.1} | {:.1}", of("polars"), of("pandas"));
    };
    for feature in &steps.steps {
        print(feature.name(), median_milliseconds(|| drop(feature.apply_feature(table).unwrap())));
    }
    print("all", median_milliseconds(|| drop(steps.apply(table).unwrap())));
    println!("one by one | {:.1}", median_milliseconds(|| drop(steps.apply_sequentially(table).unwrap())));
}

fn median_milliseconds(work: impl Fn()) -> f64 {
    let mut times: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[REPEATS / 2]
}
