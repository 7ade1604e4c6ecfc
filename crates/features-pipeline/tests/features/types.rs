//! Values and types that are seldom, and must not be taken for others.

use features_pipeline::plan::FittedFeatures;
use features_pipeline::tables;
use polars::prelude::*;

use crate::{column, numbers, steps};

const ALL: [&str; 3] = ["mean", "share", "rate"];

fn by_key() -> &'static str {
    "
steps:
  - { type: group_aggregate, name: mean, column: x, by: [key], aggregate: mean }
  - { type: frequency_encoding, name: share, column: key }
  - { type: target_encoding, name: rate, column: key, target: x, folds: 2 }
"
}

fn stored(fitted: &FittedFeatures) -> FittedFeatures {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fitted.json");
    fitted.save(&path).unwrap();
    FittedFeatures::load(&path).unwrap()
}

#[test]
fn american_dates_are_read_as_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "day\n10/8/2014\n1/2/2012\n").unwrap();
    let table = tables::read(&path, &Default::default()).unwrap();
    let month = column(&table, "type: date_part, column: day, part: month, format: '%m/%d/%Y'");
    assert_eq!(numbers(&month), [Some(10.0), Some(1.0)]);
    let error = steps("steps: [{ type: date_part, name: x, column: day, part: month }]").apply(&table).unwrap_err();
    assert!(error.to_string().contains("10/8/2014"), "{error}");
    let iso = df!("day" => ["2014-08-10", "2012-02-01T12:30:00"]).unwrap();
    assert_eq!(numbers(&column(&iso, "type: date_part, column: day, part: hour")), [Some(0.0), Some(12.0)]);
}

#[test]
fn keys_are_what_they_were_when_they_come_from_a_file() {
    for key in [
        Column::new("key".into(), [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1.5]),
        Column::new("key".into(), [Some(u64::MAX), Some(u64::MAX - 1), None, Some(1)]),
        Column::new("key".into(), [Some(true), Some(false), None, Some(true)]),
    ] {
        let table = DataFrame::new(4, vec![key, Column::new("x".into(), [1.0, 2.0, 3.0, 5.0])]).unwrap();
        let fitted = steps(by_key()).fit(&table).unwrap();
        let result = fitted.apply(&table).unwrap();
        assert_eq!(result.height(), 4);
        assert_eq!(numbers(result.column("mean").unwrap())[1..3], [Some(2.0), Some(3.0)]);
        assert!(stored(&fitted).apply(&table).unwrap().equals_missing(&result));
    }
}

#[test]
fn new_rows_may_be_of_wider_or_narrower_types() {
    let training = df!("key" => [1_i64, 1, 2, 2], "x" => [1.0, 3.0, 5.0, 9.0]).unwrap();
    let fitted = stored(&steps(by_key()).fit(&training).unwrap());
    let expected = fitted.apply(&df!("key" => [2_i64, 7]).unwrap()).unwrap();
    assert_eq!(numbers(expected.column("mean").unwrap()), [Some(7.0), None]);
    for other in [
        df!("key" => [2.0, 7.5]).unwrap(),
        df!("key" => [2_u64, 7]).unwrap(),
        df!("key" => [2_i8, 7]).unwrap(),
        df!("key" => ["2", "7"]).unwrap(),
    ] {
        let result = fitted.apply(&other).unwrap();
        for name in ALL {
            assert_eq!(
                numbers(result.column(name).unwrap()),
                numbers(expected.column(name).unwrap()),
                "{name} {other}"
            );
        }
    }
    // A column without a value, as a CSV file gives it.
    let gap = df!("key" => [None::<&str>]).unwrap();
    assert_eq!(numbers(fitted.apply(&gap).unwrap().column("mean").unwrap()), [None]);
}

