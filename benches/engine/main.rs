//! The engine beside what it is compared to, in one run: `make bench`.
//!
//! Each group holds two measurements, `ours` and `reference`, and the last lines print their medians and ratio.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss, missing_docs)]

mod memory;
mod reference;

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use criterion::Criterion;
use lex_learning::{Pipeline, PipelineConfig, ProblemType, TrainedModel};
use polars::prelude::*;
use reference::{Reference, command};
use serde_json::json;

const ROLE: &str = "LEX_LEARNING_BENCHMARK_ROLE";
const BATCH_ROWS: usize = 200_000;
const BOOSTERS: [&str; 4] = ["lightgbm", "xgboost", "catboost", "gradient_boosting"];

fn main() {
    match std::env::var(ROLE).as_deref() {
        Ok("initialize") => return lex_learning::initialize().unwrap(),
        Ok("train") => return memory::train_a_million(),
        _ => {}
    }
    let folder = tempfile::tempdir().unwrap();
    let mut criterion = Criterion::default()
        .sample_size(10)
        .measurement_time(Duration::from_secs(4))
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    lex_learning::initialize().unwrap();
    let mut reference = Reference::start(folder.path());
    start_up(&mut criterion);
    transfer(&mut criterion, &mut reference, folder.path());
    predict(&mut criterion, &mut reference, folder.path());
    criterion.final_summary();
    reference::print_ratios(Path::new(env!("CARGO_MANIFEST_DIR")));
    memory::compare(folder.path());
    lex_learning::shutdown();
}

/// `initialize()` in a fresh process, beside the bundled interpreter doing nothing.
fn start_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start");
    group.bench_function("ours", |bencher| {
        bencher.iter(|| Command::new(std::env::current_exe().unwrap()).env(ROLE, "initialize").status().unwrap());
    });
    group.bench_function("reference", |bencher| {
        bencher.iter(|| command().args(["-I", "-c", "pass"]).status().unwrap());
    });
    group.finish();
}

/// 160 MB of numbers to pandas, beside Python polars' `to_pandas()`.
fn transfer(criterion: &mut Criterion, reference: &mut Reference, folder: &Path) {
    let table = numbers(1_000_000);
    let file = std::fs::File::create(folder.join("numbers.arrow")).unwrap();
    IpcWriter::new(file).finish(&mut table.clone()).unwrap();
    let mut group = criterion.benchmark_group("polars to pandas, 160 MB");
    group.bench_function("ours", |bencher| bencher.iter(|| lex_learning::transfer(black_box(&table)).unwrap()));
    group.bench_function("reference", |bencher| {
        bencher.iter_custom(|repeats| reference.ask("polars_to_pandas", repeats));
    });
    group.finish();
}

/// One row and a batch through Rust, beside the fitted model alone on a prepared matrix.
fn predict(criterion: &mut Criterion, reference: &mut Reference, folder: &Path) {
    let table = mixed(BATCH_ROWS);
    let file = std::fs::File::create(folder.join("rows.arrow")).unwrap();
    IpcWriter::new(file).with_compat_level(CompatLevel::oldest()).finish(&mut table.clone()).unwrap();
    for name in BOOSTERS {
        let model = trained(name, &table.head(Some(20_000)));
        model.save(folder.join(format!("{name}.lex"))).unwrap();
        let row = json!({"x0": 0.1, "x1": 0.2, "x2": 0.3, "x3": 0.4, "x4": 0.5, "x5": 0.6, "x6": 0.7, "x7": 0.8,
                         "x8": 0.9, "x9": 1.0, "kind": "b"});
        let mut group = criterion.benchmark_group(format!("{name}, one row"));
        group.bench_function("ours", |bencher| bencher.iter(|| model.predict(black_box(&row)).unwrap()));
        group.bench_function("reference", |bencher| {
            bencher.iter_custom(|repeats| reference.ask(&format!("{name}:1"), repeats));
        });
        group.finish();
        let mut group = criterion.benchmark_group(format!("{name}, {BATCH_ROWS} rows"));
        group.bench_function("ours", |bencher| bencher.iter(|| model.predict_batch(black_box(&table)).unwrap()));
        group.bench_function("reference", |bencher| {
            bencher.iter_custom(|repeats| reference.ask(&format!("{name}:{BATCH_ROWS}"), repeats));
        });
        group.finish();
    }
}

fn trained(algorithm: &str, table: &DataFrame) -> TrainedModel {
    let config = PipelineConfig::builder()
        .problem_type(ProblemType::Classification)
        .algorithm(algorithm)
        .optimize_hyperparams(false)
        .enable_explainability(false)
        .build()
        .unwrap();
    let pipeline = Pipeline::builder().config(config).build().unwrap();
    let start = Instant::now();
    let result = pipeline.train(table).unwrap();
    println!("{algorithm}: trained in {:.1} s", start.elapsed().as_secs_f64());
    pipeline.create_trained_model(&result).unwrap()
}

/// 20 columns of pseudo-random numbers.
pub(crate) fn numbers(rows: usize) -> DataFrame {
    let columns = (0..20).map(|index| Column::new(format!("x{index}").into(), noise(rows, index))).collect();
    DataFrame::new_infer_height(columns).unwrap()
}

/// 10 columns of numbers, one of text, and a class that depends on some of them.
fn mixed(rows: usize) -> DataFrame {
    let mut columns: Vec<Column> =
        (0..10).map(|index| Column::new(format!("x{index}").into(), noise(rows, index))).collect();
    let kinds = ["a", "b", "c", "d"];
    let kind: Vec<&str> = noise(rows, 50).iter().map(|value| kinds[(value * 4.0) as usize]).collect();
    let (first, second, chance) = (noise(rows, 0), noise(rows, 1), noise(rows, 60));
    let target: Vec<&str> = (0..rows)
        .map(|row| {
            let bonus = if kind[row] == "b" { 0.3 } else { 0.0 };
            if first[row] * second[row] + bonus + 0.2 * chance[row] > 0.4 { "yes" } else { "no" }
        })
        .collect();
    columns.push(Column::new("kind".into(), kind));
    columns.push(Column::new("target".into(), target));
    DataFrame::new_infer_height(columns).unwrap()
}

/// Numbers from 0 to 1 by a linear congruential generator.
pub(crate) fn noise(rows: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    (0..rows)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        })
        .collect()
}
