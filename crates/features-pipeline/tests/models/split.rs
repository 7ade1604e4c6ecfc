//! Which rows are tested on.

use features_pipeline::FeaturesError;
use features_pipeline::models::{ModelError, Split};

#[test]
fn a_seed_gives_these_rows_for_ever() {
    // Another result on any platform or in any release is a defect: people compare runs by their split.
    assert_eq!(Split::shuffled(10, 0.3, 42).unwrap().test, [3, 6, 8]);
    assert_eq!(Split::stratified(&[0, 0, 0, 0, 1, 1, 1, 1, 1, 1], 0.5, 42).unwrap().test, [1, 3, 5, 8, 9]);
}

#[test]
fn every_row_is_in_one_part() {
    for rows in [2_usize, 3, 10, 101] {
        for seed in 0..20 {
            let split = Split::shuffled(rows, 0.25, seed).unwrap();
            assert_eq!(split.test.len(), rows.div_ceil(4));
            assert!(split.test.is_sorted() && split.training.is_sorted());
            let mut all = [split.test, split.training].concat();
            all.sort_unstable();
            assert!(all.iter().map(|&row| row as usize).eq(0..rows));
        }
    }
    assert_eq!(Split::shuffled(10, 0.2, 1).unwrap().test.len(), 2);
    assert_eq!(Split::shuffled(30, 0.1, 1).unwrap().test.len(), 3);
}

#[test]
fn the_test_has_as_many_rows_as_that_of_scikit_learn() {
    // `len(train_test_split(range(rows), test_size=share)[1])` of scikit-learn: no product is corrected.
    for (rows, share, tests) in [
        (100, 0.07, 8),
        (100, 0.29, 29),
        (1000, 0.007, 7),
        (7, 0.33, 3),
        (150, 0.28, 43),
        (3, 0.1, 1),
        (1000, 0.001, 1),
        (50, 0.14, 8),
    ] {
        assert_eq!(Split::shuffled(rows, share, 1).unwrap().test.len(), tests, "{share} of {rows}");
    }
}

#[test]
fn each_row_is_drawn_as_often_as_the_others() {
    let mut drawn = [0_u32; 20];
    for seed in 0..2000 {
        for row in Split::shuffled(20, 0.25, seed).unwrap().test {
            drawn[row as usize] += 1;
        }
    }
    // 500 each, give or take five standard deviations.
    assert!(drawn.iter().all(|&count| count.abs_diff(500) < 100), "{drawn:?}");
}

#[test]
fn classes_are_in_both_parts_where_they_can() {
    let codes: Vec<usize> = (0..100).map(|row| if row == 0 { 2 } else { usize::from(row <= 2) }).collect();
    for seed in 0..20 {
        let split = Split::stratified(&codes, 0.2, seed).unwrap();
        let count = |class| split.test.iter().filter(|&&row| codes[row as usize] == class).count();
        assert_eq!((count(1), count(2)), (1, 0));
        assert!((19..=20).contains(&count(0)));
    }
}

#[test]
fn a_split_that_leaves_no_row_to_train_on_is_refused() {
    let error = Split::shuffled(1, 0.5, 0).unwrap_err();
    assert!(matches!(error, FeaturesError::Model(ModelError::TooFewRows { rows: 1, needed: 2, .. })));
    assert!(Split::shuffled(0, 0.5, 0).is_err());
    assert!(Split::stratified(&[], 0.5, 0).is_err());
}
