"""ONNX files: what a model predicts, its file predicts, in a runtime that knows nothing of this package."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from conftest import read
from lex_learning import TrainedModel
from lex_learning.cli import main
from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.core.schema import Schema
from lex_learning.core.target import Target
from lex_learning.errors import ExportError, InferenceError
from lex_learning.export import model as export
from lex_learning.inference import archive
from lex_learning.inference import model as inference
from lex_learning.models import available_algorithms
from lex_learning.models._logarithm import LogTarget
from lex_learning.models.base import Model
from lex_learning.models.ensemble import Ensemble, Member
from test_algorithms import TABLES, TARGETS, Task, every_case, make_task
from test_model_files import STORED

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lex_learning import TrainingResult
    from lex_learning.models.base import Matrix, Predictor

CLASSIFIERS = available_algorithms(ProblemType.CLASSIFICATION)


@dataclasses.dataclass
class Table:
    """A table with gaps, and what is needed to train on it."""

    frame: pd.DataFrame
    schema: Schema
    target: Target
    task: Task

    @classmethod
    def of(cls, features: pd.DataFrame, outcome: pd.Series[Any], *, nullable: bool = True) -> Table:
        schema = Schema.from_frame(features, nullable=nullable)
        is_number = outcome.dtype == np.float64
        target = Target(str(outcome.name)) if is_number else Target.from_series(outcome)
        X, y = schema.encode(features), target.encode(outcome)
        problem = Problem(
            ProblemType.REGRESSION if is_number else ProblemType.CLASSIFICATION,
            row_count=len(X),
            column_count=X.shape[1],
            class_count=len(target.classes),
            categorical_levels=schema.categorical_levels,
        )
        return cls(features, schema, target, Task(problem, X, y, X, y))

    def trained(self, model: Predictor, like: TrainedModel, **changed: Any) -> TrainedModel:
        info = dataclasses.replace(
            like.get_info(),
            problem_type=str(self.task.problem.type),
            target_column=self.target.name,
            feature_names=self.schema.names,
            class_labels=self.target.labels or None,
            schema=self.schema.to_dict(),
            **changed,
        )
        return TrainedModel(info, model, self.target.classes)


def with_gaps(name: str) -> Table:
    """A real table with some of its cells emptied."""
    frame = read(name)
    features = frame.drop(columns=TARGETS[name])
    random = np.random.default_rng(0)
    features = features.mask(random.random(features.shape) < 0.05)
    return Table.of(features, frame[TARGETS[name]])


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    return {kind: with_gaps(name) for kind, name in TABLES.items()}


@pytest.fixture
def like(carseats_result: TrainingResult) -> TrainedModel:
    return carseats_result.model


def odd(frame: pd.DataFrame) -> pd.DataFrame:
    """Its columns in another order, with texts and numbers that training has not seen."""
    changed = frame[frame.columns[::-1]].reset_index(drop=True).copy()
    for name in changed.columns:
        if pd.api.types.is_numeric_dtype(changed[name].dtype):
            changed[name] = changed[name].astype(np.float64)
            changed.loc[3::11, name] = 1e9
            changed.loc[5::13, name] = -1.5
        elif not pd.api.types.is_bool_dtype(changed[name].dtype):
            changed.loc[2::9, name] = "never seen"
    return changed


def run(path: Path, frame: pd.DataFrame) -> tuple[Matrix, NDArray[Any] | None]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = {}
    for each in session.get_inputs():
        column = frame[each.name]
        kind: Any = {"tensor(string)": object, "tensor(bool)": bool}.get(each.type, np.float64)
        values = column.fillna("") if kind is object else column
        given[each.name] = values.to_numpy(dtype=kind)[:, None]
    names = [each.name for each in session.get_outputs()]
    found = dict(zip(names, session.run(names, given), strict=True))
    return found["output"], found.get("label")


def assert_same(path: Path, model: TrainedModel, frame: pd.DataFrame, tolerance: float = 1e-9) -> None:
    output, labels = run(path, frame)
    expected = model.predict_table(frame)
    if expected.probabilities is None:
        np.testing.assert_allclose(output[:, 0], expected.values, rtol=tolerance)
        return
    np.testing.assert_allclose(output, expected.probabilities, rtol=tolerance, atol=1e-14)
    assert labels is not None
    codes = expected.values  # noqa: PD011
    assert labels.tolist() == [model.target.labels[code] for code in codes]


def tolerance_of(*keys: str) -> float:
    """XGBoost adds up its trees in single precision."""
    return 5e-6 if "xgboost" in keys else 1e-9


@every_case
def test_the_file_predicts_as_the_model(
    key: str, kind: str, tables: dict[str, Table], like: TrainedModel, tmp_path: Path
) -> None:
    table = tables[kind]
    model = table.trained(table.task.fitted(key), like)
    assert model.export_onnx(tmp_path / "model.onnx") == []
    assert_same(tmp_path / "model.onnx", model, odd(table.frame), tolerance_of(key))


@pytest.mark.parametrize("key", CLASSIFIERS)
def test_a_class_that_the_fit_lacked(key: str, like: TrainedModel, tmp_path: Path) -> None:
    task = make_task("multiclass", levels=80)
    frame = pd.DataFrame({f"number {index}": task.X[:, index] for index in (0, 2)})
    frame["text"] = [f"level {int(code)}" for code in task.X[:, 1]]
    table = Table.of(frame, pd.Series([f"class {code}" for code in task.y], name="outcome"), nullable=False)
    kept = table.task.y != 1
    fitted = table.task.model(key)
    fitted.fit(table.task.X[kept], table.task.y[kept])
    model = table.trained(fitted, like)
    model.export_onnx(tmp_path / "model.onnx")
    assert_same(tmp_path / "model.onnx", model, odd(frame), tolerance_of(key))


def test_an_ensemble_sharpened_and_with_a_threshold(
    tables: dict[str, Table], like: TrainedModel, tmp_path: Path
) -> None:
    table = tables["binary"]
    keys = ("lightgbm", "logistic_regression", "random_forest")
    members = [
        Member(key, weight, tuple(table.task.fitted(key, seed=seed) for seed in (1, 2)))
        for key, weight in zip(keys, (0.5, 0.3, 0.2), strict=True)
    ]
    ensemble = Ensemble(table.task.problem, members, sharpness=1.7)
    model = table.trained(ensemble, like, decision_threshold=0.21)
    model.export_onnx(tmp_path / "model.onnx")
    assert_same(tmp_path / "model.onnx", model, odd(table.frame))


def test_a_logarithm_of_the_target(tables: dict[str, Table], like: TrainedModel, tmp_path: Path) -> None:
    table = tables["regression"]
    learned = LogTarget(table.task.model("lightgbm"), scale=1.1)
    learned.fit(table.task.X, table.task.y + 1.0)
    model = table.trained(learned, like)
    model.export_onnx(tmp_path / "model.onnx")
    assert_same(tmp_path / "model.onnx", model, odd(table.frame))


def test_statistics_of_two_columns(like: TrainedModel, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "left": random.integers(25, size=800).astype(str),
            "right": random.integers(25, size=800).astype(str),
            "number": random.normal(size=800),
        }
    )
    is_even = (frame["left"].astype(int) + frame["right"].astype(int)) % 2 == 0
    table = Table.of(frame, pd.Series(np.where(is_even, "even", "odd"), name="sum"))
    fitted = table.task.fitted("catboost", rounds=40)
    model = table.trained(fitted, like)
    model.export_onnx(tmp_path / "model.onnx")
    assert_same(tmp_path / "model.onnx", model, odd(frame))


def test_names_that_a_graph_cannot_bear(tables: dict[str, Table], like: TrainedModel, tmp_path: Path) -> None:
    table = tables["multiclass"]
    names = ["", "features", "output", "label", "Concat_4", "constant_0", *table.schema.names]
    frame = table.frame.set_axis(names[: table.frame.shape[1]], axis="columns")
    renamed = Table.of(frame, read("penguins")[TARGETS["penguins"]])
    model = renamed.trained(renamed.task.fitted("svm"), like)
    model.export_onnx(tmp_path / "model.onnx")


def test_the_metadata_tells_what_the_model_knows(titanic_result: TrainingResult, tmp_path: Path) -> None:
    import onnx

    model = titanic_result.model
    model.export_onnx(tmp_path / "model.onnx")
    document = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(document, full_check=True)
    facts = json.loads({each.key: each.value for each in document.metadata_props}["lex_learning"])
    info = json.loads(json.dumps(model.get_info().to_dict()))
    assert facts == {"format": 1, "info": info, "classes": ["died", "survived"]}
    assert [each.name for each in document.graph.input] == model.feature_names
    assert_same(tmp_path / "model.onnx", model, read("titanic").drop(columns="survived"))


class Unknown(Model):
    """An algorithm that ONNX knows nothing of."""

    problem_types = frozenset(ProblemType)
    library = "none"

    @classmethod
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        return {}

    @classmethod
    def search_space(cls, trial: Any, problem: Problem) -> dict[str, Any]:
        return {}

    def fit(self, X: Matrix, y: Any, validation: Any = None, weights: Any = None) -> None:
        """Nothing to learn."""

    def predict(self, X: Matrix) -> Matrix:
        return np.full((len(X), self.problem.output_count), 1.0 / self.problem.output_count)


class Liar(Unknown):
    """One whose form in ONNX is wrong by a thousandth."""

    def to_graph(self, graph: Any, features: str) -> str:
        zero = graph.add("Mul", graph.fill(graph.columns(features, [0]), 0.0), 0.0)
        wrong: str = graph.add("Add", zero, np.array([1.0, 0.999][: self.problem.output_count]) / 2.0)
        return wrong


def test_members_that_onnx_cannot_express(
    tables: dict[str, Table], like: TrainedModel, tmp_path: Path
) -> None:
    table, path = tables["binary"], tmp_path / "model.onnx"
    fitted = table.task.fitted("lightgbm")
    unknown = Unknown(table.task.problem, {}, seed=0, threads=1)
    ensemble = Ensemble(
        table.task.problem, [Member("known", 0.3, (fitted,)), Member("odd one", 0.7, (unknown,))]
    )
    model = table.trained(ensemble, like)
    with pytest.raises(ExportError, match=r"odd one, of weight 0\.7: .* no form in ONNX.*off by 0\.\d"):
        model.export_onnx(path)
    assert not path.exists()
    left_out, difference = model.export_onnx(path, leave_out_members=True)
    assert "odd one" in left_out
    assert "off by" in difference
    assert_same(path, table.trained(fitted, like), odd(table.frame))
    for alone in (unknown, Ensemble(table.task.problem, [Member("odd one", 1.0, (unknown,))])):
        with pytest.raises(ExportError):
            table.trained(alone, like).export_onnx(path, leave_out_members=True)


def test_a_file_that_would_predict_otherwise_is_not_written(
    tables: dict[str, Table], like: TrainedModel, tmp_path: Path
) -> None:
    table, path = tables["binary"], tmp_path / "model.onnx"
    path.write_bytes(b"old")
    model = table.trained(Liar(table.task.problem, {}, seed=0, threads=1), like)
    with pytest.raises(ExportError, match="predicts otherwise"):
        model.export_onnx(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["binary", "regression"])
@pytest.mark.parametrize("settings", [{"p": 1}, {"p": 2, "weights": "uniform"}])
def test_neighbors_hang_on_no_order_of_rows(kind: str, settings: dict[str, Any]) -> None:
    task = make_task(kind)
    X, X_test = np.round(task.X / [1, 1, 20, 1]), np.round(task.X_test / [1, 1, 20, 1])
    order = np.random.default_rng(0).permutation(len(X))
    first = dataclasses.replace(task, X=X).fitted("knn", **settings)
    second = dataclasses.replace(task, X=X[order], y=task.y[order]).fitted("knn", **settings)
    np.testing.assert_allclose(second.predict(X_test), first.predict(X_test), rtol=1e-9)


def test_the_command_writes_a_file(titanic_result: TrainingResult, tmp_path: Path) -> None:
    model, path = tmp_path / "model.pkl", tmp_path / "model.onnx"
    titanic_result.model.save(model)
    assert main(["export", str(model), "--output", str(path)]) == 0
    assert_same(path, titanic_result.model, read("titanic").drop(columns="survived"))
    assert main(["export", str(model), "--output", str(tmp_path / "none" / "model.onnx")]) == 4


@pytest.mark.parametrize("name", ["model.lex", "model.PKL"])
def test_a_name_of_another_format_is_refused(
    name: str, titanic_result: TrainingResult, tmp_path: Path
) -> None:
    with pytest.raises(InferenceError, match="not of an ONNX file"):
        titanic_result.model.export_onnx(tmp_path / name)
    with pytest.raises(InferenceError, match="of an ONNX file"):
        titanic_result.model.save(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


# In model files.


def document_of(data: bytes) -> bytes:
    return archive.unpack(data)[1][archive.ONNX]


def reason_of(data: bytes) -> str:
    manifest, parts = archive.unpack(data)
    assert archive.ONNX not in parts
    reason: str = manifest["without_onnx"]
    return reason


def fail(*_: object, **__: object) -> Any:
    raise MemoryError("no room")


def test_a_model_file_carries_the_document(titanic_result: TrainingResult, tmp_path: Path) -> None:
    data = titanic_result.model.to_bytes()
    (tmp_path / "model.onnx").write_bytes(document_of(data))
    assert_same(tmp_path / "model.onnx", titanic_result.model, read("titanic").drop(columns="survived"))
    assert "without_onnx" not in archive.unpack(data)[0]


def test_a_loaded_model_keeps_the_document_that_it_came_with(
    titanic_result: TrainingResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = titanic_result.model.to_bytes()
    loaded = TrainedModel.from_bytes(data)
    monkeypatch.setattr(export, "to_onnx", fail)
    monkeypatch.setattr(inference, "MOST_BYTES_WITH_ONNX", 10)
    assert loaded.to_bytes() == data


def test_a_file_without_the_document_is_asked_for(titanic_result: TrainingResult, tmp_path: Path) -> None:
    model, path = titanic_result.model, tmp_path / "model.lex"
    model.save(path, onnx=False)
    assert "as asked for" in reason_of(path.read_bytes())
    assert path.read_bytes() == model.to_bytes(onnx=False)
    assert TrainedModel.load(path).to_bytes() == model.to_bytes()


@pytest.mark.parametrize("path", sorted(STORED.glob("*.lex")), ids=lambda path: path.stem)
def test_files_of_before_get_a_document_when_they_are_saved(path: Path, tmp_path: Path) -> None:
    model = TrainedModel.load(path)
    (tmp_path / "model.onnx").write_bytes(document_of(model.to_bytes()))
    case = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))[0]
    frame = pd.DataFrame([case["row"]], columns=model.feature_names)
    assert_same(tmp_path / "model.onnx", model, frame, tolerance_of("xgboost"))


def test_a_file_says_why_it_holds_no_document(
    tables: dict[str, Table], like: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tables["binary"]
    fitted = table.task.fitted("logistic_regression")
    unknown, liar = (kind(table.task.problem, {}, seed=0, threads=1) for kind in (Unknown, Liar))
    members = [Member("known", 0.3, (fitted,)), Member("odd one", 0.7, (unknown,))]
    mixed = table.trained(Ensemble(table.task.problem, members), like)
    assert "odd one, of weight 0.7: " in reason_of(mixed.to_bytes())
    assert "predicts otherwise" in reason_of(table.trained(liar, like).to_bytes())
    model = table.trained(fitted, like)
    with monkeypatch.context() as patch:
        patch.setattr(inference, "MOST_BYTES_WITH_ONNX", 10)
        assert "only one of up to 10" in reason_of(model.to_bytes())
        patch.setattr(inference, "MOST_BYTES_WITH_ONNX", 10**9)
        patch.setattr(export, "to_onnx", fail)
        assert reason_of(model.to_bytes()) == "MemoryError: no room"
    assert document_of(model.to_bytes())
