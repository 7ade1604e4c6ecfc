//! The quick start, in an app of its own.

use lex_learning::{Pipeline, PipelineConfig, ProblemType, TrainedModel};
use polars::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let passengers = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/titanic.csv");
    let mut dataframe = CsvReadOptions::default()
        .try_into_reader_with_file_path(Some(passengers.into()))?
        .finish()?
        .select(["age", "sex", "survived"])?;
    dataframe.set_column_names(&["Age", "Sex", "Survived"])?;
    let new_data_df = dataframe.head(Some(3));

    // Initialize Python runtime (call once at startup)
    lex_learning::initialize()?;

    // Configure the pipeline
    let config = PipelineConfig::builder()
        .problem_type(ProblemType::Classification)
        .target_column("Survived")
        .n_trials(2)
        .build()?;

    // Build and run the pipeline
    let pipeline = Pipeline::builder()
        .config(config)
        .on_progress(|u| println!("{:.0}% - {}", u.progress * 100.0, u.message))
        .build()?;

    let result = pipeline.train(&dataframe)?;

    // Keep model in memory for inference
    let model = pipeline.create_trained_model(&result)?;

    // Single prediction
    let prediction = model.predict(&serde_json::json!({"Age": 25, "Sex": "male"}))?;
    println!("{prediction:?}");

    // Batch prediction
    let predictions_df = model.predict_batch(&new_data_df)?;
    println!("{predictions_df}");

    // Optional: save to disk
    let folder = std::env::temp_dir().join("lex-learning-app");
    std::fs::create_dir_all(&folder)?;
    model.save(folder.join("model.lex"))?;
    let loaded = TrainedModel::load(folder.join("model.lex"))?;
    assert!(loaded.predict_batch(&new_data_df)?.equals(&predictions_df));

    // End the worker processes before the app exits
    lex_learning::shutdown();
    Ok(())
}
