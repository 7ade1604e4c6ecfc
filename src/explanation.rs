//! Why a row is predicted as it is: plain data, with or without the interpreter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Why a row is predicted as it is: `base` plus the sum of `contributions` is `output`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The class that is explained: of two the second, of more the predicted one; `None` for regression.
    pub label: Option<String>,
    /// What the numbers are.
    pub space: ExplanationSpace,
    /// The output for an average row.
    pub base: f64,
    /// What each column of the row adds: its SHAP value (Lundberg and Lee 2017).
    pub contributions: BTreeMap<String, f64>,
    /// What the model answers.
    pub output: f64,
    /// With more than two classes, the same for each, by label; else empty.
    #[serde(default)]
    pub by_class: BTreeMap<String, ClassExplanation>,
    /// Whether the contributions were sampled, all or in part. They add up all the same.
    pub approximate: bool,
    /// What is unusual about the row, and how far the contributions may be trusted.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// From the base to the output, column by column, as a PNG picture.
    #[serde(default)]
    pub waterfall: Vec<u8>,
}

/// What each column adds to the output for one class; see [`Explanation`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassExplanation {
    /// The output for an average row.
    pub base: f64,
    /// By column.
    pub contributions: BTreeMap<String, f64>,
    /// Their sum.
    pub output: f64,
}

/// What the contributions of columns add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ExplanationSpace {
    /// The natural logarithm of the odds of a class; with more than two classes, up to a constant.
    LogOdds,
    /// The probability of a class, 0 to 1.
    Probability,
    /// The predicted number, in the target's unit.
    Value,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_explanation_survives_json() {
        let text = json!({
            "label": "yes", "space": "log-odds", "base": 0.5, "contributions": {"age": -1.0, "sex": 0.25},
            "output": -0.25, "approximate": false
        });
        let mut explanation: Explanation = serde_json::from_value(text).unwrap();
        assert_eq!(explanation.space, ExplanationSpace::LogOdds);
        assert!(explanation.by_class.is_empty() && explanation.warnings.is_empty());
        explanation.waterfall = vec![137, 80];
        let again: Explanation = serde_json::from_str(&serde_json::to_string(&explanation).unwrap()).unwrap();
        assert_eq!(again, explanation);
    }
}
