//! `features-pipeline`: features from YAML, a model, and a tracked experiment.

use std::process::ExitCode;

fn main() -> ExitCode {
    features_pipeline::cli::main()
}
