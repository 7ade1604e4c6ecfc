"""The explanation of a model: that it adds up, stays bounded, and can be looked at."""

# ruff: noqa: PD011 - the values of an explanation are an array

from __future__ import annotations

import io
import itertools
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.core.schema import Schema
from lex_learning.core.target import Target
from lex_learning.errors import ExplainabilityError
from lex_learning.explainability import contributions as contributions_module
from lex_learning.explainability import importance as importance_module
from lex_learning.explainability import sampling
from lex_learning.explainability.contributions import Space, explain
from lex_learning.explainability.figures import printable, render
from lex_learning.explainability.importance import permutation_importance
from lex_learning.explainability.plots import draw_plots
from lex_learning.explainability.scene import Scene
from lex_learning.explainability.waterfall import draw_row
from lex_learning.models import model_class

ROWS = 240


class Formula:
    """A stand-in for a fitted model without an exact method; counts what it is asked."""

    def __init__(self, formula: Any) -> None:
        self.formula = formula
        self.asked = 0

    def predict(self, X: np.ndarray) -> np.ndarray:
        self.asked += len(X)
        return np.asarray(self.formula(X)).reshape(len(X), -1)

    def contributions(self, X: np.ndarray) -> None:
        return None


def problem_of(kind: str, columns: int, levels: dict[int, int] | None = None) -> Problem:
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[kind]
    problem_type = ProblemType.CLASSIFICATION if classes else ProblemType.REGRESSION
    return Problem(problem_type, ROWS, columns, classes, levels or {})


def frame_of(names: list[str]) -> pd.DataFrame:
    """Two numbers, a boolean, a category of three levels, and a constant."""
    random = np.random.default_rng(0)
    levels = np.array(["low $a$", "mid_b^2", "high 🦄"])
    columns = [
        random.normal(size=ROWS),
        random.integers(0, 5, ROWS),
        random.random(ROWS) < 0.5,
        levels[random.integers(0, 3, ROWS)],
        np.full(ROWS, 7.0),
    ]
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


PLAIN = ["size", "count", "flag", "kind", "constant"]
ODD = ["price_$ in $", "x^2_{a} \\frac{1}{2}", "😀🦄 漢字\n%d", "a very long name " * 9, ""]


def fitted(kind: str, algorithm: str = "lightgbm", names: list[str] = PLAIN) -> SimpleNamespace:
    frame = frame_of(names)
    schema = Schema.from_frame(frame)
    X = schema.encode(frame)
    score = X[:, 0] + X[:, 2] * X[:, 1] / 2 + (X[:, 3] == 0)
    labels = {"binary": ("no", "yes $_^ 🦄"), "multiclass": ("a", "b $x$", "漢"), "regression": ()}[kind]
    y: Any = (
        score
        if not labels
        else np.digitize(score, np.quantile(score, np.linspace(0, 1, len(labels) + 1)[1:-1]))
    )
    problem = problem_of(kind, X.shape[1], schema.categorical_levels)
    chosen = model_class(algorithm)
    settings = chosen.defaults(problem) | ({"rounds": 30} if algorithm == "lightgbm" else {})
    model = chosen(problem, settings, seed=0, threads=1)
    model.fit(X, y)
    return SimpleNamespace(
        model=model, X=X, y=y, problem=problem, schema=schema, target=Target("out_$", labels)
    )


def plots_of(case: SimpleNamespace, rows: int = 80) -> dict[str, bytes]:
    found = explain(case.model, case.X[:rows], case.X, case.problem, seed=1)
    order = [index for index, _ in permutation_importance(case.model, case.X, case.y, case.problem, seed=1)]
    return draw_plots(found, case.X[:rows], case.schema, case.target, case.problem, order)


@pytest.mark.parametrize(("kind", "outputs"), [("binary", 1), ("multiclass", 3), ("regression", 1)])
def test_exact_contributions_add_up(kind: str, outputs: int) -> None:
    case = fitted(kind)
    found = explain(case.model, case.X, case.X, case.problem, seed=1)
    assert found.values.shape == (ROWS, 5, outputs)
    assert found.base.shape == (outputs,)
    assert not found.approximate
    total = found.base + found.values.sum(axis=1)
    predicted = case.model.predict(case.X)
    if kind == "regression":
        assert found.space is Space.VALUE
        np.testing.assert_allclose(total, predicted, atol=1e-6)
        return
    assert found.space is Space.LOG_ODDS
    scores = np.hstack([np.zeros_like(total), total]) if kind == "binary" else total
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, predicted, atol=1e-6)


