//! `features-pipeline`: features from YAML, a model, and a tracked experiment.

use std::process::ExitCode;

/// Tables are large blocks, which the system's own allocator gives back and asks for again each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    features_pipeline::cli::main()
}
