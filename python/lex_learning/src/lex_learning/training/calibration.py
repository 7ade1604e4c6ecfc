"""How far an ensemble's probabilities may be trusted: one number, found out of fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.models.ensemble import sharpened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix

BOUNDS = (0.5, 3.0)


def best_sharpness(problem: Problem, truths: Sequence[NDArray[Any]], outputs: Sequence[Matrix]) -> float:
    """The power of the probabilities with the least log loss, or 1 where it does not help.

    It helps where it lowers the loss of each fold, chosen by the others, by more than the standard error of
    the gain.

    Args:
        problem: Of classes; for numbers the answer is 1.
        truths: Class codes of the rows of each fold.
        outputs: Out-of-fold probabilities of these rows.
    """
    if not problem.is_classification or len(truths) < 2:
        return 1.0
    gains = []
    for fold, (truth, output) in enumerate(zip(truths, outputs, strict=True)):
        others = [index for index in range(len(truths)) if index != fold]
        chosen = _minimum([truths[index] for index in others], [outputs[index] for index in others])
        gains.append(_losses(truth, output, 1.0) - _losses(truth, output, chosen))
    gain = np.concatenate(gains)
    if gain.mean() <= gain.std() / len(gain) ** 0.5:
        return 1.0
    return _minimum(truths, outputs)


def _minimum(truths: Sequence[NDArray[Any]], outputs: Sequence[Matrix]) -> float:
    from scipy.optimize import minimize_scalar

    truth, output = np.concatenate(truths), np.vstack(outputs)
    found = minimize_scalar(
        lambda sharpness: _losses(truth, output, sharpness).mean(), bounds=BOUNDS, method="bounded"
    )
    return float(found.x)


def _losses(truth: NDArray[Any], output: Matrix, sharpness: float) -> NDArray[np.float64]:
    shares = sharpened(output, sharpness)[np.arange(len(truth)), truth]
    losses: NDArray[np.float64] = -np.log(np.clip(shares, 1e-15, 1.0))
    return losses