@pytest.mark.parametrize(("kind", "outputs"), [("binary", 1), ("multiclass", 3), ("regression", 1)])
def test_sampled_contributions_add_up(kind: str, outputs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    case = fitted(kind)
    monkeypatch.setattr(case.model, "contributions", lambda X: None)
    found = explain(case.model, case.X[:40], case.X, case.problem, seed=1)
    assert found.values.shape == (40, 5, outputs)
    assert found.approximate
    assert found.space is (Space.VALUE if kind == "regression" else Space.PROBABILITY)
    predicted = case.model.predict(case.X[:40])
    expected = predicted[:, 1:] if kind == "binary" else predicted
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), expected, atol=1e-6)
    assert (found.values[:, 4] == 0).all(), "a constant column has no effect"


def test_sampled_contributions_are_near_the_definition() -> None:
    random = np.random.default_rng(0)
    X, background = random.normal(size=(10, 4)), random.normal(size=(30, 4))
    model = Formula(lambda M: M[:, 0] * M[:, 1] + np.sin(M[:, 2]) * M[:, 1] + 2 * M[:, 0])
    found = explain(model, X, background, problem_of("regression", 4), seed=0)  # type: ignore[arg-type]
    for row in range(len(X)):
        for column in range(4):
            others = [each for each in range(4) if each != column]
            expected = 0.0
            for size in range(4):
                weight = math.factorial(size) * math.factorial(3 - size) / math.factorial(4)
                for known in itertools.combinations(others, size):
                    without = background.copy()
                    without[:, list(known)] = X[row, list(known)]
                    with_it = without.copy()
                    with_it[:, column] = X[row, column]
                    expected += weight * float(np.mean(model.formula(with_it) - model.formula(without)))
            assert found.values[row, column, 0] == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize(("rows", "columns"), [(10_000, 3), (100, 20), (100, 500), (5, 3_000)])
def test_explaining_is_bounded(rows: int, columns: int) -> None:
    X = np.random.default_rng(0).normal(size=(rows, columns))
    model = Formula(lambda M: M[:, 0])
    found = explain(model, X, X, problem_of("regression", columns), seed=0)  # type: ignore[arg-type]
    # What it starts from, and what it explains, it is asked once more.
    most = contributions_module.MAX_EVALUATIONS + sampling.MAX_BACKGROUND_ROWS * sampling.MAX_WALKS + rows
    assert model.asked <= most
    assert len(found.values) == len(found.rows)
    assert bool(found.warnings) is (len(found.rows) < rows)
    np.testing.assert_allclose((found.base + found.values.sum(axis=1))[:, 0], X[found.rows, 0], atol=1e-6)


@pytest.mark.parametrize(("rows", "columns"), [(50_000, 3), (3_000, 100), (3_000, 500)])
def test_importance_is_bounded(rows: int, columns: int) -> None:
    X = np.random.default_rng(0).normal(size=(rows, columns))
    model = Formula(lambda M: M[:, 0])
    found = permutation_importance(model, X, X[:, 0], problem_of("regression", columns), seed=0)  # type: ignore[arg-type]
    assert found[0] == (0, 1.0)
    assert len(found) == columns
    assert model.asked <= importance_module.MAX_EVALUATIONS + importance_module.MAX_ROWS


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_importance_finds_what_matters(kind: str) -> None:
    case = fitted(kind)
    found = permutation_importance(case.model, case.X, case.y, case.problem, seed=1)
    shares = dict(found)
    assert found[0][0] == 0
    assert shares[4] == 0.0
    assert sum(shares.values()) == pytest.approx(1.0)
    assert min(shares.values()) >= 0.0
    assert [share for _, share in found] == sorted(shares.values(), reverse=True)


def test_importance_of_a_model_that_ignores_all_columns_is_zero() -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    model = Formula(lambda M: np.zeros(len(M)))
    found = permutation_importance(model, X, X[:, 0], problem_of("regression", 3), seed=0)  # type: ignore[arg-type]
    assert found == [(0, 0.0), (1, 0.0), (2, 0.0)]


def test_the_seed_decides() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = Formula(lambda M: M[:, 0] * M[:, 1])
    problem = problem_of("regression", 3)
    first, again, other = (explain(model, X, X, problem, seed=seed).values for seed in (1, 1, 2))  # type: ignore[arg-type]
    assert (first == again).all()
    assert (first != other).any()
    measured = [permutation_importance(model, X, X[:, 0], problem, seed=seed) for seed in (1, 1)]  # type: ignore[arg-type]
    assert measured[0] == measured[1]


