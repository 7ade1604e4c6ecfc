"""SHAP values: what each column adds to each prediction (Lundberg and Lee 2017)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from lex_learning.errors import ExplainabilityError
from lex_learning.explainability.sampling import MIN_BACKGROUND_ROWS, Plan, sampled_contributions
from lex_learning.models._carried import spread
from lex_learning.models.ensemble import Ensemble
from lex_learning.seeds import derive_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix, Predictor
    from lex_learning.models.ensemble import Answer

MAX_EVALUATIONS = 100_000
"""Rows that a model predicts, at most, for one explanation."""
EXACT_EVALUATIONS = 50
"""Predictions of a row that take as long as its exact explanation."""
FIRST_ROWS, MOST_ROWS = 8, 1_000
PART_SECONDS = 0.5
"""After about so many rows, and this time, a look at the clock."""
ROUGH = 1e-3
"""Share of the output that contributions may lack before they are called rough."""


class Space(StrEnum):
    """What contributions add up to."""

    LOG_ODDS = "log-odds"
    PROBABILITY = "probability"
    VALUE = "value"


@dataclass(frozen=True)
class Contributions:
    """SHAP values; for each row and output, `base` plus the sum over the columns is the model's output.

    Args:
        values: Shape (rows, columns, outputs). A binary classifier has one output, of its second class.
        base: The output of an average row, shape (outputs,).
        space: What they add up to.
        rows: The row of the explained table that each row of `values` belongs to.
        approximate: Whether they were sampled, all or in part. They add up exactly all the same.
        warnings: What a reader of the plots should know, in sentences.
    """

    values: Matrix
    base: Matrix
    space: Space
    rows: NDArray[np.intp]
    approximate: bool = False
    warnings: list[str] = field(default_factory=list)


def explain(
    model: Predictor,
    X: Matrix,
    background: Matrix | None,
    problem: Problem,
    *,
    seed: int,
    most_evaluations: int = MAX_EVALUATIONS,
) -> Contributions:
    """Explain the predictions of a fitted model for the rows of `X`.

    An algorithm with its own exact method uses it; an ensemble, those of its members, carried over to
    probabilities. For all others, contributions are sampled (`sampled_contributions`). It takes as long as
    `most_evaluations` predictions of a row, at most; an exact explanation of a row counts as 50. Of a table
    too wide or too long for that, some of the rows are explained, and `warnings` says so.

    Args:
        model: The fitted model.
        X: Encoded rows to explain, shape (rows, columns).
        background: Encoded training rows that stand for "the value of this column is unknown".
            Up to 50 of them are used; None will do where the model `explains_exactly`.
        problem: What the model has learned.
        seed: The same seed gives the same values.
        most_evaluations: Default 100,000.

    Raises:
        ExplainabilityError: There is nothing to explain, or the model fails or returns values that are
            not finite.

    Example:
        >>> from lex_learning.config import ProblemType
        >>> from lex_learning.core.problem import Problem
        >>> from lex_learning.models import model_class
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> problem = Problem(ProblemType.CLASSIFICATION, row_count=200, column_count=2, class_count=2)
        >>> algorithm = model_class("logistic_regression")
        >>> model = algorithm(problem, algorithm.defaults(problem), seed=0, threads=1)
        >>> model.fit(X, (X[:, 1] > 0).astype(int))
        >>> contributions = explain(model, X[:5], X, problem, seed=0)
        >>> contributions.values.shape, contributions.base.shape
        ((5, 2, 1), (1,))
    """
    background_count = 0 if background is None else len(background)
    if not len(X) or not X.shape[1] or (background is not None and not background_count):
        raise ExplainabilityError(
            f"there are {len(X)} rows of {X.shape[1]} columns and {background_count} background rows",
            hint="Give at least one of each.",
        )
    try:
        found = _explained(model, X, background, problem, seed=seed, most_evaluations=most_evaluations)
    except ExplainabilityError:
        raise
    except Exception as error:
        raise ExplainabilityError(f"the model could not be explained: {error}") from error
    expected = (len(found.rows), X.shape[1], len(found.base))
    if found.values.shape != expected:
        raise ExplainabilityError(f"contributions are of shape {found.values.shape}, expected {expected}")
    if not (np.isfinite(found.values).all() and np.isfinite(found.base).all()):
        raise ExplainabilityError("contributions hold a value that is not finite, expected numbers")
    return found


def explain_in_time(
    model: Predictor,
    X: Matrix,
    background: Matrix | None,
    problem: Problem,
    *,
    seed: int,
    row_evaluations: int,
    most_seconds: float,
) -> Contributions:
    """Explain the first rows of `X`, as many as there is time for, and at least one.

    What is found for a row depends on neither its place nor the time; see `explain`.

    Args:
        model: The fitted model.
        X: Encoded rows to explain, best in random order.
        background: See `explain`.
        problem: What the model has learned.
        seed: The same seed gives the same values.
        row_evaluations: Predictions spent on the estimate of a row, at least those of `fewest_evaluations`.
        most_seconds: It may take about a second more.

    Raises:
        ExplainabilityError: See `explain`.
    """
    end = time.monotonic() + most_seconds
    row_evaluations = max(row_evaluations, fewest_evaluations(model, X.shape[1]))
    parts: list[Contributions] = []
    done, size = 0, FIRST_ROWS
    while not parts or (done < len(X) and time.monotonic() < end):
        started, part = time.monotonic(), X[done : done + size]
        parts.append(
            explain(model, part, background, problem, seed=seed, most_evaluations=len(part) * row_evaluations)
        )
        done += len(part)
        speed = len(part) / max(time.monotonic() - started, 1e-6)
        size = int(np.clip(speed * PART_SECONDS, 1, min(4 * size, MOST_ROWS)))
    warnings = list(dict.fromkeys(warning for part in parts for warning in part.warnings))
    values = np.concatenate([part.values for part in parts])
    return replace(parts[0], values=values, rows=np.arange(len(values)), warnings=warnings)


def fewest_evaluations(model: Predictor, column_count: int) -> int:
    """Predictions that the explanation of a row takes at least, or is as slow as."""
    return (
        EXACT_EVALUATIONS
        if model.explains_exactly
        else max(EXACT_EVALUATIONS, MIN_BACKGROUND_ROWS * column_count)
    )


def _explained(
    model: Predictor,
    X: Matrix,
    background: Matrix | None,
    problem: Problem,
    *,
    seed: int,
    most_evaluations: int,
) -> Contributions:
    def outputs(predicted: Matrix) -> Matrix:
        predicted = np.asarray(predicted, np.float64)
        return predicted[:, 1:] if problem.class_count == 2 else predicted

    rows = _some(len(X), max(1, most_evaluations // EXACT_EVALUATIONS), seed)
    mixed = model if isinstance(model, Ensemble) and not model.explains_exactly else None
    found = model.contributions(X[rows]) if mixed is None else None
    is_exact = found is not None
    if found is None:
        if background is None:
            raise ExplainabilityError(
                "the model has no exact explanation, and no rows of its training table to estimate one by",
                hint="Train it again; or explain a table, which brings rows.",
            )
        plan = Plan.within(
            most_evaluations, row_count=len(X), column_count=X.shape[1], background_count=len(background)
        )
        rows = _some(len(X), plan.rows if mixed is None else min(plan.rows, len(rows)), seed)

        def estimate(answer: Answer) -> tuple[Matrix, Matrix]:
            return sampled_contributions(
                lambda matrix: outputs(answer(matrix)), X[rows], background, plan, seed
            )

        found = (mixed.contributions(X[rows], estimate) if mixed else None) or estimate(model.predict)
    values, base = (np.asarray(each, np.float64) for each in found)
    warnings = []
    if len(rows) < len(X):
        warnings.append(
            f"{len(rows)} of {len(X)} rows were explained: of {X.shape[1]} columns, more would take too long"
        )
    space = _space(model, problem, is_exact=is_exact)
    if space is not Space.LOG_ODDS:
        # Members of single precision, and integrals, leave a little.
        change = outputs(model.predict(X[rows])) - base
        lacking = np.abs(change - values.sum(axis=1)).max()
        if lacking > ROUGH * max(np.abs(change).max(), np.abs(base).max()):
            warnings.append(f"the contributions are rough: they lacked {lacking:.3g} of the output")
        values = spread(values, change)
    return Contributions(values, base, space, rows, approximate=not is_exact, warnings=warnings)


def _some(row_count: int, most: int, seed: int) -> NDArray[np.intp]:
    """All rows, or a random part of them, in order."""
    if row_count <= most:
        return np.arange(row_count)
    random = np.random.default_rng(derive_seed(seed, "explained rows"))
    return np.sort(random.permutation(row_count)[:most])


def _space(model: Predictor, problem: Problem, *, is_exact: bool) -> Space:
    if not problem.is_classification:
        return Space.VALUE
    return Space.LOG_ODDS if is_exact and not model.explains_probabilities else Space.PROBABILITY
