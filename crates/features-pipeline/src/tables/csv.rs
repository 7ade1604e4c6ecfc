//! CSV files: which delimiter they have, and whether all rows are as long as the header.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use polars::prelude::*;

use super::{ReadOptions, reference, unreadable};
use crate::error::{FeaturesError, Result};

/// The rows that types are inferred from at first.
const INFERRED_ROWS: usize = 10_000;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
const QUOTE: u8 = b'"';
const GUESSED_LINES: usize = 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A plan that reads the file of so many rows.
pub(super) fn scan(path: &Path, options: &ReadOptions, rows: u64) -> Result<LazyFrame> {
    let first_rows = infer(path, options, Some(INFERRED_ROWS))?;
    // A later row may be of a wider type: with that of the first ones, reading would fail half-way.
    if rows > INFERRED_ROWS as u64 {
        let read_all = first_rows.clone().select([all().as_expr().null_count()]);
        if read_all.collect_with_engine(Engine::Streaming).is_err() {
            return infer(path, options, None);
        }
    }
    Ok(first_rows)
}

/// `inferred_rows`: how many rows tell the types; all where it is `None`.
fn infer(path: &Path, options: &ReadOptions, inferred_rows: Option<usize>) -> Result<LazyFrame> {
    LazyCsvReader::new(reference(path)?)
        .with_separator(delimiter(path, options)?)
        .with_infer_schema_length(inferred_rows)
        .with_glob(false)
        .finish()
        .map_err(unreadable(path))
}

/// Refuses a file with a row that has another number of fields than its header: Polars would fill it up with nulls. Returns
/// how many rows there are, the header among them.
pub(super) fn check_rows(path: &Path, options: &ReadOptions) -> Result<u64> {
    let delimiter = delimiter(path, options)?;
    let mut records = Records::open(path)?;
    let mut expected = None;
    let mut row = 0_u64;
    while let Some(line) = records.next()? {
        let fields = 1 + records.count(delimiter);
        // A line without anything is no row, unless one empty field is all that a row has.
        let blank = records.record.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        match expected {
            None => expected = Some(fields),
            Some(expected) if fields != expected && !blank => {
                return Err(FeaturesError::table(
                    path,
                    format!("row {row} (line {line}) has {fields} fields, and the header has {expected}"),
                    "quote fields that hold the delimiter or a line break; give the delimiter if it was guessed wrongly",
                ));
            }
            Some(_) => {}
        }
        row += 1;
    }
    Ok(row)
}

/// The delimiter that was given; else the one that is found equally often, and at least once, in each of the first lines.
fn delimiter(path: &Path, options: &ReadOptions) -> Result<u8> {
    if let Some(delimiter) = options.delimiter {
        return u8::try_from(delimiter).ok().filter(u8::is_ascii).ok_or_else(|| {
            FeaturesError::table(path, format!("the delimiter '{delimiter}' is not ASCII"), "leave it out")
        });
    }
    let mut records = Records::open(path)?;
    let mut counts: Vec<[usize; DELIMITERS.len()]> = Vec::new();
    while counts.len() < GUESSED_LINES && records.next()?.is_some() {
        counts.push(DELIMITERS.map(|delimiter| records.count(delimiter)));
    }
    let first = counts.first().copied().unwrap_or_default();
    let steady = |index: &usize| first[*index] > 0 && counts.iter().all(|count| count[*index] == first[*index]);
    let most = |index: &usize| first[*index];
    // In a file with a ragged row none is steady: the header tells.
    let best = (0..DELIMITERS.len()).rev().filter(steady).max_by_key(most);
    Ok(DELIMITERS[best.or_else(|| (0..DELIMITERS.len()).rev().max_by_key(most)).unwrap_or(0)])
}

/// The records of a file, one at a time; line breaks within quotes do not end one.
struct Records<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    record: Vec<u8>,
    lines: u64,
    quoted: bool,
}

impl<'a> Records<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| FeaturesError::io(path, source))?;
        Ok(Self { path, reader: BufReader::with_capacity(1 << 18, file), record: Vec::new(), lines: 0, quoted: false })
    }

    /// Reads the next record: the number of its first line.
    fn next(&mut self) -> Result<Option<u64>> {
        self.record.clear();
        let first_line = self.lines + 1;
        loop {
            let start = self.record.len();
            let read = self.reader.read_until(b'\n', &mut self.record);
            if read.map_err(|source| FeaturesError::io(self.path, source))? == 0 {
                return Ok((!self.record.is_empty()).then_some(first_line));
            }
            if self.lines == 0 && self.record.starts_with(BYTE_ORDER_MARK) {
                self.record.drain(..BYTE_ORDER_MARK.len());
            }
            self.lines += 1;
            let quotes = count(&self.record[start..], QUOTE);
            self.quoted ^= quotes % 2 == 1;
            if !self.quoted {
                return Ok(Some(first_line));
            }
        }
    }

    /// How often a byte is in the record, outside of quotes.
    fn count(&self, wanted: u8) -> usize {
        if !self.record.contains(&QUOTE) {
            return count(&self.record, wanted);
        }
        let mut quoted = false;
        self.record
            .iter()
            .filter(|byte| {
                quoted ^= **byte == QUOTE;
                !quoted && **byte == wanted
            })
            .count()
    }
}

/// Sums, which the compiler does for many bytes at once.
fn count(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().map(|byte| usize::from(*byte == wanted)).sum()
}
