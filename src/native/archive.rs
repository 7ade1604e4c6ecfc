//! The ONNX document in a `.lex` file: a zip archive, as `inference/archive.py` writes it.
//!
//! Its parts are stored as they are, one after the other, and it ends with a checksum of all before. So there is nothing
//! to unpack: a general reader would take archives of many other kinds, which then had to be refused here.

use std::thread::{self, Builder};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::invalid;
use crate::LexLearningError;

/// What every such file begins with, and each of its parts.
pub(super) const START: &[u8] = b"PK\x03\x04";
const SEAL: &[u8] = b"lex-learning sha256 ";
const HASH_BYTES: usize = 64;
const FORMAT: &str = "lex-learning model";
/// Of the whole file; that of the ONNX document is another.
const VERSION: u64 = 1;
const HEADER_BYTES: usize = 30;
/// From here on a thread is started for the checksum; it takes as long as a tenth of that.
const PARALLEL_BYTES: usize = 1 << 20;

/// What says how to read the rest.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

#[derive(Deserialize)]
struct Manifest {
    parts: Listed,
    without_onnx: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "model.onnx")]
    onnx: Option<Facts>,
}

#[derive(Deserialize)]
struct Facts {
    bytes: usize,
    sha256: String,
}

/// What `read` makes of the part `model.onnx`.
///
/// Of a large file, another core goes over the checksum meanwhile, which takes as long as all the rest: `read` must bear
/// any content, as a forged file has a right checksum too.
///
/// # Errors
///
/// * [`InvalidModelFile`](LexLearningError::InvalidModelFile): the file is cut, altered or something else.
/// * [`ExportError`](LexLearningError::ExportError): it holds no such part; tells why.
pub(super) fn with_document<Model>(
    bytes: &[u8],
    read: impl FnOnce(&[u8]) -> Result<Model, LexLearningError>,
) -> Result<Model, LexLearningError> {
    let altered = || refused("its checksum does not match; it is cut or altered");
    let (body, given) = unsealed(bytes).ok_or_else(altered)?;
    thread::scope(|scope| {
        let is_right = || hash(body).as_bytes() == given;
        let beside = if body.len() < PARALLEL_BYTES { None } else { Builder::new().spawn_scoped(scope, is_right).ok() };
        if beside.is_none() && !is_right() {
            return Err(altered());
        }
        let model = document(body).and_then(read);
        let is_right = beside.is_none_or(|beside| beside.join().unwrap_or(false));
        if is_right { model } else { Err(altered()) }
    })
}

fn document(mut rest: &[u8]) -> Result<&[u8], LexLearningError> {
    let Some((b"manifest.json", text)) = next_part(&mut rest) else {
        return Err(refused("it does not begin with its manifest"));
    };
    let Head { format, version } = json(text)?;
    if format != FORMAT {
        return Err(refused("its manifest is of something else"));
    }
    if version != VERSION {
        return Err(LexLearningError::InvalidModelFile(format!(
            "the file is of format {version}, and this version reads {VERSION}. Take a newer version of the library."
        )));
    }
    let Manifest { parts, without_onnx } = json(text)?;
    let Some(facts) = parts.onnx else {
        let reason = without_onnx.unwrap_or_else(|| "it was written before files held one".to_owned());
        return Err(LexLearningError::ExportError(format!(
            "the file holds no ONNX document to predict from: {reason}. Load it as a TrainedModel, and call \
             export_onnx, or export_onnx_approximately to leave out what ONNX cannot express."
        )));
    };
    while let Some((name, content)) = next_part(&mut rest) {
        if name == b"model.onnx" {
            let is_right = content.len() == facts.bytes && hash(content) == facts.sha256;
            return if is_right { Ok(content) } else { Err(refused("its ONNX document is not the one it lists")) };
        }
    }
    Err(refused("it lacks the ONNX document that it lists"))
}

/// What the checksum at the end is of, and the checksum.
fn unsealed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, given) = bytes.split_at_checked(bytes.len().checked_sub(HASH_BYTES)?)?;
    Some((rest.strip_suffix(SEAL)?, given))
}

/// In lower-case hexadecimal digits.
fn hash(content: &[u8]) -> String {
    let digits = Sha256::digest(content).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Takes a part: its name and its content; none where the parts end, or one is not stored as it is.
fn next_part<'a>(bytes: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
    let number = |place: usize, size: usize| {
        header[place..place + size].iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte))
    };
    let (method, packed, size) = (number(8, 2), number(18, 4), number(22, 4));
    if !header.starts_with(START) || method != 0 || packed != size {
        return None;
    }
    let (name, rest) = rest.split_at_checked(number(26, 2))?;
    let (content, rest) = rest.get(number(28, 2)..)?.split_at_checked(size)?;
    *bytes = rest;
    Some((name, content))
}

fn json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, LexLearningError> {
    serde_json::from_slice(text).map_err(|error| refused(&format!("its manifest cannot be read ({error})")))
}

fn refused(what: &str) -> LexLearningError {
    invalid(&format!("it begins as a .lex file, but {what}"))
}
