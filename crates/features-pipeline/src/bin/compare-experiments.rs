//! `compare-experiments`: tracked runs beside each other.

use std::process::ExitCode;

/// Tables are large blocks, which the system's own allocator gives back and asks for again each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    features_pipeline::cli::compare_experiments()
}
