//! `compare-experiments`: tracked runs beside each other.

use std::process::ExitCode;

fn main() -> ExitCode {
    features_pipeline::cli::compare_experiments()
}
