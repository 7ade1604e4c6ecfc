//! `.lex` files: the ONNX document in them predicts; all that is cut, altered or forged is refused with a typed error.

use lex_learning::{LexLearningError, NativeModel};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::passengers::{bytes, description, passenger, survival};
use crate::trees::Random;

fn hash(content: &[u8]) -> String {
    let digits = Sha256::digest(content).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}

/// A part as it stands in the file; the checksum of zip itself is read by no one.
fn stored(name: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    let length = u16::try_from(name.len()).unwrap().to_le_bytes();
    let header: [&[u8]; 9] =
        [b"PK\x03\x04", &[20, 0, 0, 0], &[0; 6], &[0; 4], &size, &size, &length, &[0; 2], name.as_bytes()];
    [&header.concat(), content].concat()
}

fn sealed(body: &[u8]) -> Vec<u8> {
    [body, b"lex-learning sha256 ", hash(body).as_bytes()].concat()
}

fn archived(manifest: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = stored("manifest.json", manifest.as_bytes());
    body.extend(parts.iter().flat_map(|(name, content)| stored(name, content)));
    body.extend(b"PK\x01\x02 the directory PK\x05\x06");
    sealed(&body)
}

fn manifest(document: &[u8]) -> Value {
    json!({"format": "lex-learning model", "version": 1, "info": {}, "classes": [], "libraries": {"numpy": "2"},
        "parts": {"model.onnx": {"bytes": document.len(), "sha256": hash(document)},
            "model.json": {"bytes": 2, "sha256": hash(b"{}")}}})
}

fn whole() -> Vec<u8> {
    let document = bytes(&description());
    archived(&manifest(&document).to_string(), &[("model.onnx", &document), ("model.json", b"{}")])
}