#[test]
fn levels_are_found_in_columns_of_any_type() {
    let encoding = "steps: [{ type: one_hot_encoding, name: is, column: a }]";
    for column in [
        Column::new("a".into(), [0.1_f32, 0.2]),
        Column::new("a".into(), [0.1_f64, 0.2]),
        Column::new("a".into(), [1_i8, 2]),
        Column::new("a".into(), [u64::MAX, 2]),
        Column::new("a".into(), [true, false]),
        Column::new("a".into(), [1_i64, 2]).cast(&DataType::Datetime(TimeUnit::Nanoseconds, None)).unwrap(),
        Column::new("a".into(), [1, 2]).cast(&DataType::Date).unwrap(),
    ] {
        let table = DataFrame::new(2, vec![column]).unwrap();
        let fitted = stored(&steps(encoding).fit(&table).unwrap());
        let result = fitted.apply(&table).unwrap();
        let ones: f64 = fitted.columns().iter().flat_map(|name| numbers(result.column(name).unwrap())).flatten().sum();
        assert_eq!(ones, 2.0, "{result}");
    }
    let floats = df!("a" => [1.0, 2.0, 3.0]).unwrap();
    let code = column(&floats, "type: ordinal_encoding, column: a, levels: [2, 1]");
    assert_eq!(numbers(&code), [Some(1.0), Some(0.0), None]);
    let rate = df!("a" => ["k", "k"], "y" => [1.0, 0.0]).unwrap();
    let fitted = steps("steps: [{ type: target_encoding, name: x, column: a, target: y, positive: 1, smoothing: 0 }]");
    assert_eq!(numbers(fitted.fit(&rate).unwrap().apply(&rate).unwrap().column("x").unwrap()), [Some(0.5); 2]);
    // Training on whole numbers that a later file writes with a point.
    let fitted = steps(encoding).fit(&df!("a" => [1_i64, 2]).unwrap()).unwrap();
    let result = fitted.apply(&df!("a" => [2.0]).unwrap()).unwrap();
    assert_eq!(numbers(result.column("is_2").unwrap()), [Some(1.0)]);
}

#[test]
fn sums_that_are_too_large() {
    let floats = df!("k" => [1, 1, 2], "v" => [1e308, 1e308, 1.0]).unwrap();
    let sum = "type: group_aggregate, column: v, by: [k], aggregate: sum";
    assert_eq!(numbers(&column(&floats, sum)), [None, None, Some(1.0)]);
    assert_eq!(numbers(&column(&floats, &format!("{sum}, fill: 0")))[0], Some(0.0));
    let so_far = column(&floats, "type: window, column: v, operation: cumulative_sum");
    assert_eq!(numbers(&so_far), [Some(1e308), None, None]);
    let integers = df!("k" => [1, 1], "v" => [i64::MAX, 1]).unwrap();
    assert_eq!(numbers(&column(&integers, sum)), [Some(2_f64.powi(63)); 2]);
    let unsigned = df!("k" => [1, 1], "v" => [u64::MAX, 1]).unwrap();
    assert_eq!(numbers(&column(&unsigned, sum)), [Some(2_f64.powi(64)); 2]);
}

#[test]
fn bins_of_many_equal_values() {
    let table = df!("a" => [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0]).unwrap();
    let bins = |fields: &str| numbers(&column(&table, &format!("type: binning, column: a, {fields}")));
    assert_eq!(bins("quantiles: 2"), [Some(0.0); 7]);
    assert_eq!(bins("quantiles: 4")[4..], [Some(0.0), Some(1.0), Some(1.0)]);
    assert_eq!(bins("quantiles: 4, closed: right")[4..], [Some(0.0), Some(1.0), Some(1.0)]);
    let labels = "steps: [{ type: binning, name: x, column: a, quantiles: 4, labels: [a, b, c, d] }]";
    assert!(steps(labels).apply(&table).unwrap_err().to_string().contains("labels: 4 are given"));
}

