//! YAML files, and what is wrong with some.

use features_pipeline::config::{Entrypoint, PipelineSteps, TableFormat, json_schema};
use features_pipeline::features::FeatureConfig;
use polars::prelude::*;

use crate::{error, steps};

fn place(yaml: &str) -> String {
    let text = error(yaml).to_string();
    text.split(": ").next().unwrap().to_owned()
}

#[test]
fn the_default_features_load() {
    let path = format!("{}/config/features/features.yaml", env!("CARGO_MANIFEST_DIR"));
    let steps = PipelineSteps::load_from_yaml(path).unwrap();
    let names: Vec<&str> = steps.steps.iter().map(FeatureConfig::name).collect();
    assert_eq!(
        names,
        [
            "feature_avg_units_by_country",
            "feature_total_profit_by_item",
            "feature_revenue_by_country_item",
            "feature_profit_margin"
        ]
    );
    assert_eq!(steps.validate().unwrap(), ["Units Sold", "Country", "Total Profit", "Item Type", "Total Revenue"]);
}

#[test]
fn errors_name_line_and_column() {
    let step = "steps:\n  - type: ratio\n    name: x\n    numerator: a\n";
    assert_eq!(place(&format!("{step}    denominater: b\n")), "<text>:5:5");
    assert_eq!(place(step), "<text>:2:5");
    assert_eq!(place(&format!("{step}    denominator: [b]\n")), "<text>:5:18");
    assert_eq!(place("steps:\n  - type: ratoi\n    name: x\n"), "<text>:2:11");
    assert_eq!(place("steps:\n  - name: x\n"), "<text>:2:5");
    assert_eq!(place("steps: 3\n"), "<text>:1:8");
    assert_eq!(place("stepps: []\n"), "<text>:1:1");
    assert_eq!(place("steps: []\nmore: 1\n"), "<text>:2:1");
    assert_eq!(place("steps: []\n"), "<text>:1:8");
    let aggregate = "steps:\n- type: group_aggregate\n  name: x\n  column: a\n  by: [b]\n  aggregate: middle\n";
    assert_eq!(place(aggregate), "<text>:6:14");
    assert!(error(aggregate).to_string().contains("`mean`"), "{}", error(aggregate));
    let condition = "steps:\n- type: conditional\n  name: x\n  cases:\n  - when: {column: a, equal: 1}\n    then: 2\n";
    assert_eq!(place(condition), "<text>:5:23");
    assert!(error("steps:\n  - a: [1\n").to_string().starts_with("<text>:"));
}

#[test]
fn settings_that_do_not_go_together() {
    for fields in [
        "type: binning, column: a",
        "type: binning, column: a, edges: [2, 1]",
        "type: binning, column: a, edges: [1], labels: [one]",
        "type: window, column: a, operation: rolling_mean",
        "type: window, column: a, operation: rolling_mean, window: 7x, order_by: d",
        "type: window, column: a, operation: rolling_mean, window: 7d",
        "type: window, column: a, operation: lag, window: 3",
        "type: group_aggregate, column: a, by: [], aggregate: mean",
        "type: text, column: a, operation: contains",
        "type: text, column: a, operation: contains, pattern: '('",
        "type: text, column: a, operation: extract, pattern: 'a', group: 1",
        "type: conditional, cases: []",
        "type: conditional, cases: [{ when: { column: a }, then: 1 }]",
        "type: conditional, cases: [{ when: { column: a, equals: 1 }, then: 1 }], otherwise: text",
        "type: interaction, columns: [a]",
        "type: polynomial, columns: [a], degree: 9",
        "type: target_encoding, column: a, target: b, folds: 1",
        "type: scaling, column: a, method: standard, offset: 1",
        "type: arithmetic, left: 1, operation: add, right: 2",
    ] {
        let error = error(&format!("steps:\n  - {{ name: x, {fields} }}\n"));
        assert_eq!(error.code(), "configuration.invalid", "{fields}");
        assert!(error.to_string().contains(": the feature 'x'"), "{error}");
    }
}

#[test]
fn errors_point_to_the_setting() {
    let step = |fields: &str| format!("steps:\n  - name: x\n    column: a\n    {fields}\n");
    assert_eq!(place(&step("type: binning\n    edges: [3, 2]")), "<text>:5:12");
    assert_eq!(place(&step("type: binning\n    edges: [3]\n    quantiles: 4")), "<text>:5:12");
    assert_eq!(place(&step("type: target_encoding\n    target: b\n    folds: 1")), "<text>:6:12");
    // What is not there is the feature's own matter.
    assert_eq!(place(&step("type: binning")), "<text>:2:5");
    let twice = "type: ratio\n    type: ratio";
    assert_eq!(place(&step(twice)), "<text>:5:5");
    let message = error(&step(twice)).to_string();
    assert!(message.ends_with("the key `type` is given twice"), "{message}");
}

