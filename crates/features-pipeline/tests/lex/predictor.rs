//! Training, metrics and files.

use std::fs;

use features_pipeline::models::{Metrics, ModelError, ModelKind, ProfitPredictor, Watch, train_and_test};
use features_pipeline::{FeaturesError, Result};
use polars::prelude::*;
use serde_json::{Value, json};

use crate::support::{PASSENGER, SALES, SEAT, SURVIVAL, config, names, path, read};

#[test]
fn classes_of_a_text_target_are_predicted_from_texts() {
    let table = read(path("titanic.csv"));
    let training = train_and_test(&table, &config("survived", &PASSENGER, "logistic_regression")).unwrap();
    let Metrics::Classification(metrics) = &training.test_metrics else { panic!("{:?}", training.test_metrics) };
    // 62 % died; knowing nothing else costs 0.665 nats.
    assert!(metrics.accuracy > 0.74 && metrics.log_loss < 0.55 && metrics.auc.unwrap() > 0.78, "{metrics:?}");
    assert!(metrics.f1.unwrap() > 0.6 && metrics.f1_macro > 0.7);

    let model = training.predictor.model();
    assert_eq!((model.kind(), model.feature_names()), (ModelKind::Lex, PASSENGER.to_vec()));
    assert_eq!(model.classes().iter().map(ToString::to_string).collect::<Vec<_>>(), ["died", "survived"]);
    assert_eq!(model.candidates()[0].name, "logistic_regression");
    assert_eq!((model.candidates()[0].metric.as_str(), model.candidates()[0].failure.as_ref()), ("log_loss", None));
    assert_eq!((model.importances()[0].feature.as_str(), model.importances().len()), ("sex", 5));
    assert!(model.coefficients().is_empty() && model.intercepts().is_empty());

    let predicted = training.predictor.predict_frame(&table).unwrap();
    assert_eq!(names(&predicted), ["prediction", "probability_died", "probability_survived"]);
    let chances = predicted.column("probability_survived").unwrap().f64().unwrap().into_no_null_iter();
    let words = predicted.column("prediction").unwrap().str().unwrap().iter();
    assert!(chances.zip(words).all(|(chance, word)| (chance > 0.5) == (word == Some("survived"))));
}

#[test]
fn numbers_are_predicted_from_texts() {
    let table = read(path("carseats.csv"));
    let metrics = SALES.evaluate(&table, "Sales").unwrap();
    assert!(metrics.r2 > 0.8 && metrics.rmse < 1.3 && metrics.mape.is_some(), "{metrics:?}");
    assert_eq!(SALES.predict(&table).unwrap().len(), 400);
    assert_eq!(SALES.predict_frame(&table.head(Some(0))).unwrap().shape(), (0, 1));
    assert_eq!(SURVIVAL.predict_frame(&read(path("titanic.csv")).head(Some(0))).unwrap().shape(), (0, 3));
}

/// The target of two whole numbers, and features that are true or false, with gaps.
#[test]
fn whole_numbers_and_booleans_are_classes_and_features() {
    let table = read(path("titanic.csv"));
    let is = |name: &str, value: &str| -> Vec<bool> {
        table.column(name).unwrap().str().unwrap().iter().map(|found| found == Some(value)).collect()
    };
    let mut table = df!(
        "woman" => is("sex", "female"),
        "first class" => is("pclass", "1st").into_iter().enumerate().map(|(row, first)| (row % 9 > 0).then_some(first)).collect::<Vec<_>>(),
        "lived" => is("survived", "survived").into_iter().map(i64::from).collect::<Vec<_>>(),
    )
    .unwrap();
    let config = config("lived", &["woman", "first class"], "decision_tree");
    let predictor = ProfitPredictor::train_as(&table, &config).unwrap();
    let predicted = predictor.predict_frame(&table).unwrap();
    assert_eq!(names(&predicted), ["prediction", "probability_0", "probability_1"]);
    assert_eq!(predicted.column("prediction").unwrap().dtype(), &DataType::Int64);
    assert!(predictor.score(&table, "lived").unwrap().values()["accuracy"] > 0.75);

    let answers = table.column("lived").unwrap().i64().unwrap().iter().map(|value| value.map(|value| value == 1));
    let answers = Column::new("lived".into(), answers.collect::<Vec<_>>());
    table.with_column(answers).unwrap();
    let of_booleans = ProfitPredictor::train_as(&table, &config).unwrap();
    let again = of_booleans.predict_frame(&table).unwrap();
    assert_eq!(again.column("prediction").unwrap().dtype(), &DataType::Boolean);
    assert_eq!(
        again.column("probability_true").unwrap().f64().unwrap().to_vec(),
        predicted.column("probability_1").unwrap().f64().unwrap().to_vec()
    );
}

