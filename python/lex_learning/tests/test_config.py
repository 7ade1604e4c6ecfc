"""The settings: what both languages agree on, and every refusal."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from conftest import REPOSITORY
from lex_learning import PipelineConfig, ProblemType
from lex_learning.config import BOUNDS
from lex_learning.errors import InvalidConfigError
from lex_learning.models import available_algorithms

AGREED = json.loads((REPOSITORY / "tests/contract/config.json").read_text(encoding="utf-8"))
CONTRACT = AGREED["fields"]
BY_NAME = {field["name"]: field for field in CONTRACT}
BOUNDED = [field for field in CONTRACT if "minimum" in field]


def refused(**values: Any) -> InvalidConfigError:
    with pytest.raises(InvalidConfigError) as caught:
        PipelineConfig.from_dict({"problem_type": "classification"} | values)
    assert caught.value.hint
    assert caught.value.code == "config.invalid"
    return caught.value


def test_the_contract_names_every_field_with_its_default() -> None:
    config = dataclasses.asdict(PipelineConfig(ProblemType.REGRESSION))
    del config["problem_type"]
    assert config == {field["name"]: field["default"] for field in CONTRACT}


def test_the_contract_has_the_same_bounds() -> None:
    bounds = {name: (each.minimum, each.maximum) for name, each in BOUNDS.items()}
    assert bounds == {field["name"]: (field["minimum"], field["maximum"]) for field in BOUNDED}


@pytest.mark.parametrize(
    ("name", "value"), [(field["name"], value) for field in CONTRACT for value in field["refused"]]
)
def test_a_value_that_the_contract_refuses_is_refused_by_name(name: str, value: object) -> None:
    error = refused(**{name: value})
    assert error.context["field"] == name
    assert name in error.message or name == "algorithm"


@pytest.mark.parametrize("name", [field["name"] for field in BOUNDED])
def test_both_bounds_are_allowed_and_what_lies_beyond_is_not(name: str) -> None:
    field = BY_NAME[name]
    step = 0.001 if isinstance(field["default"], float) else 1
    for allowed in (field["minimum"], field["maximum"]):
        assert getattr(PipelineConfig(ProblemType.REGRESSION, **{name: allowed}), name) == allowed
    for outside in (field["minimum"] - step, field["maximum"] + step):
        error = refused(**{name: outside})
        assert str(outside)[:4] in error.message


WRONG_TYPES: dict[str, list[Any]] = {
    "target_column": [5, True, ["a"]],
    "algorithm": [5, ["ridge"]],
    "top_k_algorithms": ["3", 3.0, True, None],
    "optimize_hyperparams": [1, "true", None],
    "n_trials": ["5", 5.5, False],
    "cv_folds": [5.0, None, [5]],
    "test_size": ["0.2", True, None],
    "enable_neural_networks": [0, "no"],
    "enable_explainability": [None, 1],
    "shap_max_samples": [1e2, "100"],
    "random_seed": [4.2, "42", True],
    "n_jobs": ["-1", 1.0],
    "time_limit": ["30", True, [30]],
    "preset": ["slow", None, 1],
    "engine": [5, b"tcp://"],
    "interval_coverage": ["0.9", True],
    "work_dir": [5],
    "hold_out": [0, "no", None],
    "refit": [1, "yes"],
    "weight_column": [5, ["w"]],
    "group_column": [5, True],
    "time_column": [5, b"t"],
    "class_weights": [5, ["balanced"], {1: 2.0}, {"yes": True}, {"yes": float("inf")}],
    "metric": [5, ["accuracy"]],
    "threshold_metric": [5, True],
    "allow_missing": [1, "yes", None],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, each) for name, values in WRONG_TYPES.items() for each in values]
)
def test_a_value_of_the_wrong_type_is_refused(name: str, value: object) -> None:
    assert refused(**{name: value}).context["field"] == name


def test_wrong_types_are_tried_for_every_field() -> None:
    assert WRONG_TYPES.keys() == BY_NAME.keys()


@pytest.mark.parametrize("value", ["Regression", "", "multiclass", None, 1, ["regression"], {}])
def test_an_unknown_problem_type_is_refused(value: object) -> None:
    error = refused(problem_type=value)
    assert error.context["field"] == "problem_type"
    assert "'classification' or 'regression'" in str(error)


def test_a_missing_problem_type_is_refused() -> None:
    with pytest.raises(InvalidConfigError, match="problem_type is not set"):
        PipelineConfig.builder().n_trials(3).build()


def test_nan_is_outside_the_bounds() -> None:
    assert "nan" in refused(test_size=float("nan")).message


def test_a_huge_integer_is_refused_in_a_short_message() -> None:
    for value in (10**400, 10**5000):
        error = refused(n_trials=value)
        assert error.context["field"] == "n_trials"
        assert len(str(error)) < 300


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    error = refused(n_trial=5)
    assert "unknown setting 'n_trial'" in error.message
    assert "Did you mean 'n_trials'?" in error.hint


def test_a_setting_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidConfigError, match="unknown setting 5"):
        PipelineConfig.from_dict({"problem_type": "regression", 5: 1})  # type: ignore[dict-item]


@pytest.mark.parametrize("problem_type", list(ProblemType))
def test_the_contract_names_every_algorithm(problem_type: ProblemType) -> None:
    assert available_algorithms(problem_type) == AGREED["algorithms"][problem_type]


@pytest.mark.parametrize(("given", "nearest"), AGREED["misspelt_algorithms"])
def test_an_unknown_algorithm_is_refused_with_the_nearest_name(given: str, nearest: str) -> None:
    error = refused(problem_type="regression", algorithm=given)
    assert f"Did you mean {nearest!r}?" in error.hint


def test_an_algorithm_of_the_other_problem_type_is_refused() -> None:
    error = refused(problem_type="classification", algorithm="ridge")
    assert "'ridge' for classification" in error.message
    assert "logistic_regression" in error.hint


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "5", '"regression"', "null", "[" * 100_000, "{'problem_type': 1}"]
)
def test_json_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfigError, match="the settings are"):
        PipelineConfig.from_json(text)


def test_the_builder_sets_every_field_and_json_carries_it() -> None:
    values = {
        "problem_type": "regression",
        "target_column": 'price "in" €',
        "algorithm": "ridge",
        "top_k_algorithms": 2,
        "optimize_hyperparams": False,
        "n_trials": 7,
        "cv_folds": 4,
        "test_size": 0.3,
        "enable_neural_networks": False,
        "enable_explainability": False,
        "shap_max_samples": 9,
        "random_seed": 2**64 - 1,
        "n_jobs": 2,
        "time_limit": 2.5,
        "preset": "best",
        "engine": "tcp://localhost:8786",
        "interval_coverage": 0.9,
        "work_dir": "fits",
        "hold_out": False,
        "refit": True,
        "weight_column": "rows",
        "group_column": "street",
        "metric": "mae",
        "allow_missing": True,
    }
    of_classes = {
        "problem_type": "classification",
        "time_column": "day",
        "class_weights": {"yes": 2.0},
        "threshold_metric": "f1",
    }
    for given in (values, of_classes):
        builder = PipelineConfig.builder()
        for name, value in given.items():
            assert getattr(builder, name)(value) is builder
        config = builder.build()
        assert config.to_dict() == PipelineConfig(**given).to_dict()  # type: ignore[arg-type]
        assert {name: config.to_dict()[name] for name in given} == given
        assert PipelineConfig.from_json(json.dumps(config.to_dict())) == config
    assert {*values, *of_classes} == {field.name for field in dataclasses.fields(PipelineConfig)}


def test_a_configuration_cannot_be_changed() -> None:
    config = PipelineConfig(ProblemType.REGRESSION)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.n_trials = 0  # type: ignore[misc]
