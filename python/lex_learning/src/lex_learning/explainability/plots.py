"""All plots of one explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lex_learning.errors import ExplainabilityError
from lex_learning.explainability.bars import draw_bars
from lex_learning.explainability.dependence import draw_dependence
from lex_learning.explainability.scene import Scene
from lex_learning.explainability.summary import draw_dots, draw_table
from lex_learning.explainability.waterfall import draw_typical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lex_learning.core.problem import Problem
    from lex_learning.core.schema import Schema
    from lex_learning.core.target import Target
    from lex_learning.explainability.contributions import Contributions
    from lex_learning.models.base import Matrix

MAX_CLASS_PLOTS = 5
MAX_DEPENDENCE_PLOTS = 3


def draw_plots(  # noqa: PLR0917 - the order in which they come about
    contributions: Contributions,
    X: Matrix,
    schema: Schema,
    target: Target,
    problem: Problem,
    order: Sequence[int],
) -> dict[str, bytes]:
    """Draw what an explanation says, as PNG pictures of about 8 by 5 inches.

    - `summary`: each row as a dot, by column. With three classes or more, a table of columns and
      classes, and the dots in `summary_<label>`, for the five classes that move most.
    - `bar`: how much each column matters.
    - `dependence_<column>`: effect over value, for the three most important columns that vary.
    - `waterfall`: how the prediction of one typical row came about.

    Names hold labels and columns as they are: a caller that makes files of them makes them safe.

    Args:
        contributions: What `explain` returned.
        X: The table given to it, shape (rows, columns).
        schema: Its columns.
        target: What is predicted.
        problem: What the model has learned.
        order: Column indices, the most important first.

    Raises:
        ExplainabilityError: A plot could not be drawn.

    Example:
        >>> import numpy as np
        >>> from lex_learning.config import ProblemType
        >>> from lex_learning.core.problem import Problem
        >>> from lex_learning.core.column import Column, ColumnKind
        >>> from lex_learning.core.schema import Schema
        >>> from lex_learning.core.target import Target
        >>> from lex_learning.explainability.contributions import Contributions, Space
        >>> X = np.arange(4.0).reshape(4, 1)
        >>> found = Contributions(X[:, :, None] - 1.5, np.array([1.5]), Space.VALUE, np.arange(4))
        >>> problem = Problem(ProblemType.REGRESSION, row_count=4, column_count=1)
        >>> schema = Schema([Column("size", ColumnKind.FLOAT, minimum=0.0, maximum=3.0)])
        >>> sorted(draw_plots(found, X, schema, Target("price"), problem, [0]))
        ['bar', 'dependence_size', 'summary', 'waterfall']
    """
    scene = Scene(contributions, X, schema, target)
    try:
        return _draw(scene, problem, order)
    except Exception as error:
        raise ExplainabilityError(f"the plots could not be drawn: {error}") from error


def _draw(scene: Scene, problem: Problem, order: Sequence[int]) -> dict[str, bytes]:
    plots: dict[str, bytes] = {}
    if problem.class_count > 2:
        plots["summary"] = draw_table(scene)
        strongest = sorted(range(scene.output_count), key=lambda output: -scene.strength[:, output].sum())
        for output in sorted(strongest[:MAX_CLASS_PLOTS]):
            plots[f"summary_{scene.target.labels[output]}"] = draw_dots(scene, output)
    else:
        plots["summary"] = draw_dots(scene, 0)
    plots["bar"] = draw_bars(scene)
    varied = [column for column in order if (scene.X[:, column] != scene.X[0, column]).any()]
    for column in varied[:MAX_DEPENDENCE_PLOTS]:
        plots[f"dependence_{scene.columns[column].name}"] = draw_dependence(scene, column)
    plots["waterfall"] = draw_typical(scene)
    return plots
