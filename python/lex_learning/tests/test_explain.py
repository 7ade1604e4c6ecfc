"""The explanation of one prediction: that it is the model's, adds up, and says what it is worth."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax

from conftest import settings
from lex_learning import Explanation, Pipeline, TrainedModel
from lex_learning.core.problem import Problem
from lex_learning.core.schema import Schema
from lex_learning.errors import ExplainabilityError, InferenceError
from lex_learning.models import model_class
from lex_learning.models._carried import carried_to_probabilities, carried_to_sharper
from lex_learning.models._logarithm import LogTarget
from lex_learning.models.base import Validation
from lex_learning.models.ensemble import Ensemble, Member, sharpened

if TYPE_CHECKING:
    from lex_learning import TrainingResult

RESULTS = ["titanic", "penguins", "carseats"]
EXACT = {
    "titanic": ("lightgbm", "xgboost", "catboost", "logistic_regression", "decision_tree"),
    "penguins": ("lightgbm", "xgboost", "catboost", "logistic_regression", "random_forest"),
    "carseats": ("lightgbm", "xgboost", "catboost", "ridge", "extra_trees"),
}
SKETCHY = {"rounds": 30, "n_estimators": 20}


@pytest.fixture(params=RESULTS)
def table(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def frame(table: str, request: pytest.FixtureRequest) -> pd.DataFrame:
    found: pd.DataFrame = request.getfixturevalue(table)
    return found


@pytest.fixture
def result(table: str, request: pytest.FixtureRequest) -> TrainingResult:
    found: TrainingResult = request.getfixturevalue(f"{table}_result")
    return found


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(frame.to_json(orient="records"))


def ensemble_of(
    result: TrainingResult, frame: pd.DataFrame, keys: tuple[str, ...], *, sharpness: float = 1.0
) -> TrainedModel:
    """A model of the same table, made of these algorithms; of those that know it, one learns logarithms."""
    model, info = result.model, result.model.get_info()
    schema = Schema.from_dict(info.schema)
    X, y = schema.encode(frame, ignore={info.target_column}), model.target.encode(frame[info.target_column])
    known = model._model.problem
    problem = Problem(known.type, len(X), X.shape[1], known.class_count, schema.categorical_levels)
    members = []
    for place, key in enumerate(keys):
        chosen = model_class(key)
        params = {name: SKETCHY.get(name, value) for name, value in chosen.defaults(problem).items()}
        fitted: Any = chosen(problem, params, seed=place, threads=1)
        held = None
        if key == "lightgbm" and not problem.is_classification:
            fitted, y_above, held = LogTarget(fitted), y + 1.0, Validation(X[:50], y[:50] + 1.0)
            fitted.fit(X, y_above, held)
        else:
            fitted.fit(X, y)
        members.append(Member(key, (place + 1.0) / sum(range(len(keys) + 1)), (fitted,)))
    whole = Ensemble(problem, members, sharpness)
    return TrainedModel(info, whole, model.target.classes, None if whole.explains_exactly else X[:50])


def answered(model: TrainedModel, row: dict[str, Any], explanation: Explanation) -> tuple[float, float]:
    """What the model predicts, and what the explanation says of it, in the same terms."""
    predicted = model.predict(row)
    if explanation.label is None:
        assert predicted.value is not None
        return predicted.value, explanation.output
    share = predicted.probabilities[explanation.label]
    if explanation.space == "probability":
        return share, explanation.output
    if not explanation.by_class:
        return share, float(expit(explanation.output))
    scores = np.array([each.output for each in explanation.by_class.values()])
    return share, float(softmax(scores)[list(explanation.by_class).index(explanation.label)])


def assert_adds_up(model: TrainedModel, row: dict[str, Any], explanation: Explanation) -> None:
    assert list(explanation.contributions) == model.feature_names
    total = explanation.base + sum(explanation.contributions.values())
    assert total == pytest.approx(explanation.output, abs=1e-9, rel=1e-9)
    predicted, explained = answered(model, row, explanation)
    assert explained == pytest.approx(predicted, abs=1e-6, rel=1e-6)
    for label, each in explanation.by_class.items():
        assert each.base + sum(each.contributions.values()) == pytest.approx(each.output, abs=1e-9)
        if explanation.space == "probability":
            assert each.output == pytest.approx(model.predict(row).probabilities[label], abs=1e-6)
    if explanation.by_class:
        chosen = explanation.by_class[explanation.label or ""]
        assert (chosen.base, chosen.output) == (explanation.base, explanation.output)
        assert chosen.contributions == explanation.contributions


def test_a_prediction_is_explained(result: TrainingResult, frame: pd.DataFrame, table: str) -> None:
    for row in rows_of(frame.sample(5, random_state=0)):
        explanation = result.model.explain(row)
        assert_adds_up(result.model, row, explanation)
        assert explanation.space == ("value" if table == "carseats" else "log-odds")
        expected = {"titanic": "survived", "carseats": None}
        assert explanation.label == expected.get(table, result.model.predict(row).label)
        assert len(explanation.by_class) == (3 if table == "penguins" else 0)
        assert (explanation.approximate, explanation.warnings) == (False, [])
        assert explanation.waterfall.startswith(b"\x89PNG")
        json.dumps(explanation.to_dict(), allow_nan=False)


@pytest.mark.parametrize("sharpness", [1.0, 1.7])
def test_an_ensemble_is_explained_by_what_its_members_know(
    result: TrainingResult, frame: pd.DataFrame, table: str, sharpness: float
) -> None:
    model = ensemble_of(result, frame, EXACT[table], sharpness=sharpness)
    for row in rows_of(frame.sample(4, random_state=1)):
        explanation = model.explain(row)
        assert_adds_up(model, row, explanation)
        assert explanation.space == ("value" if table == "carseats" else "probability")
        assert (explanation.approximate, explanation.warnings) == (False, [])


def test_members_without_an_exact_method_are_sampled(
    result: TrainingResult, frame: pd.DataFrame, table: str
) -> None:
    slow = "svr" if table == "carseats" else "svm"
    model = ensemble_of(result, frame, (EXACT[table][0], "knn", slow), sharpness=0.8)
    for row in rows_of(frame.sample(3, random_state=2)):
        explanation = model.explain(row)
        assert_adds_up(model, row, explanation)
        assert explanation.approximate
        assert [f"knn, {slow}" in each for each in explanation.warnings] == [True]
        assert model.explain(row) == explanation


def test_a_sample_is_near_the_exact_values(
    carseats_result: TrainingResult, carseats: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ensemble_of(carseats_result, carseats, ("ridge", "linear_regression"))
    row = rows_of(carseats)[0]
    exact = pd.Series(model.explain(row).contributions)
    for member in model._model.members:  # type: ignore[attr-defined]
        kind = type(member.models[0])
        monkeypatch.setattr(kind, "contributions", lambda *_: None)
        monkeypatch.setattr(kind, "explains_exactly", False)
    sampled = model.__class__(
        model.get_info(), model._model, (), model._schema.encode(carseats.head(50), {"Sales"})
    ).explain(row)
    assert sampled.approximate
    assert (pd.Series(sampled.contributions) - exact).abs().max() < 0.2 * exact.abs().max()


def test_a_saved_model_explains_the_same(titanic_result: TrainingResult, titanic: pd.DataFrame) -> None:
    model = ensemble_of(titanic_result, titanic, ("knn", "lightgbm"))
    again = TrainedModel.from_bytes(model.to_bytes(onnx=False))
    row = rows_of(titanic)[5]
    assert again.explain(row) == model.explain(row)


def test_training_rows_are_kept_only_where_they_are_needed(
    carseats_result: TrainingResult, carseats: pd.DataFrame
) -> None:
    assert carseats_result.model._background is None
    neighbours = Pipeline(settings("regression", algorithm="knn")).train(carseats).model
    background = neighbours._background
    assert background is not None
    assert background.shape == (50, len(neighbours.feature_names))
    explanation = neighbours.explain(rows_of(carseats)[0])
    assert explanation.approximate
    assert_adds_up(neighbours, rows_of(carseats)[0], explanation)


def test_a_trained_ensemble_is_explained(titanic: pd.DataFrame) -> None:
    config = settings("classification", top_k_algorithms=3, optimize_hyperparams=False)
    model = Pipeline(config).train(titanic).model
    row = rows_of(titanic)[0]
    assert_adds_up(model, row, model.explain(row))


def test_without_rows_to_sample_by_it_says_so(titanic_result: TrainingResult, titanic: pd.DataFrame) -> None:
    model = ensemble_of(titanic_result, titanic, ("knn", "lightgbm"))
    bare = TrainedModel(model.get_info(), model._model, model.target.classes)
    with pytest.raises(ExplainabilityError, match="no rows of its training table") as caught:
        bare.explain(rows_of(titanic)[0])
    assert caught.value.hint


def test_a_row_that_does_not_fit_is_refused(titanic_result: TrainingResult) -> None:
    with pytest.raises(InferenceError, match="'age' is missing"):
        titanic_result.model.explain({"pclass": "3rd", "sex": "male", "sibsp": 0, "parch": 0})
    with pytest.raises(InferenceError, match="expected a mapping"):
        titanic_result.model.explain([1, 2])  # type: ignore[arg-type]


def test_what_training_did_not_see_is_told(titanic_result: TrainingResult) -> None:
    row = {"pclass": "steerage", "sex": "male", "age": 130, "sibsp": 0, "parch": 0}
    warnings = titanic_result.model.explain(row).warnings
    assert warnings == titanic_result.model.predict(row).warnings
    assert len(warnings) == 2


def test_a_missing_value_has_a_contribution(titanic: pd.DataFrame) -> None:
    gaps = titanic.copy()
    gaps.loc[::3, "age"] = np.nan
    gaps.loc[::5, "sex"] = None
    config = settings("classification", algorithm="lightgbm", allow_missing=True, optimize_hyperparams=False)
    model = Pipeline(config).train(gaps).model
    row = {**rows_of(titanic)[0], "age": None, "sex": None}
    assert_adds_up(model, row, model.explain(row))


# Of a table.


def test_a_row_alone_is_explained_as_in_the_table(
    result: TrainingResult, frame: pd.DataFrame, table: str
) -> None:
    model = ensemble_of(result, frame, (EXACT[table][0], "knn"), sharpness=1.2)
    part = frame.sample(30, random_state=3)
    found = model.explain_batch(part)
    assert found.index.equals(part.index)
    assert list(found) == [
        *model.feature_names,
        "base",
        "output",
        *(["class"] if table == "penguins" else []),
    ]
    assert found.attrs["approximate"] is True
    assert found.attrs["space"] == ("value" if table == "carseats" else "probability")
    assert "knn" in found.attrs["warnings"][0]
    np.testing.assert_allclose(found["base"] + found[model.feature_names].sum(axis=1), found["output"])
    for index, row in zip(part.index[:8], rows_of(part)[:8], strict=True):
        alone = model.explain(row)
        if table == "penguins":
            assert found.loc[index, "class"] == alone.label
        expected = [*alone.contributions.values(), alone.base, alone.output]
        actual = found.loc[index, [*model.feature_names, "base", "output"]].to_numpy(np.float64)
        np.testing.assert_allclose(actual, expected, atol=1e-8)


def test_the_output_of_a_table_is_what_is_predicted(
    result: TrainingResult, frame: pd.DataFrame, table: str
) -> None:
    found = result.model.explain_batch(frame)
    predicted = result.model.predict_table(frame)
    if predicted.probabilities is None:
        np.testing.assert_allclose(found["output"], predicted.values, rtol=1e-6)
    elif table == "titanic":
        explained = found.loc[titanic_rows(found), "output"]
        shares = predicted.probabilities[titanic_rows(found), 1]
        np.testing.assert_allclose(expit(explained), shares, atol=1e-6)
    else:
        assert found["class"].tolist() == [
            result.model.target.classes[code]
            for code in predicted.values  # noqa: PD011
        ]


def titanic_rows(found: pd.DataFrame) -> list[int]:
    rows: list[int] = found.index.tolist()
    return rows


def test_a_large_table_is_explained_in_part(titanic_result: TrainingResult, titanic: pd.DataFrame) -> None:
    model = titanic_result.model
    found = model.explain_batch(titanic, most_rows=100)
    assert len(found) == 100
    assert found.index.is_monotonic_increasing
    assert found.attrs["warnings"] == ["100 of 1309 rows were explained, a random part of them"]
    assert found.index.tolist() == model.explain_batch(titanic, most_rows=100).index.tolist()
    assert found.index.tolist() != model.explain_batch(titanic, most_rows=100, seed=1).index.tolist()
    whole = model.explain_batch(titanic)
    assert len(whole) == 1_000
    assert len(model.explain_batch(titanic, most_rows=2_000)) == len(titanic)
    hurried = model.explain_batch(titanic, most_seconds=0.0)
    assert 0 < len(hurried) < 1_000
    pd.testing.assert_frame_equal(whole.reindex(hurried.index.intersection(whole.index)), hurried)


def test_an_empty_table_gives_an_empty_one(result: TrainingResult, frame: pd.DataFrame, table: str) -> None:
    empty = result.model.explain_batch(frame.head(0))
    full = result.model.explain_batch(frame.head(2))
    assert len(empty) == 0
    assert list(empty) == list(full)
    assert empty.attrs["warnings"] == []
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


def test_unusual_values_of_a_table_are_told(titanic_result: TrainingResult, titanic: pd.DataFrame) -> None:
    odd = titanic.head(5).assign(age=[130.0, -1.0, 20.0, 30.0, 40.0])
    assert titanic_result.model.explain_batch(odd).attrs["warnings"] == [
        "column 'age': a value outside the training range 0.166700006 to 80 in 2 rows"
    ]


def test_features_may_have_any_name(carseats: pd.DataFrame) -> None:
    frame = carseats.rename(columns={"Price": "base", "Income": "output", "Age": "output_"})
    model = Pipeline(settings("regression", algorithm="ridge")).train(frame).model
    found = model.explain_batch(frame.head(3))
    assert list(found) == [*model.feature_names, "base_", "output__"]


# The integral.


@pytest.mark.parametrize("classes", [1, 3, 8])
@pytest.mark.parametrize("size", [0.1, 3.0, 30.0])
def test_log_odds_become_probabilities_along_a_straight_line(classes: int, size: float) -> None:
    random = np.random.default_rng(0)
    values, base = random.normal(size=(4, 5, classes)) * size, random.normal(size=classes)
    values[:, 4] = 0.0
    earned, start = carried_to_probabilities(values, base)
    change = values.sum(axis=1)
    steps = np.linspace(0.0, 1.0, 20_001)
    expected = np.zeros_like(values)
    for left, right in itertools.pairwise(steps):
        scores = base + (left + right) / 2 * change
        if classes == 1:
            shares = expit(scores)
            expected += (right - left) * (shares * (1 - shares))[:, None, :] * values
        else:
            shares = softmax(scores, axis=1)
            mean = (values * shares[:, None, :]).sum(axis=2, keepdims=True)
            expected += (right - left) * shares[:, None, :] * (values - mean)
    np.testing.assert_allclose(earned, expected, atol=1e-6)
    end = expit(base + change) if classes == 1 else softmax(base + change, axis=1)
    np.testing.assert_allclose(start + earned.sum(axis=1), end, atol=1e-12)
    if classes == 1:
        assert (earned[:, 4] == 0).all()


@pytest.mark.parametrize("classes", [1, 4])
@pytest.mark.parametrize("sharpness", [0.5, 1.5, 3.0])
def test_probabilities_become_sharper_along_a_straight_line(classes: int, sharpness: float) -> None:
    random = np.random.default_rng(1)
    shares = random.dirichlet(np.full(max(2, classes), 0.3), size=20)
    shares[0] = np.eye(max(2, classes))[0]
    base = np.full(max(2, classes), 1 / max(2, classes))
    parts = random.dirichlet(np.ones(3), size=20)[:, :, None] * (shares - base)[:, None, :]
    outputs = slice(1, None) if classes == 1 else slice(None)
    earned, start = carried_to_sharper(parts[:, :, outputs], base[outputs], sharpness)
    expected = sharpened(shares, sharpness)[:, outputs]
    np.testing.assert_allclose(start + earned.sum(axis=1), expected, atol=1e-9)
    # Where columns push in the same direction, they share as they did.
    np.testing.assert_allclose(
        earned[:, :, 0] / earned.sum(axis=1)[:, None, 0],
        parts[:, :, 0] / parts.sum(axis=1)[:, None, 0],
        atol=1e-6,
    )


def test_columns_that_cancel_out_keep_their_contributions() -> None:
    values = np.array([[[2.0], [-2.0]], [[2.0], [-2.0 + 1e-9]]])
    earned, _ = carried_to_probabilities(values, np.array([0.5]))
    slope = float(expit(0.5) * expit(-0.5))
    np.testing.assert_allclose(earned[:, :, 0], [[2 * slope, -2 * slope]] * 2, rtol=1e-6)


def test_an_explanation_is_plain_data(titanic_result: TrainingResult, titanic: pd.DataFrame) -> None:
    explanation = titanic_result.model.explain(rows_of(titanic)[0])
    assert set(explanation.to_dict()) == {each.name for each in dataclasses.fields(Explanation)} - {
        "waterfall"
    }
    assert "PNG" not in repr(explanation)
