"""One suite for every algorithm: what `Model` promises, each must keep."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
import pandas as pd
import pytest

from lex_learning.config import ProblemType
from lex_learning.core.metrics import selection_score
from lex_learning.core.problem import Problem
from lex_learning.core.schema import Schema
from lex_learning.core.target import Target
from lex_learning.models import available_algorithms, model_class
from lex_learning.models.base import Validation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.models.base import Model

TARGETS = {"titanic": "survived", "penguins": "Species", "carseats": "Sales"}
TABLES = {"binary": "titanic", "multiclass": "penguins", "regression": "carseats"}
QUICK = {
    "neural_network": {"epochs": 12, "rounds": 12, "width": 32, "learning_rate": 1e-2},
    "random_forest": {"n_estimators": 40},
    "extra_trees": {"n_estimators": 40},
}
"""Settings that keep the suite short."""
ALL = sorted(
    {*available_algorithms(ProblemType.CLASSIFICATION), *available_algorithms(ProblemType.REGRESSION)}
)
CASES = [
    pytest.param(key, kind, id=f"{key}-{kind}")
    for key in ALL
    for kind in ("binary", "multiclass", "regression")
    if (ProblemType.REGRESSION if kind == "regression" else ProblemType.CLASSIFICATION)
    in model_class(key).problem_types
]
every_case = pytest.mark.parametrize(("key", "kind"), CASES)


@dataclass
class Task:
    """Rows to learn from and rows to predict."""

    problem: Problem
    X: NDArray[Any]
    y: NDArray[Any]
    X_test: NDArray[Any]
    y_test: NDArray[Any]

    def model(self, key: str, *, seed: int = 1, **changed: Any) -> Model:
        algorithm = model_class(key)
        if algorithm.unavailable_reason() is not None:
            pytest.skip(str(algorithm.unavailable_reason()))
        params = algorithm.defaults(self.problem) | QUICK.get(key, {}) | changed
        if algorithm.stops_early and "rounds" not in changed:
            params["rounds"] = min(params["rounds"], 40)
        return algorithm(self.problem, params, seed=seed, threads=1)

    def fitted(self, key: str, **settings: Any) -> Model:
        model = self.model(key, **settings)
        model.fit(self.X, self.y)
        return model

    def constant_score(self) -> float:
        if self.problem.is_classification:
            shares = np.bincount(self.y, minlength=self.problem.class_count) / len(self.y)
            output = np.tile(shares, (len(self.y_test), 1))
        else:
            output = np.full((len(self.y_test), 1), self.y.mean())
        return selection_score(self.problem, self.y_test, output)


def make_task(kind: str, *, rows: int = 240, levels: int = 4, seed: int = 0) -> Task:
    """Two numbers and two categories, in mixed order, of which all but the last matter."""
    random = np.random.default_rng(seed)
    X = np.column_stack(
        [
            random.normal(size=2 * rows),
            random.integers(levels, size=2 * rows),
            random.normal(50.0, 20.0, size=2 * rows),
            random.integers(3, size=2 * rows),
        ]
    ).astype(np.float64)
    signal = X[:, 0] + 1.5 * (X[:, 1] % 2) + (X[:, 2] - 50.0) / 40.0
    noisy = signal + random.normal(scale=0.2, size=len(signal))
    y: NDArray[Any] = 100.0 + 10.0 * noisy
    class_count = {"binary": 2, "multiclass": 3, "regression": 0}[kind]
    if class_count:
        y = np.searchsorted(np.quantile(noisy, np.arange(1, class_count) / class_count), noisy).astype(
            np.int32
        )
    problem = Problem(
        ProblemType.CLASSIFICATION if class_count else ProblemType.REGRESSION,
        row_count=rows,
        column_count=4,
        class_count=class_count,
        categorical_levels={1: levels, 3: 3},
    )
    return Task(problem, X[:rows], y[:rows], X[rows:], y[rows:])


def load_task(name: str) -> Task:
    frame = pd.read_csv(Path(__file__).parents[3] / "tests" / "data" / f"{name}.csv")
    features, outcome = frame.drop(columns=TARGETS[name]), frame[TARGETS[name]]
    schema = Schema.from_frame(features)
    target = Target(TARGETS[name]) if name == "carseats" else Target.from_series(outcome)
    X, y = schema.encode(features), target.encode(outcome)
    rows = len(X) * 3 // 4
    problem = Problem(
        ProblemType.CLASSIFICATION if target.classes else ProblemType.REGRESSION,
        row_count=rows,
        column_count=X.shape[1],
        class_count=len(target.classes),
        categorical_levels=schema.categorical_levels,
    )
    return Task(problem, X[:rows], y[:rows], X[rows:], y[rows:])


def assert_valid(output: NDArray[Any], task: Task, rows: int) -> None:
    assert output.shape == (rows, task.problem.output_count)
    assert output.dtype == np.float64
    assert np.isfinite(output).all()
    if task.problem.is_classification:
        assert (output >= 0.0).all()
        np.testing.assert_allclose(output.sum(axis=1), 1.0, rtol=1e-5)


@every_case
def test_learns_a_toy_problem(key: str, kind: str) -> None:
    task = make_task(kind)
    output = task.fitted(key).predict(task.X_test)
    assert_valid(output, task, len(task.X_test))
    assert selection_score(task.problem, task.y_test, output) < 0.8 * task.constant_score()


@every_case
def test_learns_real_data(key: str, kind: str) -> None:
    task = load_task(TABLES[kind])
    output = task.fitted(key).predict(task.X_test)
    assert_valid(output, task, len(task.X_test))
    assert selection_score(task.problem, task.y_test, output) < 0.9 * task.constant_score()


@every_case
def test_stops_early_with_validation(key: str, kind: str) -> None:
    task = make_task(kind)
    model = task.model(key)
    model.fit(task.X, task.y, Validation(task.X_test, task.y_test))
    if model.stops_early:
        assert model.rounds is not None
        assert model.rounds >= 1
    else:
        assert model.rounds is None
    output = model.predict(task.X_test)
    assert selection_score(task.problem, task.y_test, output) < 0.8 * task.constant_score()


@every_case
def test_trains_for_the_rounds_asked(key: str, kind: str) -> None:
    if not model_class(key).stops_early:
        pytest.skip("it does not train in rounds")
    task = make_task(kind)
    assert task.fitted(key, rounds=3).rounds == 3


@every_case
def test_same_seed_same_predictions(key: str, kind: str) -> None:
    task = make_task(kind)
    first = task.fitted(key, seed=7).predict(task.X_test)
    np.testing.assert_array_equal(first, task.fitted(key, seed=7).predict(task.X_test))
    other = task.fitted(key, seed=8)
    assert_valid(other.predict(task.X_test), task, len(task.X_test))


@every_case
def test_row_equals_batch_and_reload(key: str, kind: str) -> None:
    task = load_task(TABLES[kind])
    model = task.fitted(key)
    batch = model.predict(task.X_test)
    for index in range(5):
        row = model.predict(np.ascontiguousarray(task.X_test[index : index + 1]))
        np.testing.assert_allclose(row[0], batch[index], rtol=1e-6, atol=1e-12)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict(task.X_test), batch)


@every_case
def test_threads_that_share_out_many_rows_change_none(key: str, kind: str) -> None:
    task = load_task(TABLES[kind])
    model = task.fitted(key)
    many = np.resize(task.X_test, (3_000, task.X_test.shape[1]))
    model.use_threads(2)
    shared = model.predict(many)
    np.testing.assert_allclose(shared, np.resize(model.predict(task.X_test), shared.shape), rtol=1e-6)
    model.use_threads(1)
    np.testing.assert_array_equal(model.predict(many), shared)


@every_case
def test_unseen_category_predicts(key: str, kind: str) -> None:
    task = make_task(kind)
    model = task.fitted(key)
    X = task.X_test[:6].copy()
    X[:3, 1] = np.nan
    X[1:4, 3] = np.nan
    assert_valid(model.predict(X), task, 6)
    assert_valid(model.predict(X[1:2]), task, 1)


@every_case
def test_level_missing_from_a_fold(key: str, kind: str) -> None:
    task = make_task(kind)
    kept = task.X[:, 1] < 3
    model = task.model(key)
    model.fit(task.X[kept], task.y[kept])
    assert_valid(model.predict(task.X_test), task, len(task.X_test))


@pytest.mark.parametrize("key", available_algorithms(ProblemType.CLASSIFICATION))
@pytest.mark.parametrize("absent", [0, 1, 2])
def test_rare_class_missing_from_a_fold(key: str, absent: int, capfd: pytest.CaptureFixture[str]) -> None:
    task = make_task("multiclass")
    kept = task.y != absent
    present = task.y_test != absent
    held = np.append(np.flatnonzero(present), np.flatnonzero(~present)[:1])
    model = task.model(key)
    model.fit(task.X[kept], task.y[kept], Validation(task.X_test[held], task.y_test[held]))
    output = model.predict(task.X_test)
    assert_valid(output, task, len(task.X_test))
    assert output[present, absent].mean() < 0.02
    assert (output[present].argmax(axis=1) == task.y_test[present]).mean() > 0.7
    for part in model.contributions(task.X_test[:3]) or ():
        assert np.isfinite(part).all()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("key", available_algorithms(ProblemType.CLASSIFICATION))
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_class_of_a_single_row(key: str, kind: str) -> None:
    task = make_task(kind)
    kept = np.flatnonzero(task.y != 1)
    kept = np.append(kept, np.flatnonzero(task.y == 1)[:1])
    model = task.model(key)
    model.fit(task.X[kept], task.y[kept])
    assert_valid(model.predict(task.X_test), task, len(task.X_test))


@every_case
def test_takes_a_read_only_memory_map(key: str, kind: str, tmp_path: Path) -> None:
    task = make_task(kind)
    np.save(tmp_path / "X.npy", np.asfortranarray(task.X))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    model = task.model(key)
    model.fit(mapped, task.y)
    expected = model.predict(np.ascontiguousarray(task.X))
    np.testing.assert_allclose(model.predict(mapped), expected, rtol=1e-6, atol=1e-12)


@every_case
def test_defaults_and_search_space_agree(key: str, kind: str) -> None:
    task = make_task(kind)
    algorithm = model_class(key)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    params = algorithm.search_space(study.ask(), task.problem)
    assert list(params) == list(algorithm.defaults(task.problem))
    for row_count in (10, 1_000_000):
        problem = Problem(task.problem.type, row_count, 4, task.problem.class_count, {1: 4, 3: 3})
        assert algorithm.defaults(problem).keys() == params.keys()
        assert algorithm.search_space(study.ask(), problem).keys() == params.keys()
        assert algorithm.memory_bytes(problem) > 0
    assert algorithm.library


@every_case
@pytest.mark.parametrize("corner", ["low", "high"])
def test_corners_of_the_search_space_fit(key: str, kind: str, corner: str) -> None:
    task = make_task(kind, rows=120)
    params = model_class(key).search_space(_Corner(corner), task.problem)  # type: ignore[arg-type]
    slow = {
        name: QUICK[key][name] for name in ("epochs", "rounds", "n_estimators") if name in QUICK.get(key, {})
    }
    model = task.fitted(key, **(params | slow))
    assert_valid(model.predict(task.X_test), task, len(task.X_test))


class _Corner:
    """A trial that answers with the ends of all ranges."""

    def __init__(self, corner: str) -> None:
        self._index = 0 if corner == "low" else -1

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        assert low < high
        return (low, high)[self._index]

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        assert low < high
        return (low, high)[self._index]

    def suggest_categorical(self, name: str, choices: list[Any]) -> Any:
        return choices[self._index]


@every_case
def test_column_of_a_thousand_levels(key: str, kind: str) -> None:
    task = make_task(kind, rows=1_200, levels=1_000)
    model = task.fitted(key)
    X = task.X_test[:50].copy()
    X[0, 1] = np.nan
    assert_valid(model.predict(X), task, 50)


@every_case
def test_columns_of_one_kind_or_constant(key: str, kind: str) -> None:
    task = make_task(kind)
    settings = task.problem.type, 240, 2, task.problem.class_count
    numbers = np.column_stack([task.X[:, 0], np.full(240, 1e30)])
    categories = np.column_stack([task.X[:, 1], np.zeros(240)])
    for X, levels in ((numbers, {}), (categories, {0: 4, 1: 1})):
        part = Task(Problem(*settings, levels), X, task.y, X, task.y)
        assert_valid(part.fitted(key).predict(X), part, 240)


@every_case
def test_number_far_outside(key: str, kind: str) -> None:
    task = make_task(kind)
    model = task.fitted(key)
    X = task.X_test[:2].copy()
    X[0, 0], X[1, 0] = 1e300, -1e300
    assert_valid(model.predict(X), task, 2)


@every_case
@pytest.mark.parametrize("columns", ["mixed", "numbers"])
def test_contributions_add_up(key: str, kind: str, columns: str) -> None:
    task = load_task(TABLES[kind])
    if columns == "numbers":
        numbers = task.problem.numeric_columns
        problem = dataclasses.replace(task.problem, column_count=len(numbers), categorical_levels={})
        task = Task(problem, task.X[:, numbers], task.y, task.X_test[:, numbers], task.y_test)
    model = task.fitted(key)
    X = task.X_test[:20]
    found = model.contributions(X)
    assert (found is not None) is model.explains_exactly
    if found is None:
        pytest.skip("it has no exact method")
    values, base = found
    outputs = task.problem.class_count if kind == "multiclass" else 1
    assert values.shape == (20, X.shape[1], outputs)
    assert base.shape == (outputs,)
    raw = base + values.sum(axis=1)
    output = model.predict(X)
    if kind == "regression" or model.explains_probabilities:
        expected = output[:, 1:] if kind == "binary" else output
    elif kind == "binary":
        expected = np.log(output[:, 1:] / output[:, :1])
    else:
        # Class scores are equal up to a constant of the row.
        expected, raw = np.log(output), raw - np.log(np.exp(raw).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(raw, expected, rtol=1e-6, atol=5e-6)


@every_case
def test_quiet_and_leaves_no_files(
    key: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    task = make_task(kind)
    monkeypatch.chdir(tmp_path)
    model = task.model(key)
    model.fit(task.X, task.y, Validation(task.X_test, task.y_test))
    model.predict(task.X_test)
    model.contributions(task.X_test[:3])
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras' own
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_network_in_numpy_equals_its_keras_file(kind: str, tmp_path: Path) -> None:
    """The forward pass is written twice, and the pickle holds both; they must agree."""
    keras = pytest.importorskip("keras")
    from lex_learning.models._network import forward

    task = make_task(kind, levels=30)
    fitted = task.fitted("neural_network")
    model = pickle.loads(pickle.dumps(fitted))
    path = tmp_path / "network.keras"
    path.write_bytes(model.keras_file)
    inputs = model._inputs.transform(task.X_test)
    network = keras.saving.load_model(path)
    expected = network([np.asarray(each, dtype=np.float32) for each in inputs]).numpy()
    found = forward(model._weights, *inputs)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(model.predict(task.X_test), fitted.predict(task.X_test))
    assert pickle.loads(pickle.dumps(model)).keras_file == model.keras_file
