//! Files that are cut, changed or made to do harm: each is refused with a typed error, or predicts.

use lex_learning::{LexLearningError, NativeModel};
use serde_json::json;

use crate::file::{Message, array, bytes as written, doubles, integers, list, node, setting, small};
use crate::passengers::{bytes, description, passenger};
use crate::trees::Random;

/// Loads, and where that succeeds predicts; what matters is that it ends, and how.
fn open(data: &[u8]) -> Result<(), LexLearningError> {
    let outcome = NativeModel::from_bytes(data).and_then(|model| {
        let _ = model.predict(&json!({"a": 1.0, "b": null}));
        model.predict(&passenger()).map(drop)
    });
    match outcome {
        Ok(()) | Err(LexLearningError::InvalidModelFile(_) | LexLearningError::InferenceError(_)) => outcome,
        Err(other) => panic!("{other:?}"),
    }
}

fn attributes(change: &str, to: &[i64]) -> Vec<Message> {
    let given = |name: &str, values: &[i64]| list(name, if name == change { to } else { values });
    vec![
        setting("n_targets", if change == "n_targets" { to[0] } else { 1 }),
        given("tree_roots", &[0]),
        given("nodes_featureids", &[0, 1]),
        array("nodes_modes", &small(&[0, 6])),
        array("nodes_splits", &doubles(&[2], &[0.5, 0.0])),
        given("nodes_truenodeids", &[1, 1]),
        given("nodes_trueleafs", &[0, 1]),
        given("nodes_falsenodeids", &[0, 2]),
        given("nodes_falseleafs", &[1, 1]),
        given("leaf_targetids", &[0, 0, 0]),
        array("leaf_weights", &doubles(&[3], &[1.0, 2.0, 3.0])),
        array("membership_values", &doubles(&[3], &[1.0, 3.0, f64::NAN])),
    ]
}

fn tree_file(change: &str, to: &[i64]) -> Vec<u8> {
    let tree = node("TreeEnsemble", &["features"], &["output"], &attributes(change, to));
    written(2, &[tree], &[])
}

#[test]
fn every_cut_is_refused() {
    let whole = bytes(&description());
    assert!(open(&whole).is_ok());
    for length in 0..whole.len() {
        let error = open(&whole[..length]).unwrap_err();
        assert!(matches!(error, LexLearningError::InvalidModelFile(_)), "{length}: {error:?}");
    }
}

#[test]
fn changed_files_are_refused_or_predict() {
    let mut random = Random(7);
    for whole in [bytes(&description()), tree_file("", &[])] {
        for _ in 0..10_000 {
            let mut data = whole.clone();
            for _ in 0..=random.below(3) {
                let place = usize::try_from(random.below(data.len() as u64)).unwrap();
                match random.below(3) {
                    0 => data[place] ^= 1 << random.below(8),
                    1 => data[place] = [0, 1, 127, 128, 255][usize::try_from(random.below(5)).unwrap()],
                    _ => drop(data.splice(place..=place, [])),
                }
            }
            let _ = open(&data);
        }
    }
}

#[test]
fn trees_that_are_none_are_refused() {
    assert!(NativeModel::from_bytes(&tree_file("", &[])).is_ok());
    let cases: [(&str, &[i64]); 11] = [
        ("tree_roots", &[2]),
        ("tree_roots", &[0, 1]),
        ("tree_roots", &[]),
        ("nodes_featureids", &[0, 2]),
        ("nodes_featureids", &[0, -1]),
        ("nodes_truenodeids", &[0, 1]),
        ("nodes_truenodeids", &[1, 3]),
        ("nodes_trueleafs", &[0]),
        ("leaf_targetids", &[0, 0, 1]),
        ("n_targets", &[1 << 40]),
        ("n_targets", &[0]),
    ];
    for (name, values) in cases {
        let error = open(&tree_file(name, values)).unwrap_err();
        assert!(matches!(error, LexLearningError::InvalidModelFile(_)), "{name}: {error:?}");
    }
}

#[test]
fn sizes_are_checked_before_memory_is_taken() {
    let identity = node("Add", &["features", "huge"], &["output"], &[]);
    for shape in [&[1 << 62, 1 << 62][..], &[i64::MAX], &[-1], &[0], &[1; 9]] {
        let error =
            open(&written(2, std::slice::from_ref(&identity), &[("huge", doubles(shape, &[1.0]))])).unwrap_err();
        assert!(matches!(error, LexLearningError::InvalidModelFile(_)), "{shape:?}: {error:?}");
    }
    // Each node is small; what they make of each other is not.
    let mut nodes = vec![node("Expand", &["start", "size"], &["0"], &[])];
    for step in 0..64 {
        let (from, to) = (step.to_string(), (step + 1).to_string());
        nodes.push(node("Concat", &[&from, &from], &[&to], &[setting("axis", 0)]));
    }
    nodes.push(node("Add", &["features", "64"], &["output"], &[]));
    let constants = [("start", doubles(&[1], &[1.0])), ("size", integers(&[1], &[1 << 16]))];
    assert!(matches!(open(&written(2, &nodes, &constants)), Err(LexLearningError::InvalidModelFile(_))));
}

#[test]
fn other_formats_and_descriptions_are_refused() {
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut facts = description();
        change(&mut facts);
        match NativeModel::from_bytes(&bytes(&facts)).unwrap_err() {
            LexLearningError::InvalidModelFile(message) => message,
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(&|facts| facts["format"] = json!(2)).contains("format 2"));
    assert!(refused(&|facts| facts["info"]["class_labels"] = json!(["died"])).contains("output"));
    assert!(refused(&|facts| facts["info"]["class_labels"] = json!(null)).contains("labels"));
    assert!(refused(&|facts| facts["info"]["feature_names"] = json!(["age"])).contains("schema"));
    assert!(refused(&|facts| facts["info"] = json!("x".repeat(1000))).contains("cannot be read"));
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let entry = Message::default().text(1, "lex_learning").text(2, &deep(100_000));
    assert!(open(&Message::default().bytes(7, &[]).bytes(14, &entry.0).0).is_err());
    for data in [&b""[..], b"PK\x03\x04", b"\x80\x04K\x01.", &[0xff; 64]] {
        assert!(matches!(open(data), Err(LexLearningError::InvalidModelFile(_))));
    }
}
