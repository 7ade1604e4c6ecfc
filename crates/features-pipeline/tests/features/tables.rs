//! Tables, in and out.

use std::fs;

use features_pipeline::FeaturesError;
use features_pipeline::tables::{self, ReadOptions};
use polars::prelude::*;

fn csv(text: impl AsRef<[u8]>) -> Result<DataFrame, FeaturesError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    fs::write(&path, text).unwrap();
    tables::read(&path, &ReadOptions::default())
}

#[test]
fn delimiters_are_guessed() {
    for delimiter in [",", ";", "\t", "|"] {
        let text = "name,a b,x\n\"Chad, N;\t|\",1,2\nFiji,3,4\n".replace(',', delimiter);
        let text = text.replace(&format!("Chad{delimiter}"), "Chad,");
        let table = csv(&text).unwrap();
        assert_eq!(table.get_column_names(), ["name", "a b", "x"], "{delimiter}");
        assert_eq!(table.height(), 2);
    }
    assert_eq!(csv("a\n1\n2\n").unwrap().shape(), (2, 1));
}

#[test]
fn marks_quotes_and_gaps() {
    let table = csv("\u{feff}a,b\r\n\"one\r\nline, and \"\"another\"\"\",1\r\n,2.5\r\n").unwrap();
    assert_eq!(table.get_column_names(), ["a", "b"]);
    let texts: Vec<_> = table.column("a").unwrap().str().unwrap().iter().collect();
    assert_eq!(texts, [Some("one\r\nline, and \"another\""), None]);
    assert_eq!(table.column("b").unwrap().f64().unwrap().to_vec(), [Some(1.0), Some(2.5)]);
}

#[test]
fn a_ragged_row_is_named() {
    for row in ["3", "3,4,5"] {
        let error = csv(format!("a,b\n\"1\n1\",2\n{row}\n5,6\n")).unwrap_err();
        assert_eq!(error.code(), "table.invalid");
        let fields = row.split(',').count();
        assert!(
            error.to_string().contains(&format!("row 2 (line 4) has {fields} fields, and the header has 2")),
            "{error}"
        );
    }
}

#[test]
fn a_type_that_only_later_rows_tell() {
    let mut text = "a\n".to_owned() + &"1\n".repeat(20_000);
    text.push_str("2.5\n");
    let table = csv(&text).unwrap();
    assert_eq!(table.column("a").unwrap().dtype(), &DataType::Float64);
}

#[test]
fn files_that_are_no_tables() {
    assert_eq!(csv("").unwrap_err().code(), "table.invalid");
    assert_eq!(csv("a,b\n").unwrap().height(), 0);
    let folder = tempfile::tempdir().unwrap();
    let missing = tables::read(folder.path().join("none.csv"), &ReadOptions::default()).unwrap_err();
    assert_eq!(missing.code(), "file.failed");
    for name in ["a.parquet", "a.arrow", "a.xlsx"] {
        let path = folder.path().join(name);
        fs::write(&path, "no table").unwrap();
        assert_eq!(tables::read(&path, &ReadOptions::default()).unwrap_err().code(), "table.invalid", "{name}");
    }
}

#[test]
fn every_format_comes_back() {
    let table = df!("a" => [Some("x"), None], "b" => [1.5, 2.0], "c" => [true, false]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.csv", "a.parquet", "a.arrow", "a.feather"] {
        let path = folder.path().join(name);
        tables::write(&table, &path).unwrap();
        assert!(tables::read(&path, &ReadOptions::default()).unwrap().equals_missing(&table), "{name}");
    }
    // Nothing unfinished is left.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let table = df!("a" => [1, 2]).unwrap();
    tables::write(&table, &path).unwrap();
    let failing = table.clone().lazy().with_column(lit("x").strict_cast(DataType::Int64).alias("b"));
    let error = tables::sink(failing, &path).unwrap_err();
    assert_eq!(error.code(), "polars.failed");
    assert!(error.to_string().starts_with("computing the table: conversion from `str` to `i64` failed"), "{error}");
    assert!(!error.to_string().contains("strict=False"), "{error}");
    assert!(tables::read(&path, &ReadOptions::default()).unwrap().equals_missing(&table));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
