"""The neural network's inputs and its forward pass, in plain numpy: predictions need no TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix

    type Weights = dict[str, NDArray[Any]]

MAX_ONE_HOT_LEVELS = 9


class NetworkInputs:
    """Robustly scaled numbers, one-hot columns of small categories, and codes of large ones.

    A number is centred by its median, scaled by its quartiles, and bent smoothly into ±3 (Holzmüller et
    al. 2024); a missing one is the median, with a one-hot column of its own. An unseen or missing category is
    all zeros, or has the code 0.
    """

    def __init__(self, problem: Problem) -> None:
        self._numeric = problem.numeric_columns
        levels = problem.categorical_levels
        self._one_hot = [index for index in sorted(levels) if levels[index] <= MAX_ONE_HOT_LEVELS]
        self._coded = [index for index in sorted(levels) if levels[index] > MAX_ONE_HOT_LEVELS]
        self._one_hot_codes = [np.arange(levels[index]) for index in self._one_hot]
        self.level_counts = [levels[index] + 1 for index in self._coded]

    def fit(self, X: Matrix) -> None:
        """Learn the numbers' centres and scales."""
        numbers = X[:, self._numeric]
        self._gaps = np.flatnonzero(np.isnan(numbers).any(axis=0))
        quantile = np.nanquantile if len(self._gaps) else np.quantile
        least, low, self._centre, high, most = np.nan_to_num(
            quantile(numbers, [0.0, 0.25, 0.5, 0.75, 1.0], axis=0)
        )
        spread = np.where(high > low, high - low, (most - least) / 2.0)
        self._scale = 1.0 / np.where(spread > 0.0, spread, 1.0)

    def transform(
        self, X: Matrix, precision: type[np.floating[Any]] = np.float64
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int32]]:
        """Numbers and one-hot columns, both of the given type, and codes; a row each."""
        known = X[:, self._numeric]
        scaled = np.nan_to_num((known - self._centre) * self._scale, copy=False)
        numbers = scaled / np.hypot(1.0, scaled / 3.0)
        blocks = [
            X[:, column, None] == codes
            for column, codes in zip(self._one_hot, self._one_hot_codes, strict=True)
        ]
        if len(self._gaps):
            blocks.append(np.isnan(known[:, self._gaps]))
        one_hot = np.hstack(blocks).astype(precision) if blocks else np.empty((len(X), 0), precision)
        codes = np.nan_to_num(X[:, self._coded] + 1.0, nan=0.0).astype(np.int32)
        return numbers.astype(precision, copy=False), one_hot, codes

    def to_graph(self, graph: Graph, features: str) -> tuple[str | None, str | None, list[str]]:
        """Names of the numbers, of the one-hot columns (None for no columns) and of each column of codes."""
        numbers = None
        blocks = [
            graph.add("Equal", graph.columns(features, [column]), codes.astype(np.float64))
            for column, codes in zip(self._one_hot, self._one_hot_codes, strict=True)
        ]
        if self._numeric:
            known = graph.columns(features, self._numeric)
            scaled = graph.fill(graph.add("Mul", graph.add("Sub", known, self._centre), self._scale), 0.0)
            # Beyond it, nothing changes but that squares overflow.
            scaled = graph.add("Clip", scaled, -1e9, 1e9)
            part = graph.add("Div", scaled, 3.0)
            square = graph.add("Add", graph.add("Mul", part, part), 1.0)
            numbers = graph.add("Div", scaled, graph.add("Sqrt", square))
            if len(self._gaps):
                blocks.append(graph.add("IsNaN", graph.add("Gather", known, self._gaps, axis=1)))
        one_hot = graph.to_double(graph.join(blocks)) if blocks else None
        columns = [graph.add("Gather", features, np.array(column), axis=1) for column in self._coded]
        codes = [graph.to_integer(graph.fill(graph.add("Add", each, 1.0), 0.0)) for each in columns]
        return numbers, one_hot, codes


def forward(
    weights: Weights, numbers: NDArray[Any], one_hot: NDArray[Any], codes: NDArray[np.int32]
) -> NDArray[Any]:
    """The network's raw output, in the precision of what is given: logits, or standardised values.

    Args:
        weights: Arrays by the names that `neural_network` gives its layers.
        numbers: See `NetworkInputs.transform`.
        one_hot: As before.
        codes: As before.
    """
    from scipy.special import expit

    parts = [numbers]
    if numbers.shape[1]:
        waves = np.cos(numbers[:, :, None] * weights["wave.kernel"] + weights["wave.bias"])
        mixed = np.matmul(waves.transpose(1, 0, 2), weights["mix.kernel"]).transpose(1, 0, 2)
        parts.append((mixed + weights["mix.bias"]).reshape(len(numbers), -1))
    parts.append(one_hot)
    parts.extend(weights[f"embedding_{index}.embeddings"][codes[:, index]] for index in range(codes.shape[1]))
    hidden = np.hstack(parts) * weights["scale.kernel"]
    layer = 0
    while f"hidden_{layer}.kernel" in weights:
        hidden = hidden @ weights[f"hidden_{layer}.kernel"] + weights[f"hidden_{layer}.bias"]
        hidden *= expit(hidden)
        layer += 1
    output: NDArray[Any] = hidden @ weights["output.kernel"] + weights["output.bias"]
    return output


def forward_to_graph(weights: Weights, inputs: NetworkInputs, graph: Graph, features: str) -> str:
    """The nodes of `forward`; see `Model.to_graph`."""
    numbers, one_hot, codes = inputs.to_graph(graph, features)
    parts = []
    if numbers is not None:
        parts.append(numbers)
        angles = graph.add("Mul", graph.add("Unsqueeze", numbers, np.array([2])), weights["wave.kernel"])
        waves = graph.add("Cos", graph.add("Add", angles, weights["wave.bias"]))
        waves = graph.add("Transpose", waves, perm=[1, 0, 2])
        mixed = graph.add("MatMul", waves, weights["mix.kernel"])
        mixed = graph.add("Add", graph.add("Transpose", mixed, perm=[1, 0, 2]), weights["mix.bias"])
        parts.append(graph.add("Reshape", mixed, np.array([-1, weights["mix.bias"].size])))
    if one_hot is not None:
        parts.append(one_hot)
    for index, column in enumerate(codes):
        parts.append(graph.add("Gather", weights[f"embedding_{index}.embeddings"], column, axis=0))
    hidden = graph.add("Mul", graph.join(parts), weights["scale.kernel"])
    layer = 0
    while f"hidden_{layer}.kernel" in weights:
        hidden = graph.add("MatMul", hidden, weights[f"hidden_{layer}.kernel"])
        hidden = graph.add("Add", hidden, weights[f"hidden_{layer}.bias"])
        hidden = graph.add("Mul", hidden, graph.add("Sigmoid", hidden))
        layer += 1
    return graph.add("Add", graph.add("MatMul", hidden, weights["output.kernel"]), weights["output.bias"])
