"""How far an ensemble's probabilities may be trusted: one number, found out of fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lex_learning.models._calibration import sharpened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lex_learning.models.base import Matrix
    from lex_learning.training.ensemble import Fold

BOUNDS = (0.5, 3.0)


def best_sharpness(folds: Sequence[Fold], outputs: Sequence[Matrix]) -> float:
    """The power of the probabilities with the least log loss, or 1 where it does not help.

    It helps where it lowers the loss of each fold, chosen by the others, by more than the standard error of
    the gain.

    Args:
        folds: Rows of classes.
        outputs: Out-of-fold probabilities of these rows.
    """
    if len(folds) < 2:
        return 1.0
    gains = []
    for index, (fold, output) in enumerate(zip(folds, outputs, strict=True)):
        others = [each for each in range(len(folds)) if each != index]
        chosen = _minimum([folds[each] for each in others], [outputs[each] for each in others])
        gains.append(_losses(fold, output, 1.0) - _losses(fold, output, chosen))
    gain = np.concatenate(gains)
    if gain.mean() <= gain.std() / len(gain) ** 0.5:
        return 1.0
    return _minimum(folds, outputs)


def _minimum(folds: Sequence[Fold], outputs: Sequence[Matrix]) -> float:
    from scipy.optimize import minimize_scalar

    def loss(sharpness: float) -> float:
        losses = [_losses(fold, output, sharpness).sum() for fold, output in zip(folds, outputs, strict=True)]
        return float(sum(losses))

    return float(minimize_scalar(loss, bounds=BOUNDS, method="bounded").x)


def _losses(fold: Fold, output: Matrix, sharpness: float) -> NDArray[np.float64]:
    shares = sharpened(output, sharpness)[np.arange(len(fold.truth)), fold.truth]
    losses: NDArray[np.float64] = -np.log(np.clip(shares, 1e-15, 1.0))
    return losses if fold.weights is None else losses * fold.weights
