//! Explanations of single predictions, and of tables.

use std::sync::LazyLock;

use lex_learning::{Explanation, ExplanationSpace, LexLearningError, ProblemType, TrainedModel};
use polars::prelude::*;
use serde_json::json;

use crate::fixtures::{SALES, SURVIVAL, passenger, quick, table, trained};

/// Species of penguins by nearest neighbours, which have no exact explanation.
static SPECIES: LazyLock<TrainedModel> =
    LazyLock::new(|| trained(quick(ProblemType::Classification).algorithm("knn"), &table("penguins")));

fn total(explanation: &Explanation) -> f64 {
    explanation.base + explanation.contributions.values().sum::<f64>()
}

fn row_of(frame: &DataFrame, index: usize) -> serde_json::Value {
    let mut row = serde_json::Map::new();
    for column in frame.columns() {
        let value = column.get(index).unwrap();
        let json = value.get_str().map_or_else(|| json!(value.extract::<f64>()), |text| json!(text));
        row.insert(column.name().to_string(), json);
    }
    row.into()
}

fn number(frame: &DataFrame, column: &str, row: usize) -> f64 {
    frame.column(column).unwrap().f64().unwrap().get(row).unwrap()
}

#[test]
fn a_prediction_is_explained() {
    let explanation = SURVIVAL.explain(&passenger()).unwrap();
    assert_eq!(explanation.label.as_deref(), Some("survived"));
    assert_eq!(explanation.space, ExplanationSpace::LogOdds);
    assert_eq!(explanation.contributions.len(), 5);
    assert!(explanation.contributions["sex"] < 0.0, "men drowned");
    assert!((total(&explanation) - explanation.output).abs() < 1e-9);
    let share = SURVIVAL.predict(&passenger()).unwrap().probabilities["survived"];
    assert!((1.0 / (1.0 + (-explanation.output).exp()) - share).abs() < 1e-9);
    assert!(!explanation.approximate && explanation.warnings.is_empty() && explanation.by_class.is_empty());
    assert!(explanation.waterfall.starts_with(b"\x89PNG"));
}

#[test]
fn a_number_is_explained() {
    let seats = table("carseats");
    let row = row_of(&seats, 3);
    let explanation = SALES.explain(&row).unwrap();
    assert_eq!((explanation.label.as_deref(), explanation.space), (None, ExplanationSpace::Value));
    assert!((explanation.output - SALES.predict(&row).unwrap().value.unwrap()).abs() < 1e-9);
    assert!((total(&explanation) - explanation.output).abs() < 1e-9);
}

#[test]
fn several_classes_are_each_explained_and_an_estimate_says_that_it_is_one() {
    let row = row_of(&table("penguins"), 0);
    let explanation = SPECIES.explain(&row).unwrap();
    let predicted = SPECIES.predict(&row).unwrap();
    assert_eq!(explanation.label, predicted.label);
    assert_eq!(explanation.by_class.len(), 3);
    for (label, of_class) in &explanation.by_class {
        assert!((of_class.output - predicted.probabilities[label]).abs() < 1e-6);
        let total = of_class.base + of_class.contributions.values().sum::<f64>();
        assert!((total - of_class.output).abs() < 1e-9);
    }
    assert!(explanation.approximate);
    assert!(explanation.warnings.iter().any(|warning| warning.contains("estimates")), "{:?}", explanation.warnings);
    let again = TrainedModel::from_bytes(&SPECIES.to_bytes().unwrap()).unwrap().explain(&row).unwrap();
    assert_eq!(again, explanation, "a saved model brings the rows that it estimates by");
}

#[test]
fn a_table_is_explained_row_by_row() {
    let penguins = table("penguins").head(Some(20));
    let (explained, warnings) = SPECIES.explain_batch(&penguins).unwrap();
    assert_eq!(explained.height(), 20);
    assert!(warnings.iter().any(|warning| warning.contains("estimates")), "{warnings:?}");
    for index in [0, 7] {
        let alone = SPECIES.explain(&row_of(&penguins, index)).unwrap();
        for (column, expected) in &alone.contributions {
            assert!((number(&explained, column, index) - expected).abs() < 1e-9);
        }
        assert!((number(&explained, "base", index) - alone.base).abs() < 1e-9);
        assert!((number(&explained, "output", index) - alone.output).abs() < 1e-9);
        let class = explained.column("class").unwrap().get(index).unwrap();
        assert_eq!(class.get_str(), alone.label.as_deref());
        assert_eq!(explained.column("row").unwrap().i64().unwrap().get(index), Some(i64::try_from(index).unwrap()));
    }
}

#[test]
fn a_large_table_is_explained_in_part_and_that_is_told() {
    let titanic = table("titanic");
    let (explained, warnings) = SURVIVAL.explain_batch(&titanic).unwrap();
    assert_eq!(explained.height(), 1000);
    assert_eq!(warnings, ["1000 of 1309 rows were explained, a random part of them"]);
    let rows: Vec<i64> = explained.column("row").unwrap().i64().unwrap().into_no_null_iter().collect();
    assert!(rows.is_sorted() && rows.last() < Some(&1309));
    let (empty, warnings) = SURVIVAL.explain_batch(&titanic.head(Some(0))).unwrap();
    assert_eq!((empty.height(), warnings.len()), (0, 0));
    assert_eq!(empty.get_column_names(), ["pclass", "sex", "age", "sibsp", "parch", "base", "output", "row"]);
}

#[test]
fn what_does_not_fit_is_refused_by_column() {
    let mut row = passenger();
    row.as_object_mut().unwrap().remove("age");
    for error in [
        SURVIVAL.explain(&row).unwrap_err(),
        SURVIVAL.explain_batch(&table("titanic").drop("age").unwrap()).unwrap_err(),
    ] {
        assert!(matches!(error, LexLearningError::InferenceError(_)), "{error:?}");
        assert!(error.to_string().contains("'age'"), "{error}");
    }
}