@pytest.mark.parametrize("names", [PLAIN, ODD], ids=["plain", "odd"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("exact", [True, False], ids=["exact", "sampled"])
def test_plots(
    kind: str,
    names: list[str],
    exact: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from matplotlib.image import imread

    case = fitted(kind, names=names)
    if not exact:
        monkeypatch.setattr(case.model, "contributions", lambda X: None)
    plots = plots_of(case)
    expected = {"summary", "bar", "waterfall"}
    if kind == "multiclass":
        expected |= {f"summary_{label}" for label in case.target.labels}
    assert expected <= set(plots)
    dependence = set(plots) - expected
    assert len(dependence) == 3
    assert dependence <= {f"dependence_{name}" for name in names}
    for name, png in plots.items():
        assert png.startswith(b"\x89PNG"), name
        assert 5_000 < len(png) < 500_000, name
        pixels = imread(io.BytesIO(png), format="png")[..., :3]
        assert 400 < pixels.shape[0] < 1_000, name
        assert pixels.shape[1] == 1_040, name
        assert 0.005 < (pixels.min(axis=2) < 0.9).mean() < 0.8, name
        edge = np.concatenate(
            [pixels[:2].ravel(), pixels[-2:].ravel(), pixels[:, :2].ravel(), pixels[:, -2:].ravel()]
        )
        assert edge.min() > 0.9, f"{name} is cut off"
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_the_same_plots_twice() -> None:
    case = fitted("binary")
    assert plots_of(case) == plots_of(case)


@pytest.mark.parametrize(("columns", "classes"), [(1, 2), (40, 2), (40, 20), (2, 0)])
def test_plots_of_narrow_wide_and_many_classed_tables(columns: int, classes: int) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(30, columns))).rename(columns=lambda index: f"column {index}")
    schema = Schema.from_frame(frame)
    X = schema.encode(frame)
    outputs = 1 if classes <= 2 else classes
    found = contributions_module.Contributions(
        random.normal(size=(30, columns, outputs)),
        np.zeros(outputs),
        Space.LOG_ODDS if classes else Space.VALUE,
        np.arange(30),
    )
    problem_type = ProblemType.CLASSIFICATION if classes else ProblemType.REGRESSION
    problem = Problem(problem_type, 30, columns, classes)
    target = Target("out", tuple(range(classes)))
    plots = draw_plots(found, X, schema, target, problem, range(columns))
    assert len([name for name in plots if name.startswith("summary")]) == (1 if classes <= 2 else 6)
    assert len([name for name in plots if name.startswith("dependence")]) == min(columns, 3)


@pytest.mark.parametrize("rows", [1, 100])
def test_plots_of_rows_of_which_nothing_is_known(rows: int) -> None:
    frame = pd.DataFrame({"kind": ["a", "b"]})
    schema = Schema.from_frame(frame)
    unseen = np.full((rows, 1), np.nan)
    found = contributions_module.Contributions(
        np.zeros((rows, 1, 1)), np.zeros(1), Space.PROBABILITY, np.arange(rows)
    )
    plots = draw_plots(
        found, unseen, schema, Target("out", (False, True)), problem_of("binary", 1, {0: 2}), [0]
    )
    assert {"summary", "bar", "waterfall"} <= set(plots)


ROW_CASES = {
    "binary": (2, 3, 1.0, Space.PROBABILITY),
    "log-odds": (2, 8, 1.0, Space.LOG_ODDS),
    "classes": (5, 12, 0.1, Space.PROBABILITY),
    "two columns": (0, 2, 1.0, Space.VALUE),
    "many columns": (0, 60, 1.0, Space.VALUE),
    "huge": (0, 6, 1e15, Space.VALUE),
    "tiny": (0, 6, 1e-12, Space.VALUE),
    "nothing": (0, 3, 0.0, Space.VALUE),
}


@pytest.mark.parametrize("name", ["column {}", "a very long name " * 9 + "{}", "price_$ in $ 漢字 {}"])
@pytest.mark.parametrize("case", ROW_CASES)
def test_a_row_is_drawn_whole(case: str, name: str) -> None:
    from matplotlib.image import imread

    classes, columns, size, space = ROW_CASES[case]
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(30, columns)) * 1e6).rename(columns=name.format)
    schema = Schema.from_frame(frame)
    outputs = 1 if classes <= 2 else classes
    found = contributions_module.Contributions(
        random.normal(size=(1, columns, outputs)) * size / columns,
        np.full(outputs, 0.3 if classes else 1e6),
        space,
        np.arange(1),
    )
    labels = tuple(f"class {label} " * 5 for label in range(classes))
    scene = Scene(found, schema.encode(frame)[:1], schema, Target("the outcome " * 5, labels))
    png = draw_row(scene, outputs - 1, ["a long value indeed"] * columns)
    pixels = imread(io.BytesIO(png), format="png")[..., :3]
    assert 400 < pixels.shape[0] < 1_000
    assert pixels.shape[1] == 1_040
    edge = np.concatenate(
        [pixels[:2].ravel(), pixels[-2:].ravel(), pixels[:, :2].ravel(), pixels[:, -2:].ravel()]
    )
    assert edge.min() > 0.9, "it is cut off"


