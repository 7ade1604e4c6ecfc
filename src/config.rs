//! The settings of a training, their defaults and bounds.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ClassWeights, LexLearningError, PipelineConfigBuilder, algorithms};

/// What the target is: a class or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemType {
    /// One of several classes.
    Classification,
    /// A number.
    Regression,
}

impl ProblemType {
    /// What models can be compared by, as the setting `metric`; the first is the default.
    ///
    /// ```
    /// assert!(lex_learning::ProblemType::Classification.metrics().contains(&"roc_auc"));
    /// ```
    pub const fn metrics(self) -> &'static [&'static str] {
        match self {
            Self::Classification => {
                &["log_loss", "accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "roc_auc"]
            }
            Self::Regression => &["rmse", "mae", "median_absolute_error", "mape", "r2"],
        }
    }
}

/// How much work a training does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Default settings of each algorithm alone.
    Fast,
    /// What suits most tables.
    #[default]
    Balanced,
    /// Every algorithm that suits the table, also without a time limit; twice as many settings against the clock.
    Best,
}

/// What the probability from which the second of two classes is predicted is tuned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMetric {
    /// F1 of the second class.
    F1,
    /// Mean recall of the two classes.
    BalancedAccuracy,
}

/// The bounds of each setting that has some; both ends are allowed.
pub mod bounds {
    use super::{Duration, RangeInclusive};

    /// `top_k_algorithms`
    pub const TOP_K_ALGORITHMS: RangeInclusive<u32> = 1..=20;
    /// `n_trials`
    pub const N_TRIALS: RangeInclusive<u32> = 1..=10_000;
    /// `cv_folds`
    pub const CV_FOLDS: RangeInclusive<u32> = 2..=20;
    /// `test_size`
    pub const TEST_SIZE: RangeInclusive<f64> = 0.05..=0.5;
    /// `shap_max_samples`
    pub const SHAP_MAX_SAMPLES: RangeInclusive<u32> = 1..=10_000;
    /// `interval_coverage`
    pub const INTERVAL_COVERAGE: RangeInclusive<f64> = 0.5..=0.999;
    /// `n_jobs`; 0 is not allowed.
    pub const N_JOBS: RangeInclusive<i32> = -1..=1024;
    /// `time_limit`: a millisecond to a year.
    pub const TIME_LIMIT: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(31_536_000);
}

mod defaults {
    pub(super) const fn top_k_algorithms() -> u32 {
        3
    }
    pub(super) const fn yes() -> bool {
        true
    }
    pub(super) const fn n_trials() -> u32 {
        20
    }
    pub(super) const fn cv_folds() -> u32 {
        5
    }
    pub(super) const fn test_size() -> f64 {
        0.2
    }
    pub(super) const fn shap_max_samples() -> u32 {
        100
    }
    pub(super) const fn random_seed() -> u64 {
        42
    }
    pub(super) const fn n_jobs() -> i32 {
        -1
    }
}

