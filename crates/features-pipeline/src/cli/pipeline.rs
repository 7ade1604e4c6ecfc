//! `pipeline`: from raw data to a tested model.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use polars::prelude::{Column, DataFrame, IntoLazy};
use serde_json::json;
use tracing::info_span;

use super::features::{FITTED_FILE, kinds, output_folder, read_options, tell_end, tell_start, write};
use super::outcome::Outcome;
use super::progress::Progress;
use super::text;
use super::tracked::{Facts, Tracked, TrackingOptions};
use super::train::{MODEL_FILE, outcome, tell_trained, tell_training};
use super::training::watched;
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

    /// Table with new rows to predict, without features [default: the rows held out to test on]
    #[arg(short, long, value_name = "FILE")]
    predict: Option<PathBuf>,

    /// File for the predictions: .csv, .parquet or .arrow [default: predictions in the output directory]
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,

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
    if let Some(path) = &options.predictions {
        tables::format_of(path)?;
    }
    let tracked = Tracked::start(&options.tracking, entrypoint.experiment.as_deref())?;

    let step = progress.step("reading the table");
    let table = tables::read(&entrypoint.input, &read_options(&entrypoint))?;
    let new = options.predict.as_deref().map(|path| tables::read(path, &read_options(&entrypoint))).transpose()?;
    step.set_message("computing features");
    let split = split_rows(&table, &config)?;
    let span = info_span!("run_feature_engineering", rows = table.height(), cols = table.width()).entered();
    tell_start(&steps);
    // The test rows must tell the features nothing, but they are among the rows of windows.
    let (fitted, features) = steps.fit_apply_where(&table, &split.marks())?;
    let (training, test) = split.apply(&features)?;
    // Before the training, which may take long: what is wrong with the new rows is told now.
    let new = new.map(|rows| fitted.apply(&rows)).transpose()?;
    new.as_ref().map_or(Ok(()), |rows| config.check_features(rows))?;
    tell_end(table.width(), &fitted);
    drop(span);
    step.set_message("training the model");
    let span = info_span!("train_model").entered();
    tell_training(&config);
    let started = Instant::now();
    let mut predictor = watched(progress, &config, |watch| ProfitPredictor::train_watched(&training, &config, watch))?;
    let seconds = started.elapsed().as_secs_f64();
    let metrics = predictor.score(&test, &config.target_column)?;
    let training_metrics = predictor.score(&training, &config.target_column)?;
    predictor.keep_metrics("training", &training_metrics);
    predictor.keep_metrics("test", &metrics);
    tell_trained(&metrics);
    drop(span);

    step.set_message("writing the tables");
    let folder = output_folder(options.output.as_deref(), &entrypoint)?;
    let path = write(&fitted, features.lazy(), &entrypoint, &folder)?;
    let model = folder.join(MODEL_FILE);
    predictor.save(&model)?;
    // Behind the model, which must not be lost to a row that cannot be predicted.
    let predictions = match &new {
        Some(rows) => predictor.predict_frame(rows)?,
        None => predict_held_out(&predictor, &test, &split)?,
    };
    let usual = folder.join("predictions").with_extension(entrypoint.format.suffix());
    let predictions_file = options.predictions.clone().unwrap_or(usual);
    tables::write(&predictions, &predictions_file)?;
    let model_files = predictor.files(&model);
    step.set_message("tracking the run");
    let fitted_file = folder.join(FITTED_FILE);
    let run = tracked.end(&Facts {
        experiment_type: "feature_engineering",
        config: &config,
        predictor: &predictor,
        split: &split,
        seconds,
        data: &entrypoint.input,
        artifacts: model_files
            .iter()
            .map(PathBuf::as_path)
            .chain([fitted_file.as_path(), model_config, &entrypoint.features, &options.config])
            .collect(),
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
        + &format!("output: {}\n", path.display())
        + &format!("predictions: {} ({} rows)\n", predictions_file.display(), predictions.height());
    result.document["output"] = json!(text::path(&path));
    result.document["predictions"] = json!(text::path(&predictions_file));
    result.document["fitted"] = json!(text::path(&fitted_file));
    result.document["features"] = json!(fitted.columns());
    result.document["rows"] = json!({"training": training.height(), "test": test.height()});
    Ok(result)
}

/// What is predicted for the rows to test on, beside where they are in the table, from 0, and the right answers.
fn predict_held_out(predictor: &ProfitPredictor, test: &DataFrame, split: &Split) -> Result<DataFrame> {
    let fail = |source| FeaturesError::polars("the predictions of the rows held out", source);
    let actual = test.column(predictor.target_column()).map_err(fail)?.clone().with_name("actual".into());
    let mut columns = vec![Column::new("row".into(), split.test.as_slice()), actual];
    columns.extend_from_slice(predictor.predict_frame(test)?.columns());
    DataFrame::new(test.height(), columns).map_err(fail)
}

/// By the target, or at random where only the features will make it.
fn split_rows(table: &DataFrame, config: &TrainingConfig) -> Result<Split> {
    if table.column(&config.target_column).is_ok() {
        split(table, config)
    } else {
        Split::shuffled(table.height(), config.test_size, config.seed)
    }
}
