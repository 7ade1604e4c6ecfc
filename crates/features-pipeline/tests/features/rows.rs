//! Kinds and cases that the Titanic has no columns for, on small tables whose results are plain to see.

use polars::prelude::*;

use crate::{column, numbers, steps, texts};

fn dates() -> DataFrame {
    df!(
        "Order Date" => ["1/31/2012", "10/8/2014", "2/29/2016", "12/30/2018"],
        "Ship Date" => ["2/2/2012", "10/8/2014", "3/1/2016", "1/1/2019"],
        "when" => ["2020-01-01 23:59:58", "2020-01-02 00:00:10", "2020-01-02 12:00:00", "2020-01-04 12:00:00"],
        "shop" => ["a", "b", "a", "a"],
        "units" => [1.0, 2.0, 3.0, 4.0],
    )
    .unwrap()
}

#[test]
fn parts_of_dates() {
    let part = |part: &str| {
        let fields = format!("type: date_part, column: Order Date, format: '%m/%d/%Y', part: {part}");
        numbers(&column(&dates(), &fields)).into_iter().map(Option::unwrap).collect::<Vec<f64>>()
    };
    assert_eq!(part("year"), [2012.0, 2014.0, 2016.0, 2018.0]);
    assert_eq!(part("quarter"), [1.0, 4.0, 1.0, 4.0]);
    assert_eq!(part("month"), [1.0, 10.0, 2.0, 12.0]);
    assert_eq!(part("day"), [31.0, 8.0, 29.0, 30.0]);
    assert_eq!(part("day_of_year"), [31.0, 281.0, 60.0, 364.0]);
    // A Tuesday, a Wednesday, a Monday, a Sunday.
    assert_eq!(part("weekday"), [2.0, 3.0, 1.0, 7.0]);
    assert_eq!(part("is_weekend"), [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(part("week"), [5.0, 41.0, 9.0, 52.0]);
    assert_eq!(part("hour"), [0.0; 4]);
    let time = |part: &str| {
        let fields = format!("type: date_part, column: when, format: '%Y-%m-%d %H:%M:%S', part: {part}");
        numbers(&column(&dates(), &fields)).into_iter().map(Option::unwrap).collect::<Vec<f64>>()
    };
    assert_eq!(time("hour"), [23.0, 0.0, 12.0, 12.0]);
    assert_eq!(time("minute"), [59.0, 0.0, 0.0, 0.0]);
    assert_eq!(time("second"), [58.0, 10.0, 0.0, 0.0]);
}

#[test]
fn differences_of_dates() {
    let fields = "type: date_difference, from: Order Date, to: Ship Date, format: '%m/%d/%Y'";
    assert_eq!(numbers(&column(&dates(), fields)), [Some(2.0), Some(0.0), Some(1.0), Some(2.0)]);
    let hours = format!("{fields}, unit: hours");
    assert_eq!(numbers(&column(&dates(), &hours)), [Some(48.0), Some(0.0), Some(24.0), Some(48.0)]);
}

#[test]
fn windows_of_time() {
    let fields = "type: window, column: units, operation: rolling_sum, order_by: when, format: '%Y-%m-%d %H:%M:%S'";
    let all = column(&dates(), &format!("{fields}, window: 1d"));
    assert_eq!(numbers(&all), [Some(1.0), Some(3.0), Some(6.0), Some(4.0)]);
    let by_shop = column(&dates(), &format!("{fields}, window: 2d, by: [shop]"));
    // The second row of shop a is exactly two days before the third: it does not count.
    assert_eq!(numbers(&by_shop), [Some(1.0), Some(2.0), Some(4.0), Some(4.0)]);
}

#[test]
fn the_order_of_rows_is_the_column_that_is_named() {
    let rows = df!("shop" => ["a", "a", "b", "a"], "day" => [3, 1, 1, 2], "units" => [30, 10, 7, 20]).unwrap();
    let lag = column(&rows, "type: window, column: units, operation: lag, by: [shop], order_by: day");
    assert_eq!(numbers(&lag), [Some(20.0), None, None, Some(10.0)]);
    let sum = column(&rows, "type: window, column: units, operation: cumulative_sum, order_by: day");
    assert_eq!(numbers(&sum)[0], Some(67.0));
}

#[test]
fn nothing_is_infinite() {
    let rows = df!("a" => [1.0, -1.0, 0.0, f64::NAN, 1e300], "b" => [0.0, 0.0, 0.0, 1.0, 1e-300]).unwrap();
    let ratio = column(&rows, "type: ratio, numerator: a, denominator: b");
    assert_eq!(numbers(&ratio), [None; 5]);
    let filled = column(&rows, "type: ratio, numerator: a, denominator: b, fill: 0.5");
    assert_eq!(numbers(&filled), [Some(0.5); 5]);
    let power = column(&rows, "type: arithmetic, left: a, operation: multiply, right: 1e300");
    assert_eq!(numbers(&power)[4], None);
    let log = column(&rows, "type: scaling, column: a, method: log, fill: -9");
    assert_eq!(numbers(&log)[1..4], [Some(-9.0), Some(0.0), Some(-9.0)]);
    let constant = df!("a" => [3.0, 3.0]).unwrap();
    for method in ["standard", "min_max", "robust"] {
        let scaled = column(&constant, &format!("type: scaling, column: a, method: {method}"));
        assert_eq!(numbers(&scaled), [Some(0.0); 2], "{method}");
    }
}

#[test]
fn groups_of_any_type() {
    let rows = df!(
        "truth" => [Some(true), None, Some(true), None],
        "float" => [1.5, f64::NAN, 1.5, f64::NAN],
        "small" => [1_i32, 2, 1, 2],
        "units" => [1, 2, 3, 4],
    )
    .unwrap();
    for by in ["truth", "float", "small", "truth, small"] {
        let mean = column(&rows, &format!("type: group_aggregate, column: units, by: [{by}], aggregate: mean"));
        assert_eq!(numbers(&mean), [Some(2.0), Some(3.0), Some(2.0), Some(3.0)], "{by}");
    }
    let wide = df!("a" => [i32::MAX, i32::MAX]).unwrap();
    let sum = column(&wide, "type: group_aggregate, column: a, by: [a], aggregate: sum");
    assert_eq!(numbers(&sum), [Some(2.0 * f64::from(i32::MAX)); 2]);
    let rows = rows.lazy().with_column(col("small").cast(DataType::Date).alias("date")).collect().unwrap();
    let greatest = column(&rows, "type: group_aggregate, column: date, by: [truth], aggregate: max");
    assert_eq!(greatest.dtype(), &DataType::Date);
    let sum = column(&rows, "type: group_aggregate, column: truth, by: [small], aggregate: sum");
    assert_eq!(numbers(&sum), [Some(2.0), Some(0.0), Some(2.0), Some(0.0)]);
}

#[test]
fn columns_of_one_type_and_another() {
    let rows = df!("a" => [Some("x"), None, Some("ÄÖ ü")], "n" => [1, 2, 3]).unwrap();
    assert_eq!(numbers(&column(&rows, "type: text, column: a, operation: length")), [Some(1.0), None, Some(4.0)]);
    assert_eq!(numbers(&column(&rows, "type: text, column: a, operation: words")), [Some(1.0), None, Some(2.0)]);
    let dotted = column(&rows, "type: text, column: a, operation: contains, pattern: '.', literal: true");
    assert_eq!(numbers(&dotted), [Some(0.0), None, Some(0.0)]);
    let both = column(&rows, "type: interaction, columns: [a, n], kind: combination");
    assert_eq!(texts(&both), [Some("x_1".to_owned()), None, Some("ÄÖ ü_3".to_owned())]);
    let label = column(&rows, "type: conditional, cases: [{ when: { column: a, is_missing: true }, then: none }]");
    assert_eq!(texts(&label), [None, Some("none".to_owned()), None]);
}

#[test]
fn the_feature_that_cannot_be_computed_is_named() {
    let table = df!("a" => [1, 2], "from" => ["2024-01-01", "2024-01-02"], "to" => ["2024-02-01", "soon"]).unwrap();
    let steps = steps(
        "
steps:
  - { type: ratio, name: half, numerator: a, denominator: days }
  - { type: date_difference, name: days, from: from, to: to }
",
    );
    let fitted = steps.fit(&table.head(Some(1))).unwrap();
    for error in [steps.apply(&table).unwrap_err(), fitted.apply(&table).unwrap_err()] {
        assert_eq!(error.code(), "feature.failed");
        let text = error.to_string();
        assert!(text.starts_with("<text>:4:5: the feature 'days' cannot be computed: "), "{text}");
        assert!(text.contains("soon") && !text.contains("strict=False") && text.lines().count() == 1, "{text}");
    }
}