#[test]
fn errors_tell_the_forms_of_a_value() {
    for (fields, expected) in [
        ("type: arithmetic, left: a, operation: add, right: [1]", "1:70: expected a number, or the name of a column"),
        ("type: window, column: a, operation: rolling_mean, window: [1]", "a number of rows, or a time such as 7d"),
        (
            "type: conditional, cases: [{ when: { column: a, equals: [1] }, then: 1 }]",
            "a truth value, a number or a text",
        ),
        ("type: conditional, cases: [{ when: { column: a, equals: 1 }, then: [1] }]", "or `column:` with a name"),
    ] {
        let error = error(&format!("steps: [{{ name: x, {fields} }}]\n"));
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn names_and_order() {
    let ratio = |name: &str, numerator: &str| {
        format!("  - {{ type: ratio, name: {name}, numerator: {numerator}, denominator: n }}\n")
    };
    let twice = format!("steps:\n{}{}", ratio("x", "a"), ratio("x", "b"));
    assert_eq!((error(&twice).code(), place(&twice)), ("configuration.duplicate_name", "<text>:3:5".to_owned()));
    let circle = format!("steps:\n{}{}{}{}", ratio("w", "a"), ratio("x", "z"), ratio("y", "x"), ratio("z", "y"));
    assert_eq!(error(&circle).code(), "configuration.cycle");
    assert!(error(&circle).to_string().contains("x -> z -> y -> x"), "{}", error(&circle));
    let itself = format!("steps:\n{}", ratio("x", "x"));
    assert_eq!(error(&itself).code(), "configuration.cycle");

    let table = df!("a" => [8.0], "n" => [2.0], "text" => ["t"]).unwrap();
    let last_first = steps(&format!("steps:\n{}{}{}", ratio("z", "y"), ratio("y", "x"), ratio("x", "a")));
    assert_eq!(last_first.validate_against(table.schema()).unwrap(), 3);
    let result = last_first.apply(&table).unwrap();
    assert_eq!(result.get_column_names(), ["a", "n", "text", "z", "y", "x"]);
    assert_eq!(result.column("z").unwrap().f64().unwrap().get(0), Some(1.0));

    let unknown = steps(&format!("steps:\n{}", ratio("x", "A"))).apply(&table).unwrap_err();
    assert_eq!((unknown.code(), unknown.hint()), ("column.unknown", Some("did you mean 'a'?")));
    assert!(unknown.to_string().starts_with("<text>:2:5"), "{unknown}");
    let wrong_type = steps(&format!("steps:\n{}", ratio("x", "text"))).apply(&table).unwrap_err();
    assert_eq!(wrong_type.code(), "column.type");
    let taken = steps(&format!("steps:\n{}", ratio("text", "a"))).apply(&table).unwrap_err();
    assert_eq!(taken.code(), "configuration.duplicate_name");
    // Names that only the table's levels tell.
    let encoding = |name: &str| format!("  - {{ type: one_hot_encoding, name: {name}, column: text }}\n");
    let named = df!("text" => ["b_c", "c"], "a_c" => [1, 2]).unwrap();
    let taken = steps(&format!("steps:\n{}", encoding("a"))).apply(&named).unwrap_err();
    assert_eq!(taken.code(), "configuration.duplicate_name");
    let both = steps(&format!("steps:\n{}{}", encoding("x"), encoding("x_b"))).apply(&named).unwrap_err();
    assert_eq!(both.code(), "configuration.duplicate_name");
    assert!(both.to_string().starts_with("<text>:3:5"), "{both}");
    // The type of a column that another feature makes is checked as well.
    let label = "  - { type: binning, name: label, column: a, edges: [1], labels: [low, high] }\n";
    let of_label = steps(&format!("steps:\n{}{label}", ratio("x", "label"))).apply(&table).unwrap_err();
    assert_eq!(of_label.code(), "column.type");
}

#[test]
fn steps_survive_json_and_have_a_schema() {
    let path = format!("{}/tests/features/titanic.yaml", env!("CARGO_MANIFEST_DIR"));
    let steps = PipelineSteps::load_from_yaml(path).unwrap();
    let text = serde_json::to_string(&steps).unwrap();
    assert_eq!(serde_json::from_str::<PipelineSteps>(&text).unwrap(), steps);
    // JSON is YAML.
    assert_eq!(PipelineSteps::from_yaml(&text).unwrap(), steps);
    let schema = json_schema::<PipelineSteps>().to_string();
    for kind in FeatureConfig::KINDS {
        assert!(schema.contains(&format!("\"const\":\"{kind}\"")), "{kind}");
    }
}

#[test]
fn an_entrypoint_names_files_from_its_folder() {
    let path = format!("{}/config/entrypoint.yaml", env!("CARGO_MANIFEST_DIR"));
    let entrypoint = Entrypoint::load_from_yaml(&path).unwrap();
    assert!(entrypoint.features.is_file() && entrypoint.model.unwrap().is_file());
    assert_eq!(entrypoint.format, TableFormat::Csv);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("entrypoint.yaml");
    std::fs::write(&path, "input: a.csv\nfeatures: b\noutput: c\nformat: excel\n").unwrap();
    let error = Entrypoint::load_from_yaml(&path).unwrap_err();
    assert!(error.to_string().contains("entrypoint.yaml:4:9: "), "{error}");
}
