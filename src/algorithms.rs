//! The names of the algorithms, so that a misspelt one is found before any training.

use crate::config::invalid;
use crate::{LexLearningError, ProblemType};

impl ProblemType {
    /// What the setting `algorithm` may be: the files of the Python package's folder `models`, which a test compares.
    ///
    /// ```
    /// assert!(lex_learning::ProblemType::Regression.algorithms().contains(&"lightgbm"));
    /// ```
    pub const fn algorithms(self) -> &'static [&'static str] {
        match self {
            Self::Classification => &[
                "catboost",
                "decision_tree",
                "extra_trees",
                "gradient_boosting",
                "knn",
                "lightgbm",
                "logistic_regression",
                "neural_network",
                "random_forest",
                "svm",
                "xgboost",
            ],
            Self::Regression => &[
                "catboost",
                "decision_tree",
                "extra_trees",
                "gradient_boosting",
                "knn",
                "lasso",
                "lightgbm",
                "linear_regression",
                "neural_network",
                "random_forest",
                "ridge",
                "svr",
                "xgboost",
            ],
        }
    }
}

/// Refuses a name that no algorithm for the problem has.
pub(crate) fn check(name: &str, problem_type: ProblemType) -> Result<(), LexLearningError> {
    let known = problem_type.algorithms();
    if known.contains(&name) {
        return Ok(());
    }
    let kind = match problem_type {
        ProblemType::Classification => "classification",
        ProblemType::Regression => "regression",
    };
    let question = nearest(name, known).map(|name| format!("Did you mean \"{name}\"? ")).unwrap_or_default();
    invalid(&format!("unknown algorithm {name:?} for {kind}. {question}Known: {}.", known.join(", ")))
}

/// The most similar name, if there is one that shares half of its letters.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let name = name.to_lowercase();
    let similar = known.iter().map(|known| (similarity(&name, known), *known)).filter(|(share, _)| *share >= 0.5);
    similar.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name)
}

/// The share of letters that two texts have in common, in the same order: 0 to 1.
fn similarity(one: &str, other: &str) -> f64 {
    let count = other.chars().count();
    // Of the letters of `one` so far and each beginning of `other`, as many are common.
    let mut common = vec![0_usize; count + 1];
    for letter in one.chars() {
        let mut before = 0;
        for (place, same) in other.chars().map(|other| other == letter).enumerate() {
            let longest = if same { before + 1 } else { common[place].max(common[place + 1]) };
            before = std::mem::replace(&mut common[place + 1], longest);
        }
    }
    2.0 * common[count] as f64 / (one.chars().count() + count) as f64
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::PipelineConfig;

    /// What both languages agree on; Python's tests read the same file.
    fn contract() -> Value {
        serde_json::from_str(include_str!("../tests/contract/config.json")).unwrap()
    }

    fn refusal(problem_type: ProblemType, name: &str) -> String {
        match PipelineConfig::builder().problem_type(problem_type).algorithm(name).build().unwrap_err() {
            LexLearningError::InvalidConfig(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_names_are_those_of_the_contract() {
        for problem_type in [ProblemType::Classification, ProblemType::Regression] {
            let key = serde_json::to_value(problem_type).unwrap();
            assert_eq!(json!(problem_type.algorithms()), contract()["algorithms"][key.as_str().unwrap()]);
            for name in problem_type.algorithms() {
                assert!(PipelineConfig::builder().problem_type(problem_type).algorithm(*name).build().is_ok());
            }
        }
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_and_all_others() {
        for pair in contract()["misspelt_algorithms"].as_array().unwrap() {
            let (given, nearest) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
            let message = refusal(ProblemType::Regression, given);
            assert!(message.contains(&format!("{given:?}")), "{message}");
            assert!(message.contains(&format!("Did you mean \"{nearest}\"?")), "{message}");
            assert!(ProblemType::Regression.algorithms().iter().all(|name| message.contains(name)), "{message}");
        }
    }

    #[test]
    fn a_name_like_none_gets_no_guess() {
        for name in ["zzz", "长", "?"] {
            let message = refusal(ProblemType::Classification, name);
            assert!(!message.contains("Did you mean") && message.contains("Known: catboost, "), "{message}");
        }
    }

    #[test]
    fn a_name_of_the_other_problem_is_refused() {
        assert!(refusal(ProblemType::Classification, "ridge").contains("\"ridge\" for classification"));
        assert!(refusal(ProblemType::Regression, "svm").contains("Did you mean \"svr\"?"));
    }
}