#[test]
fn a_constant_is_no_noise() {
    for value in [0.1, 1e9 + 0.1, -3.3e-5] {
        let table = df!("a" => [value; 3]).unwrap();
        for method in ["standard", "min_max", "robust"] {
            let scaled = column(&table, &format!("type: scaling, column: a, method: {method}"));
            assert!(numbers(&scaled).iter().all(|x| x.unwrap().abs() < 1e-6), "{value} {method}: {scaled:?}");
        }
    }
    let spoilt = df!("a" => [1.0, 3.0, f64::INFINITY]).unwrap();
    let fitted = steps("steps: [{ type: scaling, name: x, column: a, method: min_max }]").fit(&spoilt).unwrap();
    assert_eq!(numbers(stored(&fitted).apply(&spoilt).unwrap().column("x").unwrap()), [Some(0.0), Some(1.0), None]);
}

#[test]
fn nan_is_missing_in_conditions() {
    let table = df!("a" => [1.0, 9.0, f64::NAN]).unwrap();
    let when = |condition: &str| {
        numbers(&column(&table, &format!("type: conditional, cases: [{{ when: {condition}, then: 1 }}], otherwise: 0")))
    };
    assert_eq!(when("{ column: a, greater_than: 5 }"), [Some(0.0), Some(1.0), Some(0.0)]);
    assert_eq!(when("{ column: a, is_missing: true }"), [Some(0.0), Some(0.0), Some(1.0)]);
    assert_eq!(when("{ column: a, is_missing: false }"), [Some(1.0), Some(1.0), Some(0.0)]);
}

#[test]
fn conditions_on_dates_and_of_the_wrong_type() {
    let table = df!("day" => ["2020-05-31", "2020-06-02"], "n" => [1, 2]).unwrap();
    let table = table.lazy().with_column(col("day").cast(DataType::Date)).collect().unwrap();
    let fields = "type: conditional, otherwise: 0, cases:";
    let late = column(&table, &format!("{fields} [{{ when: {{ column: day, greater_than: 2020-06-01 }}, then: 1 }}]"));
    assert_eq!(numbers(&late), [Some(0.0), Some(1.0)]);
    for (condition, expected) in [
        ("{ column: n, equals: '1' }", "equals: the column 'n' is of the type i32, expected a number"),
        ("{ column: day, less_than: 3 }", "less_than: the column 'day' is of the type date, expected a date"),
    ] {
        let yaml = format!("steps:\n  - {{ name: x, {fields} [{{ when: {condition}, then: 1 }}] }}\n");
        let error = steps(&yaml).apply(&table).unwrap_err();
        assert_eq!(error.code(), "configuration.invalid");
        assert!(error.to_string().contains(expected) && error.to_string().contains(":2:"), "{error}");
    }
    let fill = "steps: [{ type: group_aggregate, name: x, column: n, by: [day], aggregate: mean, fill: none }]";
    assert!(steps(fill).apply(&table).unwrap_err().to_string().contains("fill: expected a value of the type f64"));
}

#[test]
fn rows_of_the_same_time_count_up_to_the_row() {
    let table = df!(
        "day" => ["2020-01-01", "2020-01-01", "2020-01-05", "2020-01-08", "2020-01-08", "2020-01-20"],
        "v" => [Some(1.0), Some(2.0), None, Some(8.0), Some(4.0), Some(5.0)],
    )
    .unwrap();
    let rolling = |operation: &str| {
        numbers(&column(&table, &format!("type: window, column: v, operation: {operation}, order_by: day, window: 7d")))
    };
    // What pandas' rolling("7D") gives.
    let some = |values: [f64; 6]| values.map(Some);
    assert_eq!(rolling("rolling_sum"), some([1.0, 3.0, 3.0, 8.0, 12.0, 5.0]));
    assert_eq!(rolling("rolling_mean"), some([1.0, 1.5, 1.5, 8.0, 6.0, 5.0]));
    assert_eq!(rolling("rolling_min"), some([1.0, 1.0, 1.0, 8.0, 4.0, 5.0]));
    assert_eq!(rolling("rolling_max"), some([1.0, 2.0, 2.0, 8.0, 8.0, 5.0]));
    let deviation = [None, Some(0.5_f64.sqrt()), Some(0.5_f64.sqrt()), None, Some(8_f64.sqrt()), None];
    assert_eq!(rolling("rolling_std"), deviation);
}

