//! Tables and configurations that cannot work: a typed error that names the column.

use lex_learning::{LexLearningError, ProblemType};
use polars::prelude::*;

use crate::fixtures::{assert_invalid_data, quick, refused, table};

/// 40 rows: `x` counts, `y` is twice `x`, `kind` alternates.
fn frame() -> DataFrame {
    let numbers: Vec<f64> = (0..40).map(f64::from).collect();
    df!(
        "x" => &numbers,
        "y" => numbers.iter().map(|x| 2.0 * x).collect::<Vec<_>>(),
        "kind" => (0..40).map(|row| if row % 2 == 0 { "even" } else { "odd" }).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn with(column: Column) -> DataFrame {
    let mut frame = frame();
    frame.with_column(column).unwrap();
    frame
}

#[test]
fn a_missing_target_is_named() {
    let error = refused(quick(ProblemType::Classification).target_column("Survived"), &table("titanic"));
    assert_eq!(error, LexLearningError::TargetNotFound("Survived".to_owned()));
}

#[test]
fn nulls_nan_and_infinities_name_their_column() {
    for (value, word) in [(None, "null"), (Some(f64::NAN), "NaN"), (Some(f64::INFINITY), "infinite")] {
        let mut values: Vec<Option<f64>> = (0..40).map(|row| Some(f64::from(row))).collect();
        values[7] = value;
        let frame = with(Column::new("height".into(), values));
        let error = refused(quick(ProblemType::Classification).target_column("kind"), &frame);
        assert_invalid_data(&error, &["'height'", word]);
    }
}

#[test]
fn targets_that_cannot_be_learned_are_named() {
    let constant = with(Column::new("t".into(), vec!["a"; 40]));
    assert_invalid_data(&refused(quick(ProblemType::Classification), &constant), &["'t'", "single class"]);

    let mut labels = vec!["a"; 40];
    labels[3] = "rare";
    let rare = with(Column::new("t".into(), labels));
    assert_invalid_data(&refused(quick(ProblemType::Classification), &rare), &["'t'", "'rare'", "one row"]);

    let level = with(Column::new("t".into(), vec![1.5; 40]));
    assert_invalid_data(&refused(quick(ProblemType::Regression), &level), &["'t'", "constant"]);

    assert_invalid_data(&refused(quick(ProblemType::Regression), &frame()), &["'kind'", "regression"]);

    let many: Vec<i64> = (0..4000).map(|row| row % 2000).collect();
    let many = df!("x" => &many, "t" => &many).unwrap();
    assert_invalid_data(&refused(quick(ProblemType::Classification), &many), &["'t'", "2000 classes"]);
}

#[test]
fn tables_without_information_are_refused() {
    let error = refused(quick(ProblemType::Classification), &frame().head(Some(5)));
    assert_invalid_data(&error, &["5 rows", "5 folds"]);

    let mut constant = frame().select(["x", "kind"]).unwrap();
    constant.with_column(Column::new("x".into(), vec![1; 40])).unwrap();
    assert_invalid_data(&refused(quick(ProblemType::Classification), &constant), &["constant", "x"]);

    let alone = frame().select(["kind"]).unwrap();
    assert_invalid_data(&refused(quick(ProblemType::Classification), &alone), &["no feature", "'kind'"]);

    assert_invalid_data(&refused(quick(ProblemType::Classification), &frame().head(Some(0))), &["no rows"]);
    assert_invalid_data(&refused(quick(ProblemType::Classification), &DataFrame::empty()), &["no columns"]);
}

#[test]
fn columns_of_unsupported_types_are_named() {
    let days = Series::new("when".into(), (0..40).collect::<Vec<i64>>())
        .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
        .unwrap();
    let config = || quick(ProblemType::Classification).target_column("kind");
    assert_invalid_data(&refused(config(), &with(days.into_column())), &["'when'", "datetime"]);

    let lists: Vec<Series> = (0..40).map(|row| Series::new("".into(), [row, row + 1])).collect();
    assert_invalid_data(&refused(config(), &with(Column::new("nested".into(), lists))), &["'nested'"]);
}

#[test]
fn an_unknown_algorithm_is_refused_before_a_training() {
    let error = quick(ProblemType::Classification).algorithm("lgbm").build().unwrap_err();
    assert!(matches!(&error, LexLearningError::InvalidConfig(text) if text.contains("\"lightgbm\"")), "{error}");
    // Also if it was put there by hand.
    let mut config = quick(ProblemType::Classification).build().unwrap();
    config.algorithm = Some("ridge".to_owned());
    let error = lex_learning::Pipeline::builder().config(config).build().unwrap_err();
    assert!(matches!(error, LexLearningError::InvalidConfig(_)), "{error}");
}

#[test]
fn a_pipeline_without_a_configuration_is_refused() {
    let error = lex_learning::Pipeline::builder().build().unwrap_err();
    assert!(matches!(error, LexLearningError::InvalidConfig(_)));
}
