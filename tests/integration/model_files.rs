//! Model files: what is saved is what is loaded, and nothing else is.

use std::fs;

use lex_learning::{LexLearningError, ProblemType, TrainedModel, TrainingResult};
use tempfile::tempdir;

use crate::fixtures::{SALES, SURVIVAL, passenger, pipeline, quick, table, train};

#[test]
fn a_saved_model_predicts_the_same() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("with späces 🛳.pkl");
    SURVIVAL.save(&path).unwrap();
    let loaded = TrainedModel::load(&path).unwrap();
    assert_eq!(loaded.predict(&passenger()).unwrap(), SURVIVAL.predict(&passenger()).unwrap());
    assert_eq!(loaded.get_info().unwrap(), SURVIVAL.get_info().unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn bytes_are_a_model() {
    let loaded = TrainedModel::from_bytes(&SALES.to_bytes().unwrap()).unwrap();
    let seats = table("carseats");
    assert!(loaded.predict_batch(&seats).unwrap().equals(&SALES.predict_batch(&seats).unwrap()));
}

#[test]
fn an_onnx_file_holds_the_whole_model() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    SURVIVAL.export_onnx(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("lex_learning") && holds("survived") && holds("LabelEncoder"));
    assert_eq!(SURVIVAL.export_onnx_approximately(&path).unwrap(), Vec::<String>::new());
    let error = SURVIVAL.export_onnx(folder.path().join("no/such/folder.onnx")).unwrap_err();
    assert_eq!(error.code(), "inference.failed");
}

#[test]
fn a_missing_file_is_named() {
    lex_learning::initialize().unwrap();
    let error = TrainedModel::load("/no/such/model.pkl").unwrap_err();
    assert_eq!(error, LexLearningError::ModelNotFound { path: "/no/such/model.pkl".to_owned() });
}

#[test]
fn anything_but_a_whole_model_is_refused() {
    let whole = SURVIVAL.to_bytes().unwrap();
    let mut altered = whole.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let strangers: [&[u8]; 6] =
        [b"", &whole[..whole.len() / 2], &whole[..whole.len() - 1], &altered, b"\x89PNG\r\n\x1a\n", b"\x80\x04N."];
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.pkl");
    for bytes in strangers {
        assert!(matches!(TrainedModel::from_bytes(bytes), Err(LexLearningError::InvalidModelFile(_))));
        fs::write(&path, bytes).unwrap();
        assert!(matches!(TrainedModel::load(&path), Err(LexLearningError::InvalidModelFile(_))));
    }
    assert!(TrainedModel::load(folder.path()).is_err());
}

#[test]
fn a_pickle_that_runs_code_is_refused() {
    let folder = tempdir().unwrap();
    let canary = folder.path().join("canary");
    // What `pickle.dumps` makes of an object whose `__reduce__` is (os.system, ("touch ...",)).
    let hostile = format!("cposix\nsystem\n(S'touch {}'\ntR.", canary.display());
    let error = TrainedModel::from_bytes(hostile.as_bytes()).unwrap_err();
    assert!(matches!(error, LexLearningError::InvalidModelFile(_)), "{error}");
    assert!(!canary.exists());
}

#[test]
fn a_place_that_cannot_be_written_keeps_the_model() {
    let error = SURVIVAL.save("/no/such/folder/model.pkl").unwrap_err();
    assert!(error.to_string().contains("/no/such/folder/model.pkl"), "{error}");
    assert!(SURVIVAL.predict(&passenger()).is_ok());
}

#[test]
fn a_deserialized_result_says_that_it_holds_no_model() {
    let config = quick(ProblemType::Classification);
    let result = train(config.clone(), &table("titanic"));
    let copy: TrainingResult = serde_json::from_str(&serde_json::to_string(&result).unwrap()).unwrap();
    let error = pipeline(config).create_trained_model(&copy).unwrap_err();
    assert!(error.to_string().contains("deserialized"), "{error}");
}