#[test]
fn the_seed_decides() {
    let table = read(path("carseats.csv"));
    let again = ProfitPredictor::train_as(&table, &config("Sales", &SEAT, "ridge")).unwrap();
    assert_eq!(again.predict(&table).unwrap(), SALES.predict(&table).unwrap());
}

#[test]
fn the_watch_is_told_how_far_it_is() {
    let (sender, told) = std::sync::mpsc::channel();
    let watch = Watch::new(move |share, message| sender.send((share, message.to_owned())).unwrap());
    let table = read(path("carseats.csv"));
    ProfitPredictor::train_watched(&table, &config("Sales", &SEAT, "ridge"), &watch).unwrap();
    drop(watch);
    let told: Vec<(f64, String)> = told.iter().collect();
    assert!(told.len() > 2 && told.is_sorted_by(|one, next| one.0 <= next.0), "{told:?}");
    assert!((told.last().unwrap().0 - 1.0).abs() < 1e-12 && told.iter().all(|(_, message)| !message.is_empty()));
}

#[test]
fn a_loaded_model_is_the_same_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    for (predictor, table) in [(&*SURVIVAL, "titanic.csv"), (&*SALES, "carseats.csv")] {
        let file = folder.path().join("model.json");
        let mut predictor = predictor.clone();
        let table = read(path(table));
        let metrics = predictor.score(&table, predictor.target_column()).unwrap();
        predictor.keep_metrics("training", &metrics);
        predictor.save(&file).unwrap();
        assert_eq!(predictor.files(&file), [file.clone(), folder.path().join("model.lex")]);
        let loaded = ProfitPredictor::load(&file).unwrap();
        assert_eq!(loaded, predictor);
        assert_eq!(loaded.metrics()["training"], metrics);
        assert!(loaded.predict_frame(&table).unwrap().equals(&predictor.predict_frame(&table).unwrap()));
        // What predicts is a file of the engine's own.
        let engine = lex_learning::TrainedModel::load(folder.path().join("model.lex")).unwrap();
        assert_eq!(engine.get_info().unwrap().target_column, predictor.target_column());
    }
    // Written over, with nothing left beside them.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert_eq!(SALES.files("models/seats"), [std::path::Path::new("models/seats"), "models/seats.lex".as_ref()]);
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (sales, survival) = (folder.path().join("sales.json"), folder.path().join("survival.json"));
    SALES.save(&sales).unwrap();
    SURVIVAL.save(&survival).unwrap();
    let refused = |result: Result<ProfitPredictor>, word: &str| {
        let error = result.unwrap_err();
        assert!(matches!(&error, FeaturesError::Model(ModelError::NotAModelFile { .. })), "{error:?}");
        assert!(error.to_string().contains(word), "{error} should tell of {word}");
    };
    refused(ProfitPredictor::load(folder.path().join("sales.lex")), ".lex");

    let document: Value = serde_json::from_slice(&fs::read(&sales).unwrap()).unwrap();
    let altered = folder.path().join("altered.json");
    let write = |change: &dyn Fn(&mut Value)| {
        let mut document = document.clone();
        change(&mut document["model"]);
        fs::write(&altered, document.to_string()).unwrap();
        ProfitPredictor::load(&altered)
    };
    let other: Value = serde_json::from_slice(&fs::read(&survival).unwrap()).unwrap();
    refused(write(&|model| model["file"] = json!("survival.lex")), "another training");
    refused(write(&|model| model["file"] = json!("../sales.lex")), "not the name of a file");
    refused(write(&|model| model["file"] = json!("")), "not the name of a file");
    refused(write(&|model| model["findings"]["features"] = json!(["Price"])), "features");
    refused(write(&|model| model["findings"] = other["model"]["findings"].clone()), "classes");
    refused(write(&|model| model["more"] = json!(1)), "more");
    assert!(matches!(write(&|model| model["file"] = json!("none.lex")), Err(FeaturesError::Io { .. })));

    let bytes = fs::read(folder.path().join("sales.lex")).unwrap();
    fs::write(folder.path().join("sales.lex"), &bytes[..bytes.len() - 1]).unwrap();
    refused(ProfitPredictor::load(&sales), "altered");
}
