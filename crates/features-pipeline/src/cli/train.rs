//! `train`: a model of engineered features.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};

use super::outcome::Outcome;
use super::progress::Progress;
use super::text;
use super::tracked::{Facts, Tracked, TrackingOptions, USUAL_EXPERIMENT};
use super::training::watched;
use crate::Result;
use crate::models::{Metrics, Model, ProfitPredictor, Training, TrainingConfig, train_and_test_watched};
use crate::tables::{self, ReadOptions};

/// The model beside the table that it was trained on.
pub(super) const MODEL_FILE: &str = "model.json";

/// What to train on.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Path to feature-engineered data
    #[arg(short, long)]
    data: PathBuf,

    /// Path to model config
    #[arg(short = 'm', long, default_value = "config/model.yaml")]
    model_config: PathBuf,

    /// Model file to write [default: model.json beside the data]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    tracking: TrackingOptions,
}

pub(super) fn run(options: &Options, progress: &Progress) -> Result<Outcome> {
    let config = TrainingConfig::load_from_yaml(&options.model_config)?;
    let tracked = Tracked::start(&options.tracking, Some(USUAL_EXPERIMENT))?;
    let step = progress.step("reading the table");
    let table = tables::read(&options.data, &ReadOptions::default())?;
    step.set_message("training the model");
    let started = Instant::now();
    let span = tracing::info_span!("train_model").entered();
    tell_training(&config);
    let training = watched(progress, &config, |watch| train_and_test_watched(&table, &config, watch))?;
    tell_trained(&training.test_metrics);
    drop(span);
    let seconds = started.elapsed().as_secs_f64();
    let Training { predictor, split, test_metrics, .. } = training;
    let output = options.output.clone().unwrap_or_else(|| options.data.with_file_name(MODEL_FILE));
    predictor.save(&output)?;
    let files = predictor.files(&output);
    step.set_message("tracking the run");
    let folder = tracked.end(&Facts {
        experiment_type: "model_training",
        config: &config,
        predictor: &predictor,
        split: &split,
        seconds,
        data: &options.data,
        artifacts: files.iter().chain([&options.model_config]).map(PathBuf::as_path).collect(),
    })?;
    drop(step);
    Ok(outcome(&config, &predictor, &test_metrics, &output, folder.as_deref()))
}

/// Where a training starts.
pub(super) fn tell_training(config: &TrainingConfig) {
    tracing::info!("Training model with {} features", config.feature_columns.len());
}

/// Where it ends.
pub(super) fn tell_trained(metrics: &Metrics) {
    tracing::info!("Model trained: {}", text::metrics_line(metrics));
}

/// What is told of a model that was trained.
pub(super) fn outcome(
    config: &TrainingConfig,
    predictor: &ProfitPredictor,
    metrics: &Metrics,
    model: &Path,
    run: Option<&Path>,
) -> Outcome {
    let fitted = predictor.model();
    let place = run.map(|run| format!("run: {}\n", run.display())).unwrap_or_default();
    let text = text::heading("Training Model")
        + "Model trained successfully!\n"
        + &format!("  Features: {:?}\n", config.feature_columns)
        + &format!("  Target: {}\n\n", config.target_column)
        + &findings(fitted)
        + "\n"
        + &text::heading("Model Metrics")
        + &text::metrics(metrics)
        + &format!("\nmodel: {}\n{place}", model.display());
    let warnings: Vec<Value> = fitted.warnings().iter().map(|warning| json!(warning.to_string())).collect();
    let document = json!({
        "model": text::path(model),
        "run": run.map(text::path),
        "kind": fitted.kind(),
        "target": config.target_column,
        "metrics": predictor.metrics(),
        "coefficients": fitted.coefficients(),
        "intercepts": fitted.intercepts(),
        "importances": fitted.importances(),
        "candidates": fitted.candidates(),
        "warnings": warnings,
    });
    Outcome::new(document, text)
}

/// The coefficients; or what was tried, and how much each column matters.
fn findings(model: &dyn Model) -> String {
    if model.candidates().is_empty() {
        let coefficients = model.coefficients().into_iter().map(|coefficient| {
            let class = coefficient.class.map(|class| format!(" ({class})")).unwrap_or_default();
            vec![format!("{}{class}", coefficient.feature), format!("{:.6}", coefficient.value)]
        });
        return text::table(&["Feature", "Coefficient"], &coefficients.collect::<Vec<_>>());
    }
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    let candidates = model.candidates().iter().map(|candidate| {
        vec![
            candidate.name.clone(),
            number(candidate.score),
            number(candidate.weight),
            format!("{:.1}", candidate.seconds),
        ]
    });
    let metric = model.candidates().first().map_or("Score", |best| &best.metric);
    let importances =
        model.importances().iter().map(|column| vec![column.feature.clone(), format!("{:.4}", column.share)]);
    text::table(&["Model", metric, "Weight", "Seconds"], &candidates.collect::<Vec<_>>())
        + "\n"
        + &text::table(&["Feature", "Importance"], &importances.collect::<Vec<_>>())
}