def texts_of_a_row(
    monkeypatch: pytest.MonkeyPatch, values: list[float], base: float, space: Space
) -> tuple[list[str], list[str]]:
    """What a waterfall says beside its steps, from the top, and at its axis."""
    seen: list[Any] = []

    def look(figure: Any) -> bytes:
        png = render(figure)
        seen.append(figure.axes[0])
        return png

    monkeypatch.setattr("lex_learning.explainability.waterfall.render", look)
    frame = pd.DataFrame([range(len(values))] * 2).rename(columns=str)
    schema = Schema.from_frame(frame)
    array = np.array(values).reshape(1, -1, 1)
    found = contributions_module.Contributions(array, np.array([base]), space, np.arange(1))
    labels = () if space is Space.VALUE else ("no", "yes")
    draw_row(Scene(found, schema.encode(frame)[:1], schema, Target("y", labels)), 0, ["1"] * len(values))
    notes = sorted(seen[0].texts, key=lambda note: note.xy[1])
    ticks = [tick.get_text() for tick in seen[0].get_xticklabels()]
    return [note.get_text() for note in notes], ticks


def test_the_numbers_of_a_waterfall_have_the_same_decimals(monkeypatch: pytest.MonkeyPatch) -> None:
    minus = "\N{MINUS SIGN}"
    texts, ticks = texts_of_a_row(monkeypatch, [-0.154, 0.0862, 0.0003], 0.3702, Space.PROBABILITY)
    assert texts == ["probability 30.3 %", f"{minus}15.4", "+8.6", "0.0", "probability 37.0 %"]
    texts, ticks = texts_of_a_row(monkeypatch, [2.1, -0.5049, 0.03], 7.4, Space.VALUE)
    assert texts == ["9.03", "+2.10", f"{minus}0.50", "+0.03", "7.40"]
    assert len({len(tick.partition(".")[2]) for tick in ticks}) == 1
    texts, _ = texts_of_a_row(monkeypatch, [1.5, -0.25], -1.0, Space.LOG_ODDS)
    assert texts == [
        "0.25 (probability 56.2 %)",
        "+1.50",
        f"{minus}0.25",
        f"{minus}1.00 (probability 26.9 %)",
    ]
    texts, _ = texts_of_a_row(monkeypatch, [98_765.0, -1_234.0], 1e6, Space.VALUE)
    assert texts == ["1,097,500", "+98,800", f"{minus}1,200", "1,000,000"]


def test_failures_name_their_cause() -> None:
    X = np.zeros((3, 2))
    problem = problem_of("regression", 2)

    def fails(_: np.ndarray) -> np.ndarray:
        raise ValueError("no weights")

    with pytest.raises(ExplainabilityError, match="0 rows"):
        explain(Formula(fails), X[:0], X, problem, seed=0)  # type: ignore[arg-type]
    with pytest.raises(ExplainabilityError, match="no weights") as caught:
        explain(Formula(fails), X, X, problem, seed=0)  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ExplainabilityError, match="no weights"):
        permutation_importance(Formula(fails), X, X[:, 0], problem, seed=0)  # type: ignore[arg-type]
    with pytest.raises(ExplainabilityError, match="not finite"):
        explain(Formula(lambda M: np.full(len(M), np.nan)), X, X, problem, seed=0)  # type: ignore[arg-type]


def test_text_that_the_fonts_lack_becomes_a_box_and_long_text_keeps_both_ends() -> None:
    assert printable("a\tb\n🦄", 20) == "a b □"
    assert printable("x" * 50 + "end", 10) == "xxxxxxx…nd"


def test_pyplot_is_never_imported() -> None:
    program = (
        "import sys, numpy as np; sys.path.insert(0, sys.argv[1]); import test_explainability as t; "
        "t.plots_of(t.fitted('binary')); assert not {'matplotlib.pyplot', 'shap'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("algorithm", "space"), [("random_forest", "probability"), ("lightgbm", "log-odds")])
def test_the_space_is_the_one_in_which_the_algorithm_adds_up(algorithm: str, space: str) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 3))
    y = (X[:, 0] > 0).astype(np.int32)
    problem = Problem(ProblemType.CLASSIFICATION, row_count=200, column_count=3, class_count=2)
    kind = model_class(algorithm)
    model = kind(problem, kind.defaults(problem), seed=0, threads=1)
    model.fit(X, y)
    found = explain(model, X[:10], X, problem, seed=0)
    probability = model.predict(X[:10])[:, 1]
    expected = probability if space == "probability" else np.log(probability / (1.0 - probability))
    assert found.space == space
    np.testing.assert_allclose(found.base[0] + found.values[:, :, 0].sum(axis=1), expected, rtol=1e-5)