/// The settings of one training.
///
/// ```
/// use lex_learning::{PipelineConfig, ProblemType};
///
/// # fn main() -> Result<(), lex_learning::LexLearningError> {
/// let config = PipelineConfig::builder()
///     .problem_type(ProblemType::Classification)
///     .target_column("survived")
///     .n_trials(30)
///     .build()?;
/// assert_eq!(config.cv_folds, 5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct PipelineConfig {
    /// Classification or regression. Required.
    pub problem_type: ProblemType,
    /// The column to predict. Default: the last one.
    #[serde(default)]
    pub target_column: Option<String>,
    /// Train this algorithm alone, one of [`ProblemType::algorithms`]; it is then taken whatever the other settings say. Default: try several, and weigh them into an ensemble.
    #[serde(default)]
    pub algorithm: Option<String>,
    /// How many algorithms to try, 1 to 20. Default 3.
    #[serde(default = "defaults::top_k_algorithms")]
    pub top_k_algorithms: u32,
    /// Search for better settings of each algorithm with Optuna. Default true.
    #[serde(default = "defaults::yes")]
    pub optimize_hyperparams: bool,
    /// Settings tried for each algorithm, 1 to 10,000. Default 20.
    #[serde(default = "defaults::n_trials")]
    pub n_trials: u32,
    /// Folds of the cross-validation, 2 to 20. Default 5.
    #[serde(default = "defaults::cv_folds")]
    pub cv_folds: u32,
    /// Share of the rows held out for the final metrics, 0.05 to 0.5. Default 0.2.
    #[serde(default = "defaults::test_size")]
    pub test_size: f64,
    /// Let the neural network take part. Default true.
    #[serde(default = "defaults::yes")]
    pub enable_neural_networks: bool,
    /// Draw the SHAP plots. Default true.
    #[serde(default = "defaults::yes")]
    pub enable_explainability: bool,
    /// Rows that the SHAP plots are drawn from, 1 to 10,000. Default 100.
    #[serde(default = "defaults::shap_max_samples")]
    pub shap_max_samples: u32,
    /// The same seed, table and machine give the same model. Default 42.
    #[serde(default = "defaults::random_seed")]
    pub random_seed: u64,
    /// Cores to use, 1 to 1,024, or -1 for all: in worker processes and in their threads. Default -1.
    #[serde(default = "defaults::n_jobs")]
    pub n_jobs: i32,
    /// Time for all of the training, a millisecond to a year; seconds in JSON. All algorithms that suit the table then
    /// take part. Default: no limit, and the other settings bound the work.
    #[serde(default, with = "seconds")]
    pub time_limit: Option<Duration>,
    /// How much work a training does. Default: balanced.
    #[serde(default)]
    pub preset: Preset,
    /// Address of a Dask cluster whose workers fit the models, such as `tcp://localhost:8786`; they must see the same
    /// files. Default: worker processes of this machine.
    #[serde(default)]
    pub engine: Option<String>,
    /// Folder in which finished fits are kept until the training is complete: after a crash or a kill, a training of the
    /// same table and settings goes on from them. Default: none are kept.
    #[serde(default)]
    pub work_dir: Option<String>,
    /// Hold rows out for the final metrics. Without, all rows train, and the metrics are those of the cross-validation,
    /// a little flattering. Default true.
    #[serde(default = "defaults::yes")]
    pub hold_out: bool,
    /// For a regression, the share of values, 0.5 to 0.999, that are to lie between the bounds that come with each
    /// prediction. Default: no bounds.
    #[serde(default)]
    pub interval_coverage: Option<f64>,
    /// Fit the chosen models once more on all training rows: a smaller and quicker model, at some cost in accuracy.
    /// Default: only if `algorithm` is named and there is no `time_limit`, or with a `time_column`, as the newest rows
    /// matter most; else the models of the folds make up the model.
    #[serde(default)]
    pub refit: Option<bool>,
    /// Column that holds the weight of each row, a number of 0 or more: how much it counts in fits, in the comparison of
    /// models and in the metrics. Not a feature. Default: all rows count the same.
    #[serde(default)]
    pub weight_column: Option<String>,
    /// Column whose rows of one value, such as a patient or a customer, stay together in every split. Not a feature.
    /// Not together with `time_column`. Default: each row is on its own.
    #[serde(default)]
    pub group_column: Option<String>,
    /// Column of numbers or sortable text by which the rows are sorted: every split trains on the past and tests on the
    /// future. Not a feature. Default: the order means nothing.
    #[serde(default)]
    pub time_column: Option<String>,
    /// For a classification, how much the rows of each class count in fits and in the comparison of models; the
    /// probabilities are then those of a table so weighted. Default: all the same.
    #[serde(default)]
    pub class_weights: Option<ClassWeights>,
    /// What models are compared by and the ensemble is chosen for, one of [`ProblemType::metrics`]. Default: `log_loss`
    /// or `rmse`. (The Python package alone also takes a function.)
    #[serde(default)]
    pub metric: Option<String>,
    /// For two classes, tune the probability from which the second one (in sorted order) is predicted for this metric, on
    /// predictions of rows that the models have not seen. Default: the more probable class.
    #[serde(default)]
    pub threshold_metric: Option<ThresholdMetric>,
    /// Accept nulls in feature columns: a value of their own to the models that know them, and filled in for the others.
    /// Default false.
    #[serde(default)]
    pub allow_missing: bool,
}

/// A duration as a number of seconds.
mod seconds {
    use std::time::Duration;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option)] // serde's signature
    pub(super) fn serialize<S: Serializer>(limit: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        limit.map(|limit| limit.as_secs_f64()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?;
        let refuse = |error| D::Error::custom(format!("time_limit is not a number of seconds: {error}"));
        seconds.map(|seconds| Duration::try_from_secs_f64(seconds).map_err(refuse)).transpose()
    }
}

