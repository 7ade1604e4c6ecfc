//! Each operator beside what ONNX says of it.

use std::slice;

use lex_learning::{LexLearningError, NativeModel};

use crate::file::{Message, bytes, doubles, integers, list, model, node, setting, value};

type Compute = fn(f64) -> f64;

/// The output for the row (a, b) of nodes that end in `y`, of any shape for a row: the sum of its elements.
#[track_caller]
fn assert_gives(nodes: &[Message], constants: &[(&str, Message)], row: [f64; 2], expected: f64) {
    let found = value(&model(2, nodes, constants), &row);
    assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
}

/// One operator of the matrix (a, b), and the sum of what it gives.
fn of_matrix(operator: &str, others: &[&str], attributes: &[Message]) -> Vec<Message> {
    let inputs = [&["features"], others].concat();
    vec![
        node(operator, &inputs, &["found"], attributes),
        node("ReduceSum", &["found", "one"], &["output"], &[setting("keepdims", 1)]),
    ]
}

#[test]
fn operators_of_single_elements() {
    let one = ("one", integers(&[1], &[1]));
    let cases: [(&str, Compute); 8] = [
        ("Neg", |x| -x),
        ("Sqrt", f64::sqrt),
        ("Exp", f64::exp),
        ("Log", f64::ln),
        ("Cos", f64::cos),
        ("Abs", f64::abs),
        ("Floor", f64::floor),
        ("Sigmoid", |x| 1.0 / (1.0 + (-x).exp())),
    ];
    for (operator, compute) in cases {
        assert_gives(&of_matrix(operator, &[], &[]), slice::from_ref(&one), [0.7, 2.5], compute(0.7) + compute(2.5));
    }
    let nodes = [
        node("Cast", &["features"], &["single"], &[setting("to", 1)]),
        node("Cast", &["single"], &["double"], &[setting("to", 11)]),
        node("ReduceSum", &["double", "one"], &["output"], &[]),
    ];
    assert_gives(&nodes, &[one], [0.1, 1.0], f64::from(0.1_f32) + 1.0);
}

#[test]
fn operators_of_two_elements_stretch() {
    let one = ("one", integers(&[1], &[1]));
    let cases: [(&str, f64); 7] = [
        ("Add", 3.0 + 10.0 + 2.0 + 5.0),
        ("Sub", 3.0 - 10.0 + 2.0 - 5.0),
        ("Mul", 40.0),
        ("Div", 0.3 + 0.4),
        ("Pow", 59_049.0 + 32.0),
        ("Min", 3.0 + 2.0),
        ("Max", 10.0 + 5.0),
    ];
    for (operator, expected) in cases {
        let constants = [one.clone(), ("other", doubles(&[2], &[10.0, 5.0]))];
        assert_gives(&of_matrix(operator, &["other"], &[]), &constants, [3.0, 2.0], expected);
    }
}

#[test]
fn comparisons_choose() {
    let constants =
        [("one", integers(&[1], &[1])), ("two", doubles(&[], &[2.0])), ("no", doubles(&[1, 2], &[100.0, 1000.0]))];
    let cases = [
        ("Less", 1.0 + 1000.0),
        ("LessOrEqual", 3.0),
        ("Greater", 1100.0),
        ("GreaterOrEqual", 102.0),
        ("Equal", 102.0),
    ];
    for (operator, expected) in cases {
        let nodes = [
            node(operator, &["features", "two"], &["test"], &[]),
            node("Where", &["test", "features", "no"], &["found"], &[]),
            node("ReduceSum", &["found", "one"], &["output"], &[]),
        ];
        assert_gives(&nodes, &constants, [1.0, 2.0], expected);
    }
    let missing = [
        node("IsNaN", &["features"], &["test"], &[]),
        node("Not", &["test"], &["known"], &[]),
        node("Or", &["test", "known"], &["all"], &[]),
        node("And", &["all", "test"], &["again"], &[]),
        node("Where", &["again", "two", "features"], &["found"], &[]),
        node("ReduceSum", &["found", "one"], &["output"], &[]),
    ];
    assert_gives(&missing, &constants, [f64::NAN, 7.0], 9.0);
}

