//! Tables and metrics as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::models::Metrics;

/// Columns under their headings, two spaces apart; numbers to the right.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    };
    let is_number =
        |column: usize| rows.iter().all(|row| row.get(column).is_some_and(|cell| cell.parse::<f64>().is_ok()));
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let mut line = String::new();
        for (column, (cell, &width)) in cells.iter().zip(&widths).enumerate() {
            let _ = if is_number(column) { write!(line, "  {cell:>width$}") } else { write!(line, "  {cell:<width$}") };
        }
        line.truncate(line.trim_end().len());
        line + "\n"
    };
    let ruled: String = format!("  {}\n", "-".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    [line(headings.to_vec()), ruled].into_iter().chain(body).collect()
}

/// A path for JSON, which takes nothing but UTF-8.
pub(super) fn path(path: &Path) -> String {
    path.display().to_string()
}

/// A heading, as `=== Model Metrics ===`.
pub(super) fn heading(title: &str) -> String {
    format!("=== {title} ===\n")
}

/// Metrics, a line each; numbers of the target's size with two digits, shares with four.
pub(super) fn metrics(metrics: &Metrics) -> String {
    let values: BTreeMap<&str, f64> = metrics.values();
    let order = ["rmse", "mae", "r2", "mape", "accuracy", "f1", "f1_macro", "auc", "log_loss"];
    order.iter().filter_map(|name| Some((*name, *values.get(name)?))).fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "  {}: {}", metric_label(name), metric_value(name, value));
        text
    })
}

/// The metrics that say most, as `RMSE=1.00, R²=0.9000`.
pub(super) fn metrics_line(metrics: &Metrics) -> String {
    let values = metrics.values();
    let shown = ["rmse", "r2", "accuracy", "f1_macro"].iter().filter_map(|name| Some((*name, *values.get(name)?)));
    let parts = shown.map(|(name, value)| format!("{}={}", metric_label(name), metric_value(name, value)));
    parts.collect::<Vec<_>>().join(", ")
}

/// The name of a metric for people.
pub(super) fn metric_label(name: &str) -> String {
    match name {
        "r2" => "R²".to_owned(),
        "f1_macro" => "F1 (macro)".to_owned(),
        "rmse" | "mae" | "mse" | "mape" | "auc" | "f1" => name.to_uppercase(),
        "accuracy" => "Accuracy".to_owned(),
        "log_loss" => "Log loss".to_owned(),
        other => other.to_owned(),
    }
}

/// The value of a metric for people.
pub(super) fn metric_value(name: &str, value: f64) -> String {
    let is_of_the_target = matches!(name, "rmse" | "mae" | "mse");
    if is_of_the_target || value.abs() >= 1000.0 { format!("{value:.2}") } else { format!("{value:.4}") }
}
