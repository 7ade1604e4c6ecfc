//! Trains on the passengers of the Titanic, from a table to a saved model: `cargo run --example train`.
//!
//! The plots and the model are written to `target/titanic`.

#![allow(
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program for a terminal"
)]

use std::error::Error;
use std::fs;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use lex_learning::{Pipeline, PipelineConfig, ProblemType, TrainedModel, TrainingResult};
use polars::prelude::*;
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = project.join("target/titanic");
    fs::create_dir_all(&output)?;
    let table = CsvReadOptions::default()
        .try_into_reader_with_file_path(Some(project.join("tests/data/titanic.csv")))?
        .finish()?;

    lex_learning::initialize()?;

    let config = PipelineConfig::builder()
        .problem_type(ProblemType::Classification)
        .target_column("survived")
        .n_trials(10)
        .build()?;
    let bar = ProgressBar::new(1000).with_style(ProgressStyle::with_template("{bar:30} {percent:>3} % {msg}")?);
    let progress = bar.clone();
    let pipeline = Pipeline::builder()
        .config(config)
        .on_progress(move |update| {
            progress.set_position((update.progress * 1000.0).round() as u64);
            progress.set_message(update.message);
        })
        .build()?;
    let result = pipeline.train(&table)?;
    bar.finish();

    print_result(&result);
    for (name, png) in &result.plots {
        let file = name.replace(['/', '\\'], "_");
        fs::write(output.join(format!("{file}.png")), png)?;
    }
    println!("\n{} plots are in {}", result.plots.len(), output.display());

    let path = output.join("titanic.lex");
    pipeline.create_trained_model(&result)?.save(&path)?;
    let model = TrainedModel::load(&path)?;

    let passenger = json!({"pclass": "3rd", "sex": "male", "age": 25, "sibsp": 0, "parch": 0});
    let prediction = model.predict(&passenger)?;
    println!("\n{passenger}\n  {:?} {:?}", prediction.label, prediction.probabilities);
    println!("\nThe first passengers of the table:\n{}", model.predict_batch(&table.head(Some(5)))?);

    lex_learning::shutdown();
    Ok(())
}

fn print_result(result: &TrainingResult) {
    println!("\n{:<22}{:>10}{:>8}{:>9}", "algorithm", "log loss", "trials", "seconds");
    for model in &result.model_results {
        match (model.score, &model.failure) {
            (Some(score), _) => {
                println!("{:<22}{score:>10.4}{:>8}{:>9.1}", model.name, model.trials, model.seconds);
            }
            (None, reason) => println!("{:<22}failed: {}", model.name, reason.as_deref().unwrap_or("unknown")),
        }
    }
    println!("\nOn passengers that no model has seen, {}:", result.best_model_name);
    let metrics = &result.metrics;
    for (name, value) in [
        ("accuracy", metrics.accuracy),
        ("balanced accuracy", metrics.balanced_accuracy),
        ("F1, weighted", metrics.f1_weighted),
        ("ROC AUC", metrics.roc_auc),
        ("log loss", metrics.log_loss),
    ] {
        println!("  {name:<20}{:>8.4}", value.unwrap_or(f64::NAN));
    }
    println!("\nWhat it goes by:");
    for (column, share) in &result.feature_importance {
        println!("  {column:<20}{:>6.1} %", share * 100.0);
    }
    for warning in &result.warnings {
        println!("warning: {warning}");
    }
}