#[test]
fn what_moves_elements() {
    let one = ("one", integers(&[1], &[1]));
    let nodes = [
        node("Unsqueeze", &["features", "axis"], &["tall"], &[]),
        node("Mul", &["tall", "table"], &["cube"], &[]),
        node("Transpose", &["cube"], &["turned"], &[list("perm", &[1, 0, 2])]),
        node("MatMul", &["turned", "batch"], &["mixed"], &[]),
        node("Transpose", &["mixed"], &["back"], &[list("perm", &[1, 0, 2])]),
        node("Reshape", &["back", "flat"], &["wide"], &[]),
        node("Gather", &["wide", "places"], &["some"], &[setting("axis", 1)]),
        node("Concat", &["some", "features"], &["joined"], &[setting("axis", 1)]),
        node("ReduceSum", &["joined", "one"], &["output"], &[]),
    ];
    // Element (i, j) of the product is x[i] * (table[i, 0] * batch[i, 0, j] + table[i, 1] * batch[i, 1, j]).
    let constants = [
        one,
        ("axis", integers(&[1], &[2])),
        ("table", doubles(&[2, 2], &[1.0, 2.0, 3.0, 4.0])),
        ("batch", doubles(&[2, 2, 2], &[1.0, 0.0, 0.0, 1.0, 5.0, 6.0, 7.0, 8.0])),
        ("flat", integers(&[2], &[-1, 4])),
        ("places", integers(&[3], &[0, -1, 2])),
    ];
    let (a, b) = (2.0, 3.0);
    let expected = a * 1.0 + b * (3.0 * 6.0 + 4.0 * 8.0) + b * (3.0 * 5.0 + 4.0 * 7.0) + a + b;
    assert_gives(&nodes, &constants, [a, b], expected);
}

#[test]
fn what_reduces() {
    let one = ("one", integers(&[1], &[1]));
    assert_gives(&[node("ReduceMax", &["features", "one"], &["output"], &[])], slice::from_ref(&one), [3.0, 8.0], 8.0);
    assert_gives(&[node("ReduceMean", &["features", "one"], &["output"], &[])], slice::from_ref(&one), [3.0, 8.0], 5.5);
    let softmax = [
        node("Softmax", &["features"], &["shares"], &[setting("axis", -1)]),
        node("Gather", &["shares", "one"], &["output"], &[setting("axis", 1)]),
    ];
    assert_gives(&softmax, slice::from_ref(&one), [1.0, 3.0], 1.0 / (1.0 + (-2.0_f64).exp()));
    let nearest = [
        node("TopK", &["features", "one"], &["least", "place"], &[setting("largest", 0)]),
        node("Cast", &["place"], &["number"], &[setting("to", 11)]),
        node("Mul", &["number", "ten"], &["tens"], &[]),
        node("Add", &["least", "tens"], &["output"], &[]),
    ];
    assert_gives(&nearest, &[one, ("ten", doubles(&[], &[10.0]))], [4.0, 3.0], 13.0);
}

#[test]
fn a_table_is_looked_up_and_a_place_outside_is_refused() {
    let nodes = [
        node("Gather", &["features", "zero"], &["code"], &[setting("axis", 1)]),
        node("Cast", &["code"], &["place"], &[setting("to", 7)]),
        node("Gather", &["table", "place"], &["output"], &[setting("axis", 0)]),
    ];
    let constants = [("zero", integers(&[], &[0])), ("table", doubles(&[3, 1], &[5.0, 6.0, 7.0]))];
    assert_gives(&nodes, &constants, [1.0, 0.0], 6.0);
    let outside = model(2, &nodes, &constants).predict(&serde_json::json!({"a": 3, "b": 0})).unwrap_err();
    assert!(matches!(outside, LexLearningError::InferenceError(_)), "{outside:?}");
}

#[test]
fn what_cannot_be_computed_is_refused_by_name() {
    let refused =
        |nodes: &[Message], constants: &[(&str, Message)]| match NativeModel::from_bytes(&bytes(2, nodes, constants))
            .unwrap_err()
        {
            LexLearningError::InvalidModelFile(message) => message,
            other => panic!("{other:?}"),
        };
    assert!(refused(&[node("Einsum", &["features"], &["output"], &[])], &[]).contains("Einsum"));
    assert!(refused(&[node("Add", &["features", "nowhere"], &["output"], &[])], &[]).contains("nowhere"));
    let circle = [node("Exp", &["one"], &["output"], &[]), node("Log", &["output"], &["one"], &[])];
    assert!(refused(&circle, &[]).contains("circle"));
    let over_rows = node("ReduceSum", &["features", "axis"], &["output"], &[]);
    assert!(refused(&[over_rows], &[("axis", integers(&[1], &[0]))]).contains("rows"));
    let wide = node("Expand", &["features", "size"], &["output"], &[]);
    assert!(refused(&[wide], &[("size", integers(&[3], &[1 << 40, 1, 2]))]).contains("shape"));
    assert!(refused(&[node("Identity", &["features"], &["output"], &[])], &[]).contains("output"));
}
