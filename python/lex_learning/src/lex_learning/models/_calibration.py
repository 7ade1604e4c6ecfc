"""From scores of classes to probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix

BIAS_PENALTY = 1e-3


class ScaledSoftmax:
    """The softmax of scores times one scale, plus a bias for each class.

    Temperature scaling (Guo et al. 2017) with biases: so few parameters that nearly separable classes do not
    make it overconfident, as a logistic regression on all scores is. Its targets are `doubted`.

    Example:
        >>> scores = np.array([[1.0, 0.0], [0.0, 1.0], [0.4, 0.6], [0.6, 0.4]])
        >>> calibrator = ScaledSoftmax().fit(scores, np.array([0, 1, 0, 1]))
        >>> calibrator.predict(scores).sum(axis=1).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def fit(
        self, scores: Matrix, classes: NDArray[Any], weights: NDArray[np.float64] | None = None
    ) -> ScaledSoftmax:
        """Minimise the log loss.

        Args:
            scores: Shape (rows, classes), of rows that the model behind them has not seen.
            classes: Codes from 0, shape (rows,).
            weights: How much each row counts; None: all the same.
        """
        from scipy.optimize import minimize
        from scipy.special import log_softmax

        truth = doubted(classes, scores.shape[1], len(classes))
        counts = np.ones(len(classes)) if weights is None else weights
        shares_of_rows = counts / counts.sum()

        def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            scale, bias = np.exp(parameters[0]), parameters[1:]
            likelihoods = log_softmax(scale * scores + bias, axis=1)
            slope = (np.exp(likelihoods) - truth) * shares_of_rows[:, None]
            gradient = np.append(scale * (slope * scores).sum(), slope.sum(axis=0) + 2 * BIAS_PENALTY * bias)
            return float(
                -(truth * likelihoods).sum(axis=1) @ shares_of_rows + BIAS_PENALTY * (bias**2).sum()
            ), gradient

        start = np.zeros(scores.shape[1] + 1)
        bounds = [(-5.0, 5.0), *[(None, None)] * scores.shape[1]]
        found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
        self._scale, self._bias = float(np.exp(found[0])), found[1:]
        return self

    def predict(self, scores: Matrix) -> Matrix:
        """Probabilities, shape (rows, classes)."""
        from scipy.special import softmax

        shares: Matrix = softmax(self._scale * scores + self._bias, axis=1)
        return shares

    def to_graph(self, graph: Graph, scores: str) -> str:
        """The nodes of `predict`; see `Model.to_graph`."""
        scaled = graph.add("Add", graph.add("Mul", scores, self._scale), self._bias)
        return graph.add("Softmax", scaled, axis=-1)


def doubted(classes: NDArray[Any], class_count: int, row_count: int) -> Matrix:
    """Targets for probabilities: as if one of `row_count` + 2 rows were of another class than it is.

    Where none of n rows was wrong, any certainty lowers the log loss, and the first wrong one costs all that
    was gained. The rule of succession expects it once in n + 2 rows; Platt (1999) smooths his targets alike.

    Example:
        >>> doubted(np.array([0, 1]), 2, 98).tolist()
        [[0.99, 0.01], [0.01, 0.99]]
    """
    doubt = 1 / (row_count + 2)
    targets = np.full((len(classes), class_count), doubt / max(class_count - 1, 1))
    targets[np.arange(len(classes)), classes] = 1 - doubt
    return targets


def sharpened(shares: Matrix, sharpness: float) -> Matrix:
    """Probabilities to the power of `sharpness`, to add up to 1 again: temperature scaling (Guo et al. 2017).

    Example:
        >>> sharpened(np.array([[0.2, 0.8]]), 2.0).round(3).tolist()
        [[0.059, 0.941]]
    """
    powers = shares if sharpness == 1.0 else (shares / shares.max(axis=1, keepdims=True)) ** sharpness
    # Also where nothing is sharpened: single-precision members leave sums a little off 1.
    scaled: Matrix = powers / powers.sum(axis=1, keepdims=True)
    return scaled