impl PipelineConfig {
    /// Starts a configuration from the defaults.
    pub fn builder() -> PipelineConfigBuilder {
        PipelineConfigBuilder::default()
    }

    pub(crate) fn new(problem_type: ProblemType) -> Self {
        Self {
            problem_type,
            target_column: None,
            algorithm: None,
            top_k_algorithms: defaults::top_k_algorithms(),
            optimize_hyperparams: defaults::yes(),
            n_trials: defaults::n_trials(),
            cv_folds: defaults::cv_folds(),
            test_size: defaults::test_size(),
            enable_neural_networks: defaults::yes(),
            enable_explainability: defaults::yes(),
            shap_max_samples: defaults::shap_max_samples(),
            random_seed: defaults::random_seed(),
            n_jobs: defaults::n_jobs(),
            time_limit: None,
            preset: Preset::Balanced,
            engine: None,
            work_dir: None,
            hold_out: defaults::yes(),
            interval_coverage: None,
            refit: None,
            weight_column: None,
            group_column: None,
            time_column: None,
            class_weights: None,
            metric: None,
            threshold_metric: None,
            allow_missing: false,
        }
    }

    /// Checks every setting against its bounds and the others; for a configuration that was deserialized or changed by
    /// hand. [`PipelineConfigBuilder::build`] does it, and that of `Pipeline` does it again.
    ///
    /// # Errors
    ///
    /// [`LexLearningError::InvalidConfig`] names the first setting that is unknown, out of its bounds or contradicts another.
    pub fn validate(&self) -> Result<(), LexLearningError> {
        check("top_k_algorithms", &self.top_k_algorithms, &bounds::TOP_K_ALGORITHMS)?;
        check("n_trials", &self.n_trials, &bounds::N_TRIALS)?;
        check("cv_folds", &self.cv_folds, &bounds::CV_FOLDS)?;
        check("test_size", &self.test_size, &bounds::TEST_SIZE)?;
        check("shap_max_samples", &self.shap_max_samples, &bounds::SHAP_MAX_SAMPLES)?;
        check("n_jobs", &self.n_jobs, &bounds::N_JOBS)?;
        if self.n_jobs == 0 {
            return invalid("n_jobs is 0, expected -1 or 1 to 1024. Use -1 for all cores.");
        }
        if let Some(limit) = self.time_limit
            && !bounds::TIME_LIMIT.contains(&limit)
        {
            return invalid(&format!(
                "time_limit is {limit:?}, expected a millisecond to a year. Set time_limit within these bounds."
            ));
        }
        if let Some(coverage) = self.interval_coverage {
            check("interval_coverage", &coverage, &bounds::INTERVAL_COVERAGE)?;
            if self.problem_type != ProblemType::Regression {
                return invalid(&format!(
                    "interval_coverage is {coverage}, and classes have no intervals. Leave it out, or choose regression."
                ));
            }
        }
        let texts = [
            ("target_column", &self.target_column),
            ("algorithm", &self.algorithm),
            ("engine", &self.engine),
            ("work_dir", &self.work_dir),
            ("weight_column", &self.weight_column),
            ("group_column", &self.group_column),
            ("time_column", &self.time_column),
        ];
        for (name, value) in texts {
            if value.as_deref() == Some("") {
                return invalid(&format!("{name} is empty. Leave it out for the default."));
            }
        }
        if let Some(name) = &self.algorithm {
            algorithms::check(name, self.problem_type)?;
        }
        self.check_columns()?;
        self.check_classes()?;
        self.check_metric()
    }

    /// A column has one purpose, and a split one order.
    fn check_columns(&self) -> Result<(), LexLearningError> {
        if let (Some(group), Some(time)) = (&self.group_column, &self.time_column) {
            return invalid(&format!(
                "group_column is {group:?} and time_column is {time:?}, and a split can honour but one of them. Keep the \
                 one by which new rows will differ from these."
            ));
        }
        let columns = [
            ("target_column", &self.target_column),
            ("weight_column", &self.weight_column),
            ("group_column", &self.group_column),
            ("time_column", &self.time_column),
        ];
        for (index, (name, column)) in columns.iter().enumerate() {
            if let Some(column) = column
                && let Some((other, _)) = columns[..index].iter().find(|(_, taken)| taken.as_ref() == Some(column))
            {
                return invalid(&format!("{name} and {other} are both {column:?}. Give each a column of its own."));
            }
        }
        Ok(())
    }