#[track_caller]
fn refused(data: &[u8]) -> String {
    match NativeModel::from_bytes(data).unwrap_err() {
        LexLearningError::InvalidModelFile(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_model_file_predicts_as_the_document_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.lex");
    std::fs::write(&path, whole()).unwrap();
    let model = NativeModel::load(&path).unwrap();
    assert_eq!(model.predict(&passenger()).unwrap(), survival().predict(&passenger()).unwrap());
    assert_eq!(model.info(), survival().info());
}

#[test]
fn the_document_is_found_among_other_parts() {
    let document = bytes(&description());
    let parts: [(&str, &[u8]); 3] = [("model.json", b"{}"), ("parts/0", b"PK\x03\x04"), ("model.onnx", &document)];
    assert!(NativeModel::from_bytes(&archived(&manifest(&document).to_string(), &parts)).is_ok());
}

#[test]
fn a_file_without_a_document_says_why() {
    let mut facts = manifest(&[]);
    facts["parts"].as_object_mut().unwrap().remove("model.onnx");
    let mut message = |reason: Value| {
        facts["without_onnx"] = reason;
        match NativeModel::from_bytes(&archived(&facts.to_string(), &[("model.json", b"{}")])).unwrap_err() {
            LexLearningError::ExportError(message) => message,
            other => panic!("{other:?}"),
        }
    };
    let text = message(json!("ONNX cannot express odd one, of weight 0.7"));
    assert!(text.contains("odd one, of weight 0.7") && text.contains("export_onnx_approximately"), "{text}");
    assert!(message(Value::Null).contains("before files held one"));
}

#[test]
fn every_cut_and_every_flipped_bit_is_noticed() {
    let whole = whole();
    for length in 0..whole.len() {
        refused(&whole[..length]);
    }
    for place in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        refused(&flipped);
    }
    assert!(refused(&[&whole[..], &[0]].concat()).contains("checksum"));
}

#[test]
fn a_large_file_is_checked_as_a_small_one_is() {
    let (document, parts) = (bytes(&description()), vec![7; 3 << 20]);
    let facts = manifest(&document).to_string();
    let whole = archived(&facts, &[("model.onnx", &document), ("parts/0", &parts)]);
    let model = NativeModel::from_bytes(&whole).unwrap();
    assert_eq!(model.predict(&passenger()).unwrap(), survival().predict(&passenger()).unwrap());
    let start = whole.len() - parts.len();
    for place in [0, 40, facts.len(), facts.len() + 200, start, whole.len() - 200, whole.len() - 70, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        refused(&flipped);
        // Also where the checksum is right again, the document has to be that of its own.
        if place > facts.len() + 100 && place < start - 200 {
            assert!(refused(&sealed(&flipped[..whole.len() - 84])).contains("not the one it lists"));
        }
    }
    assert!(refused(&whole[..whole.len() - 1]).contains("checksum"));
}

#[test]
fn forgeries_with_a_right_checksum_are_refused() {
    let document = bytes(&description());
    let with = |change: &dyn Fn(&mut Value)| {
        let mut facts = manifest(&document);
        change(&mut facts);
        refused(&archived(&facts.to_string(), &[("model.onnx", &document), ("model.json", b"{}")]))
    };
    assert!(with(&|facts| facts["version"] = json!(2)).contains("format 2"));
    assert!(with(&|facts| facts["format"] = json!("another")).contains("something else"));
    assert!(with(&|facts| facts["version"] = json!("1")).contains("cannot be read"));
    assert!(with(&|facts| facts["parts"] = json!([])).contains("cannot be read"));
    assert!(with(&|facts| facts["parts"]["model.onnx"]["bytes"] = json!(1e300)).contains("cannot be read"));
    assert!(with(&|facts| facts["parts"]["model.onnx"]["bytes"] = json!(1)).contains("not the one"));
    assert!(with(&|facts| facts["parts"]["model.onnx"]["sha256"] = json!(hash(b""))).contains("not the one"));
    let facts = manifest(&document).to_string();
    assert!(refused(&archived(&facts, &[])).contains("lacks"));
    assert!(refused(&archived(&facts, &[("model.onnx", &document[1..])])).contains("not the one"));
    let deep = "[".repeat(1 << 20);
    for text in ["", "{", "null", "[1]", &deep, &format!("{{\"format\":{deep}"), &format!("{{\"other\":{deep}")] {
        assert!(refused(&archived(text, &[("model.onnx", &document)])).contains("cannot be read"));
    }
    assert!(refused(&sealed(&stored("model.onnx", &document))).contains("manifest"));
    assert!(refused(&sealed(b"PK\x03\x04")).contains("manifest"));
    let nested = whole();
    refused(&archived(&manifest(&nested).to_string(), &[("model.onnx", &nested)]));
}

#[test]
fn headers_that_lie_are_refused() {
    let document = bytes(&description());
    let facts = manifest(&document).to_string();
    let start = stored("manifest.json", facts.as_bytes());
    for (place, lie) in [
        (8, &[8][..]),
        (18, &[0xff; 4]),
        (22, &[0xff; 4]),
        (18, &[0xff; 8]),
        (18, &[0; 8]),
        (26, &[0xff; 2]),
        (28, &[0xff; 2]),
        (0, b"PK\x01\x02"),
    ] {
        let mut part = stored("model.onnx", &document);
        part[place..place + lie.len()].copy_from_slice(lie);
        refused(&sealed(&[&start[..], &part].concat()));
        let mut first = start.clone();
        first[place..place + lie.len()].copy_from_slice(lie);
        refused(&sealed(&[&first[..], &stored("model.onnx", &document)].concat()));
    }
}

#[test]
fn mutations_with_a_right_checksum_are_refused_or_predict() {
    let (whole, mut random) = (whole(), Random(5));
    let body = &whole[..whole.len() - 84];
    for _ in 0..5_000 {
        let mut changed = body.to_vec();
        for _ in 0..=random.below(3) {
            let place = usize::try_from(random.below(changed.len() as u64)).unwrap();
            changed[place] = random.below(256).to_le_bytes()[0];
        }
        match NativeModel::from_bytes(&sealed(&changed)) {
            Ok(model) => drop(model.predict(&passenger())),
            Err(LexLearningError::InvalidModelFile(_) | LexLearningError::ExportError(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_pickle_is_told_from_other_files() {
    let pickle = [b"\x80\x04clex_learning.inference.model\nmodel_from_bytes\n\x8e", &whole()[..]].concat();
    assert!(refused(&pickle).contains("pickle"));
}
