"""How far an ensemble's probabilities may be trusted: one number, found out of fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lex_learning.models._calibration import doubted, sharpened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lex_learning.models.base import Matrix
    from lex_learning.training.ensemble import Fold

BOUNDS = (0.2, 3.0)


def best_sharpness(folds: Sequence[Fold], outputs: Sequence[Matrix]) -> float:
    """The power of the probabilities with the least log loss, or 1 where it does not help.

    It helps where it lowers the loss of each fold, chosen by the others, by more than the standard error of
    the gain. The loss is that of `doubted` targets, so that folds without a mistake do not end in certainty.

    Args:
        folds: Rows of classes.
        outputs: Out-of-fold probabilities of these rows.
    """
    rows = sum(len(fold.truth) for fold in folds)
    if len(folds) < 2:
        # Nothing tells whether more certainty would hold elsewhere; less is safe.
        return min(1.0, _minimum(folds, outputs, rows))
    gains = []
    for index, (fold, output) in enumerate(zip(folds, outputs, strict=True)):
        others = [each for each in range(len(folds)) if each != index]
        chosen = _minimum([folds[each] for each in others], [outputs[each] for each in others], rows)
        gains.append(_losses(fold, output, 1.0, rows) - _losses(fold, output, chosen, rows))
    gain = np.concatenate(gains)
    if gain.mean() <= gain.std() / len(gain) ** 0.5:
        return 1.0
    return _minimum(folds, outputs, rows)


def _minimum(folds: Sequence[Fold], outputs: Sequence[Matrix], rows: int) -> float:
    from scipy.optimize import minimize_scalar

    def loss(sharpness: float) -> float:
        pairs = zip(folds, outputs, strict=True)
        return float(sum(_losses(fold, output, sharpness, rows).sum() for fold, output in pairs))

    return float(minimize_scalar(loss, bounds=BOUNDS, method="bounded").x)


def _losses(fold: Fold, output: Matrix, sharpness: float, rows: int) -> NDArray[np.float64]:
    shares = np.clip(sharpened(output, sharpness), 1e-15, 1.0)
    losses: NDArray[np.float64] = -(doubted(fold.truth, shares.shape[1], rows) * np.log(shares)).sum(axis=1)
    return losses if fold.weights is None else losses * fold.weights
