"""Which algorithms are tried."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import settings
from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.models import available_algorithms, model_class
from lex_learning.training.selection import (
    KERNEL_ROWS,
    LARGE_ROWS,
    SMALL_ROWS,
    ordered_algorithms,
    select_algorithms,
)

SIZES = [SMALL_ROWS, SMALL_ROWS + 1, KERNEL_ROWS + 1, LARGE_ROWS + 1]


def problem(kind: str = "classification", rows: int = 500, classes: int = 2) -> Problem:
    return Problem(ProblemType(kind), rows, 5, classes if kind == "classification" else 0)


@pytest.fixture
def network_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_class("neural_network"), "unavailable_reason", classmethod(lambda cls: None))


def select(kind: str = "classification", rows: int = 500, classes: int = 2, **values: Any) -> list[str]:
    return select_algorithms(settings(kind, **values), problem(kind, rows, classes))[0]


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("count", [1, 3, 5])
def test_as_many_as_asked_for(kind: str, count: int) -> None:
    chosen = select(kind, top_k_algorithms=count)
    assert len(chosen) == len(set(chosen)) == count
    assert set(chosen) <= set(available_algorithms(ProblemType(kind)))


@pytest.mark.usefixtures("network_works")
@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_more_than_there_are_gives_all(kind: str) -> None:
    assert sorted(select(kind, top_k_algorithms=20)) == available_algorithms(ProblemType(kind))


def test_a_named_algorithm_is_taken_alone_whatever_the_size() -> None:
    assert select(rows=10**6, algorithm="knn", top_k_algorithms=5) == ["knn"]
    assert select(algorithm="neural_network", enable_neural_networks=False) == ["neural_network"]


@pytest.mark.usefixtures("network_works")
def test_the_network_takes_part_unless_switched_off() -> None:
    assert "neural_network" in select(top_k_algorithms=20)
    assert "neural_network" not in select(top_k_algorithms=20, enable_neural_networks=False)


def test_an_algorithm_that_cannot_run_gives_way_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = select(top_k_algorithms=2)
    monkeypatch.setattr(model_class(first), "unavailable_reason", classmethod(lambda cls: "no licence"))
    chosen, skipped = select_algorithms(settings("classification", top_k_algorithms=2), problem())
    assert chosen[0] == second
    assert len(chosen) == 2
    assert skipped == {first: "no licence"}


def test_a_network_switched_off_is_not_remarked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        model_class("neural_network"), "unavailable_reason", classmethod(lambda cls: "no keras")
    )
    config = settings("classification", top_k_algorithms=20, enable_neural_networks=False)
    assert select_algorithms(config, problem())[1] == {}


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("rows", SIZES)
def test_kernels_and_neighbours_stop_at_their_row_limit(kind: str, rows: int) -> None:
    slow = {"svm", "svr", "knn"} & set(ordered_algorithms(problem(kind, rows)))
    assert bool(slow) == (rows <= KERNEL_ROWS)


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("rows", SIZES)
def test_no_order_names_an_algorithm_twice_or_of_the_other_kind(kind: str, rows: int) -> None:
    order = ordered_algorithms(problem(kind, rows))
    assert len(order) == len(set(order)) >= 8
    assert set(order) <= set(available_algorithms(ProblemType(kind)))


def test_with_many_classes_the_slow_boosters_come_last() -> None:
    order = ordered_algorithms(problem(classes=21))
    assert set(order[-3:]) == {"catboost", "gradient_boosting", "xgboost"}
    assert ordered_algorithms(problem(classes=20))[-1] not in {"catboost", "xgboost"}


def test_a_new_algorithm_is_tried_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "lex_learning.training.selection.available_algorithms",
        lambda kind: ["aaa_new", *available_algorithms(kind)],
    )
    assert ordered_algorithms(problem())[-1] == "aaa_new"
    assert "aaa_new" not in ordered_algorithms(problem(rows=LARGE_ROWS + 1))


def test_what_would_not_fit_into_memory_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem(ProblemType.REGRESSION, row_count=40_000, column_count=50)
    monkeypatch.setattr("lex_learning.core.machine.free_memory", lambda: 50_000_000)
    chosen, skipped = select_algorithms(settings("regression", top_k_algorithms=20), problem)
    assert "catboost" not in chosen
    assert "ridge" in chosen
    assert skipped["catboost"] == "a fit would take about 0.2 GB of memory, 0.1 GB are free"


def test_with_a_time_limit_all_that_suit_take_part() -> None:
    problem = Problem(ProblemType.REGRESSION, row_count=1_000, column_count=5)
    chosen, _ = select_algorithms(settings("regression", time_limit=30, top_k_algorithms=1), problem)
    assert len(chosen) > 8
    assert "decision_tree" not in chosen


@pytest.mark.usefixtures("network_works")
@pytest.mark.parametrize(
    ("rows", "limit", "takes_part"), [(500, 30, True), (500, 10, False), (90_000, 60, False)]
)
def test_the_network_takes_part_where_there_is_time(rows: int, limit: int, takes_part: bool) -> None:
    assert ("neural_network" in select(rows=rows, time_limit=limit)) == takes_part


def test_the_best_preset_takes_all_that_suit() -> None:
    problem = Problem(ProblemType.REGRESSION, row_count=1_000, column_count=5)
    chosen, _ = select_algorithms(settings("regression", preset="best", top_k_algorithms=1), problem)
    assert len(chosen) > 8