    /// Settings that only classes have.
    fn check_classes(&self) -> Result<(), LexLearningError> {
        if self.problem_type != ProblemType::Classification {
            let given = [
                ("class_weights", self.class_weights.is_some()),
                ("threshold_metric", self.threshold_metric.is_some()),
            ];
            if let Some((name, _)) = given.iter().find(|(_, is_given)| *is_given) {
                return invalid(&format!(
                    "{name} is set, and only classes have it. Leave it out, or choose classification."
                ));
            }
        }
        if let Some(ClassWeights::ByLabel(weights)) = &self.class_weights {
            if weights.is_empty() {
                return invalid(
                    "class_weights is empty, expected a label and its weight. Leave it out for the default.",
                );
            }
            if let Some((label, weight)) = weights.iter().find(|(_, weight)| !weight.is_finite() || **weight <= 0.0) {
                return invalid(&format!(
                    "class_weights gives {label:?} a weight of {weight}, expected a number above 0. Leave the label out \
                     for a weight of 1."
                ));
            }
        }
        Ok(())
    }

    fn check_metric(&self) -> Result<(), LexLearningError> {
        let known = self.problem_type.metrics();
        match &self.metric {
            Some(metric) if !known.contains(&metric.as_str()) => invalid(&format!(
                "metric is {metric:?}, expected one of {} for this problem_type. Set metric to one of them, or leave it \
                 out.",
                known.join(", ")
            )),
            _ => Ok(()),
        }
    }
}

fn check<T>(name: &str, value: &T, bounds: &RangeInclusive<T>) -> Result<(), LexLearningError>
where
    T: PartialOrd + std::fmt::Display,
{
    if bounds.contains(value) {
        return Ok(());
    }
    let (least, most) = (bounds.start(), bounds.end());
    invalid(&format!("{name} is {value}, expected {least} to {most}. Set {name} within these bounds."))
}

