//! `pipeline`: from raw data to a tested model.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use polars::prelude::{DataFrame, IntoLazy};
use serde_json::json;
use tracing::info_span;

use super::features::{FITTED_FILE, kinds, output_folder, read_options, tell_end, tell_start, write};
use super::outcome::Outcome;
use super::progress::Progress;
use super::text;
use super::tracked::{Facts, Tracked, TrackingOptions};
use super::train::{MODEL_FILE, outcome, tell_trained, tell_training};
use crate::config::{Entrypoint, PipelineSteps, locate};
use crate::models::{ProfitPredictor, Split, TrainingConfig, split};
use crate::tables;
use crate::{FeaturesError, Result};

/// What to run.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Path to entrypoint config
    #[arg(short, long, default_value = "config/entrypoint.yaml")]
    config: PathBuf,

    /// Output directory [default: a new one in that of the entrypoint, named after the time]
    #[arg(short, long)]
    output: Option<PathBuf>,

    #[command(flatten)]
    tracking: TrackingOptions,
}

pub(super) fn run(options: &Options, progress: &Progress) -> Result<Outcome> {
    let entrypoint = Entrypoint::load_from_yaml(&options.config)?;
    let steps = PipelineSteps::load_from_yaml(&entrypoint.features)?;
    let Some(model_config) = &entrypoint.model else {
        return Err(FeaturesError::Configuration {
            location: locate(&options.config, "model"),
            message: "there is no `model`, which the pipeline trains".to_owned(),
            hint: "name the YAML file of a model, or run `features`".to_owned(),
        });
    };
    let config = TrainingConfig::load_from_yaml(model_config)?;
    let tracked = Tracked::start(&options.tracking, entrypoint.experiment.as_deref())?;

    let step = progress.step("reading the table");
    let table = tables::read(&entrypoint.input, &read_options(&entrypoint))?;
    step.set_message("computing features");
    let split = split_rows(&table, &config)?;
    let span = info_span!("run_feature_engineering", rows = table.height(), cols = table.width()).entered();
    tell_start(&steps);
    // The test rows must tell the features nothing, but they are among the rows of windows.
    let (fitted, features) = steps.fit_apply_where(&table, &split.marks())?;
    let (training, test) = split.apply(&features)?;
    tell_end(table.width(), &fitted);
    drop(span);
    step.set_message("training the model");
    let span = info_span!("train_model").entered();
    tell_training(&config);
    let started = Instant::now();
    let mut predictor = ProfitPredictor::train_as(&training, &config)?;
    let seconds = started.elapsed().as_secs_f64();
    let metrics = predictor.score(&test, &config.target_column)?;
    let training_metrics = predictor.score(&training, &config.target_column)?;
    predictor.keep_metrics("training", &training_metrics);
    predictor.keep_metrics("test", &metrics);
    tell_trained(&metrics);
    drop(span);

    step.set_message("writing the table");
    let folder = output_folder(options.output.as_deref(), &entrypoint)?;
    let path = write(&fitted, features.lazy(), &entrypoint, &folder)?;
    let model = folder.join(MODEL_FILE);
    predictor.save(&model)?;
    step.set_message("tracking the run");
    let fitted_file = folder.join(FITTED_FILE);
    let run = tracked.end(&Facts {
        experiment_type: "feature_engineering",
        config: &config,
        predictor: &predictor,
        split: &split,
        seconds,
        data: &entrypoint.input,
        artifacts: vec![&model, &fitted_file, model_config, &entrypoint.features, &options.config],
    })?;
    drop(step);

    let columns = table.width() + fitted.columns().len();
    let mut result = outcome(&config, &predictor, &metrics, &model, run.as_deref());
    result.text = text::heading("Feature Engineering")
        + &format!("Data before transform: ({}, {})\n", table.height(), table.width())
        + &format!("Data after transform: ({}, {columns})\n\n", table.height())
        + &text::table(&["Feature", "Kind"], &kinds(&fitted))
        + "\n"
        + &result.text
        + &format!("output: {}\n", path.display());
    result.document["output"] = json!(text::path(&path));
    result.document["fitted"] = json!(text::path(&fitted_file));
    result.document["features"] = json!(fitted.columns());
    result.document["rows"] = json!({"training": training.height(), "test": test.height()});
    Ok(result)
}

/// By the target, or at random where only the features will make it.
fn split_rows(table: &DataFrame, config: &TrainingConfig) -> Result<Split> {
    if table.column(&config.target_column).is_ok() {
        split(table, config)
    } else {
        Split::shuffled(table.height(), config.test_size, config.seed)
    }
}