#[test]
fn decimals_and_categories_of_parquet_files() {
    let table = df!("price" => [1.25, 2.5], "kind" => ["a", "b"]).unwrap().lazy();
    let decimal = col("price").cast(DataType::Decimal(10, 2));
    let category = col("kind").cast(DataType::from_categories(Categories::global()));
    let table = table.with_columns([decimal, category]).collect().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    tables::write(&table, &path).unwrap();
    let table = tables::read(&path, &Default::default()).unwrap();
    let doubled = column(&table, "type: arithmetic, left: price, operation: multiply, right: 2");
    assert_eq!(numbers(&doubled), [Some(2.5), Some(5.0)]);
    let code = column(&table, "type: ordinal_encoding, column: kind");
    assert_eq!(numbers(&code), [Some(0.0), Some(1.0)]);
}

#[test]
fn an_encoding_may_begin_as_its_column_does() {
    let table = df!("item" => ["a", "b"], "item_type" => ["x", "y"]).unwrap();
    let yaml = "
steps:
  - { type: one_hot_encoding, name: item_kind, column: item_type }
  - { type: one_hot_encoding, name: item, column: item_type }
  - { type: one_hot_encoding, name: kind, column: item }
  - { type: group_aggregate, name: rows, column: item, by: [item_type], aggregate: count }
";
    let result = steps(yaml).apply(&table).unwrap();
    assert_eq!(numbers(result.column("item_x").unwrap()), [Some(1.0), Some(0.0)]);
    let own = steps("steps: [{ type: one_hot_encoding, name: item, column: item }]").apply(&table).unwrap();
    assert_eq!(numbers(own.column("item_b").unwrap()), [Some(0.0), Some(1.0)]);
    let twice = "steps: [{ type: group_aggregate, name: x, column: item, by: [item, item], aggregate: count }]";
    assert!(crate::error(twice).to_string().contains("named twice"));
}

#[test]
fn windows_reach_over_the_rows_of_the_test() {
    let table = df!("x" => [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "k" => ["a", "b", "a", "b", "a", "b"]).unwrap();
    let yaml = "
steps:
  - { type: window, name: before, column: x, operation: lag }
  - { type: group_aggregate, name: mean, column: x, by: [k], aggregate: mean }
  - { type: target_encoding, name: rate, column: k, target: x, folds: 2, smoothing: 0 }
";
    let marks = [true, true, false, true, true, false];
    let training = BooleanChunked::from_slice("".into(), &marks);
    let (fitted, result) = steps(yaml).fit_apply_where(&table, &training).unwrap();
    let found = |name: &str| numbers(result.column(name).unwrap());
    assert_eq!(found("before"), [None, Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(5.0)]);
    assert_eq!(found("mean"), [3.0, 3.0, 3.0, 3.0, 3.0, 3.0].map(Some));
    let (alone, of_training) = steps(yaml).fit_apply(&table.filter(&training).unwrap()).unwrap();
    let of_marked = result.filter(&training).unwrap();
    assert_eq!(numbers(of_marked.column("rate").unwrap()), numbers(of_training.column("rate").unwrap()));
    let others = alone.apply(&table.filter(&!&training).unwrap()).unwrap();
    let of_others = result.filter(&!&training).unwrap();
    assert_eq!(numbers(of_others.column("rate").unwrap()), numbers(others.column("rate").unwrap()));
    assert!(fitted.apply(&table).unwrap().equals_missing(&alone.apply(&table).unwrap()));
    let none = BooleanChunked::from_slice("".into(), &[false; 6]);
    assert_eq!(steps(yaml).fit_apply_where(&table, &none).unwrap_err().code(), "data.invalid");
}