pub(crate) fn invalid<T>(message: &str) -> Result<T, LexLearningError> {
    Err(LexLearningError::InvalidConfig(message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// What both languages agree on; Python's tests read the same file.
    fn contract() -> Vec<Value> {
        let text = include_str!("../tests/contract/config.json");
        serde_json::from_str::<Value>(text).unwrap()["fields"].as_array().unwrap().clone()
    }

    fn built(field: &str, value: &Value) -> Result<PipelineConfig, LexLearningError> {
        // Some types cannot even hold what is refused: a duration no negative number.
        let config: PipelineConfig = serde_json::from_value(json!({"problem_type": "regression", field: value}))
            .map_err(|error| LexLearningError::InvalidConfig(format!("{field}: {error}")))?;
        config.validate().map(|()| config)
    }

    #[test]
    fn the_builder_has_the_defaults_of_the_contract() {
        let config = PipelineConfig::builder().problem_type(ProblemType::Regression).build().unwrap();
        let values = serde_json::to_value(config).unwrap();
        for field in contract() {
            assert_eq!(values[field["name"].as_str().unwrap()], field["default"], "{field}");
        }
        assert_eq!(values.as_object().unwrap().len(), contract().len() + 1);
    }

    #[test]
    fn json_with_the_problem_type_alone_has_the_same_defaults() {
        let parsed: PipelineConfig = serde_json::from_value(json!({"problem_type": "regression"})).unwrap();
        assert_eq!(parsed, PipelineConfig::builder().problem_type(ProblemType::Regression).build().unwrap());
    }

    #[test]
    fn both_ends_of_each_bound_are_allowed() {
        for field in contract().iter().filter(|field| field.get("minimum").is_some()) {
            for end in ["minimum", "maximum"] {
                assert!(built(field["name"].as_str().unwrap(), &field[end]).is_ok(), "{field}");
            }
        }
    }

    #[test]
    fn values_out_of_bounds_are_refused_by_name() {
        for field in contract() {
            let name = field["name"].as_str().unwrap();
            for value in field["refused"].as_array().unwrap() {
                let error = built(name, value).unwrap_err();
                assert!(matches!(&error, LexLearningError::InvalidConfig(text) if text.contains(name)), "{error}");
            }
        }
    }

    #[test]
    fn a_missing_problem_type_is_refused() {
        let error = PipelineConfig::builder().build().unwrap_err();
        assert!(error.to_string().contains("problem_type"));
    }

    #[test]
    fn not_a_number_is_refused() {
        let error = PipelineConfig::builder().problem_type(ProblemType::Regression).test_size(f64::NAN).build();
        assert!(error.is_err());
    }

    fn classes() -> PipelineConfigBuilder {
        PipelineConfig::builder().problem_type(ProblemType::Classification)
    }

    #[track_caller]
    fn assert_refused(config: PipelineConfigBuilder, words: &[&str]) {
        let error = config.build().unwrap_err();
        assert!(matches!(error, LexLearningError::InvalidConfig(_)), "{error:?}");
        for word in words {
            assert!(error.to_string().contains(word), "{error} should name {word}");
        }
    }

    #[test]
    fn a_column_has_one_purpose() {
        let names = ["target_column", "weight_column", "group_column", "time_column"];
        let set = |name: &str, config: PipelineConfigBuilder| match name {
            "target_column" => config.target_column("a"),
            "weight_column" => config.weight_column("a"),
            "group_column" => config.group_column("a"),
            _ => config.time_column("a"),
        };
        for (index, one) in names.iter().enumerate() {
            assert!(set(one, classes()).build().is_ok());
            for other in &names[..index] {
                assert_refused(set(one, set(other, classes())), &[one, other, "\"a\""]);
            }
        }
        assert!(classes().target_column("a").weight_column("b").time_column("c").build().is_ok());
    }

    #[test]
    fn groups_and_time_exclude_each_other() {
        assert_refused(classes().group_column("a").time_column("b"), &["group_column", "time_column", "\"b\""]);
    }

    #[test]
    fn each_problem_has_its_metrics() {
        for problem in [ProblemType::Classification, ProblemType::Regression] {
            for metric in problem.metrics() {
                assert!(PipelineConfig::builder().problem_type(problem).metric(*metric).build().is_ok(), "{metric}");
            }
        }
        assert_refused(classes().metric("rmse"), &["metric", "\"rmse\"", "log_loss, accuracy"]);
        let numbers = PipelineConfig::builder().problem_type(ProblemType::Regression);
        assert_refused(numbers.metric("accuracy"), &["metric", "\"accuracy\"", "rmse, mae"]);
    }

    #[test]
    fn class_weights_are_above_zero() {
        let weights = |weight: f64| ClassWeights::ByLabel([("no".to_owned(), 1.0), ("yes".to_owned(), weight)].into());
        assert!(classes().class_weights(ClassWeights::Balanced).build().is_ok());
        assert!(classes().class_weights(weights(0.1)).build().is_ok());
        for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_refused(classes().class_weights(weights(weight)), &["class_weights", "\"yes\""]);
        }
        assert_refused(classes().class_weights(ClassWeights::ByLabel([].into())), &["class_weights", "empty"]);
    }

    #[test]
    fn only_classes_have_weights_and_a_threshold() {
        let numbers = || PipelineConfig::builder().problem_type(ProblemType::Regression);
        assert_refused(numbers().class_weights(ClassWeights::Balanced), &["class_weights", "classes"]);
        for metric in [ThresholdMetric::F1, ThresholdMetric::BalancedAccuracy] {
            assert!(classes().threshold_metric(metric).build().is_ok());
            assert_refused(numbers().threshold_metric(metric), &["threshold_metric", "classes"]);
        }
    }

    #[test]
    fn a_configuration_survives_json() {
        let config = classes()
            .weight_column("w")
            .time_column("t")
            .class_weights(ClassWeights::ByLabel([("yes".to_owned(), 5.0)].into()))
            .metric("f1_macro")
            .threshold_metric(ThresholdMetric::BalancedAccuracy)
            .allow_missing(true)
            .build()
            .unwrap();
        let value = serde_json::to_value(&config).unwrap();
        assert_eq!(value["threshold_metric"], "balanced_accuracy");
        assert_eq!(value["class_weights"], json!({"yes": 5.0}));
        assert_eq!(serde_json::from_value::<PipelineConfig>(value).unwrap(), config);
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let parsed = serde_json::from_value::<PipelineConfig>(json!({"problem_type": "regression", "folds": 3}));
        assert!(parsed.unwrap_err().to_string().contains("folds"));
    }
}
