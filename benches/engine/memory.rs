//! Peak memory of a training with a million rows and 20 columns, beside LightGBM alone on the same table.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use lex_learning::{Pipeline, PipelineConfig, ProblemType};
use polars::prelude::*;

use crate::reference::{command, script};
use crate::{ROLE, noise, numbers};

const FILE: &str = "LEX_LEARNING_BENCHMARK_FILE";

/// Prints both peaks and their ratio.
pub(crate) fn compare(folder: &Path) {
    let path = folder.join("million.arrow");
    let mut table = million();
    IpcWriter::new(fs::File::create(&path).unwrap()).finish(&mut table).unwrap();
    drop(table);
    let host = Command::new(std::env::current_exe().unwrap()).env(ROLE, "train").env(FILE, &path).spawn().unwrap();
    let ours = peak_of(host);
    let alone = peak_of(command().arg(script()).arg(&path).arg("alone").spawn().unwrap());
    let ratio = ours as f64 / alone as f64;
    println!("{:<36}{:>11} MB{:>11} MB{ratio:>9.2}", "peak memory, 1 M rows x 20", ours >> 10, alone >> 10);
}

/// The role of the process that is measured.
pub(crate) fn train_a_million() {
    let path = std::env::var_os(FILE).unwrap();
    let table = IpcReader::new(fs::File::open(path).unwrap()).finish().unwrap();
    lex_learning::initialize().unwrap();
    let config = PipelineConfig::builder()
        .problem_type(ProblemType::Regression)
        .algorithm("lightgbm")
        .optimize_hyperparams(false)
        .enable_explainability(false)
        .cv_folds(3)
        .build()
        .unwrap();
    Pipeline::builder().config(config).build().unwrap().train(&table).unwrap();
    lex_learning::shutdown();
}

fn million() -> DataFrame {
    let rows = 1_000_000;
    let mut table = numbers(rows);
    let (first, second, chance) = (noise(rows, 0), noise(rows, 1), noise(rows, 99));
    let target: Vec<f64> = (0..rows).map(|row| 3.0 * first[row] + (6.0 * second[row]).sin() + chance[row]).collect();
    table.with_column(Column::new("target".into(), target)).unwrap();
    table
}

/// Peak of the proportional set size, in KiB, over a process and its workers, looked at 20 times a second.
fn peak_of(mut process: Child) -> u64 {
    let mut peak = 0;
    while process.try_wait().unwrap().is_none() {
        peak = peak.max(tree_of(process.id()).into_iter().map(proportional_set_size).sum());
        std::thread::sleep(Duration::from_millis(50));
    }
    peak
}

fn proportional_set_size(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap_or(0)
}

fn tree_of(root: u32) -> Vec<u32> {
    let mut tree = vec![root];
    let mut next = 0;
    while next < tree.len() {
        let tasks = fs::read_dir(format!("/proc/{}/task", tree[next])).into_iter().flatten().flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            tree.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
        next += 1;
    }
    tree
}
