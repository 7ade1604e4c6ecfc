"""A multi-layer perceptron after RealMLP (Holzmüller et al. 2024)."""

from __future__ import annotations

import math
import os
import tempfile
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.core.metrics import selection_score
from lex_learning.models._network import NetworkInputs, forward, forward_to_graph
from lex_learning.models._network_training import epoch_trainer, use_one_thread
from lex_learning.models.base import Model

if TYPE_CHECKING:
    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models._network import Weights
    from lex_learning.models.base import Matrix, Validation

BATCH_ROWS = (32, 256)
STEPS_PER_EPOCH = 16
"""Of a table whose rows allow it: smaller batches where rows are few."""
EPOCHS = (16, 64)
ROWS_SEEN = 1_500_000
"""Rows that all epochs together go through, within the bounds of their number: seconds on one processor."""
PATIENCE = 0.15
"""The share of all epochs after which a fit ends that has not become better, and the fewest epochs."""
FEWEST_PATIENT_EPOCHS = 8
AVERAGED_SHARE = 8
"""The weights are averaged over the newest of so many parts of the training."""
ACTIVATION = "silu"
HIDDEN_LAYERS = 3
WAVES = 16
EMBEDDING_SIZE = 8
SCALE_RATE = 6.0
"""How much faster the scale of each input learns than all else."""
PREDICT_ROWS = 4_096
FEWEST_EPOCHS = 8


class NeuralNetwork(Model):
    """Keras on TensorFlow to train, numpy to predict.

    Once pickled, `keras_file` holds the network in Keras' own format, for use outside: it maps the
    three tensors of `NetworkInputs.transform` to logits or standardised values.

    Of RealMLP it has the robust inputs, the periodic embedding of numbers, the fast learned scale of
    inputs, AdamW, and the choice of the best epoch. Its four cosine cycles and its label smoothing it has
    not: weights averaged over the newest epochs make every epoch a fair end, also for a later fit without
    validation, and log loss is best without smoothing. Half its width, small batches where rows are few, and
    little patience take a fifth of the time for the same loss (`benches/quality/network.py`).
    """

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "keras"
    stops_early: ClassVar = True
    is_neural_network: ClassVar = True

    @classmethod
    @override
    def unavailable_reason(cls) -> str | None:
        """See `Model.unavailable_reason`."""
        if find_spec("tensorflow") and find_spec("keras"):
            return None
        return "TensorFlow is not installed; build with LEX_LEARNING_TENSORFLOW=1, or pip install tensorflow"

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """After RealMLP's, for processors without a GPU: fewer epochs the more rows there are."""
        epochs = round(min(max(ROWS_SEEN / problem.row_count, EPOCHS[0]), EPOCHS[1]))
        batch_rows = 2 ** round(math.log2(max(1.0, problem.row_count / STEPS_PER_EPOCH)))
        return {
            "learning_rate": 3e-3 if problem.is_classification else 4e-3,
            "width": 128,
            "dropout": 0.15,
            "weight_decay": 0.02,
            "label_smoothing": 0.0,
            "wave_deviation": 0.2 if problem.is_classification else 0.1,
            "batch_rows": min(max(batch_rows, BATCH_ROWS[0]), BATCH_ROWS[1]),
            "epochs": epochs,
            "rounds": epochs,
        }

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """Around the defaults."""
        defaults = cls.defaults(problem)
        return {
            "learning_rate": trial.suggest_float("learning_rate", 1e-3, 1e-2, log=True),
            "width": trial.suggest_categorical("width", [64, 128, 256]),
            "dropout": trial.suggest_float("dropout", 0.0, 0.4),
            "weight_decay": trial.suggest_float("weight_decay", 1e-3, 0.2, log=True),
            "label_smoothing": trial.suggest_float("label_smoothing", 0.0, 0.1),
            "wave_deviation": trial.suggest_float("wave_deviation", 0.05, 1.0, log=True),
            **{name: defaults[name] for name in ("batch_rows", "epochs", "rounds")},
        }

    @classmethod
    @override
    def memory_bytes(cls, problem: Problem) -> int:
        """See `Model.memory_bytes`; TensorFlow itself, and the inputs in single precision."""
        return 600_000_000 + 4 * 8 * problem.row_count * problem.column_count

    @override
    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """See `Model.fit`."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        # Keras would leave a settings file in the user's home; there can be no folder below a device.
        os.environ.setdefault("KERAS_HOME", str(Path(os.devnull) / "keras"))
        self._inputs = NetworkInputs(self.problem)
        self._inputs.fit(X)
        if self.problem.is_classification:
            # A fold may lack a rare class: its probability is then 0.
            self._absent = np.setdiff1d(np.arange(self.problem.class_count), y)
        else:
            self._mean, self._deviation = float(y.mean()), float(y.std()) or 1.0
            self._lowest, self._highest = float(y.min()), float(y.max())
        use_one_thread()
        random = np.random.default_rng(self.seed)
        inputs = self._inputs.transform(X, np.float32)
        network = self._build([tensor.shape[1] for tensor in inputs], random)
        train = epoch_trainer(network, inputs, *self._truth(y, weights), self.params)
        held = None if validation is None else self._inputs.transform(validation.X, np.float32)
        batch = min(self.params["batch_rows"], len(X))
        best, epochs = np.inf, self.params["epochs"]
        patience = max(FEWEST_PATIENT_EPOCHS, round(PATIENCE * epochs))
        is_over = self._clock()
        average: Weights | None = None
        best_weights: Weights | None = None
        self.rounds = min(self.params["rounds"], epochs)
        epoch, ends = 0, [time.monotonic()]
        while epoch < (self.rounds if validation is None else epochs):
            order = random.permutation(len(X))[: len(X) // batch * batch].reshape(-1, batch)
            train(order, epoch / epochs, (epoch + 1) / epochs)
            average = self._weights = _averaged(average, _arrays(network), epoch, epochs)
            epoch += 1
            ends.append(time.monotonic())
            if epoch == 2 and self.time_limit is not None:
                # The first is slow: it compiles. When time is over, the rate has to have fallen.
                left = self.time_limit - (ends[2] - ends[0])
                epochs = max(FEWEST_EPOCHS, min(epochs, int(left / (ends[2] - ends[1]))))
            if validation is None or held is None:
                continue
            output = self._output(forward(_single(average), *held))
            loss = selection_score(self.problem, validation.y, output, validation.weights)
            if loss < best:
                best, best_weights, self.rounds = loss, average, epoch
            if epoch - self.rounds > patience or is_over():
                break
        self._weights = best_weights or self._weights
        self._network = network
        self.keras_file = b""

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        network = state.pop("_network", None)
        if network is not None:
            state["keras_file"] = _keras_file(network, self._weights)
        return state

    def _build(self, widths: list[int], random: np.random.Generator) -> Any:
        """The Keras network; `_network.forward` is its twin."""
        import keras
        from keras import initializers, layers

        def seed() -> int:
            return int(random.integers(2**31))

        numbers, one_hot = keras.Input((widths[0],)), keras.Input((widths[1],))
        codes = keras.Input((widths[2],), dtype="int32")
        parts = [numbers]
        if widths[0]:
            wave = layers.EinsumDense(
                "bf,fk->bfk",
                (widths[0], WAVES),
                bias_axes="fk",
                name="wave",
                kernel_initializer=initializers.RandomNormal(
                    stddev=2.0 * np.pi * self.params["wave_deviation"], seed=seed()
                ),
                bias_initializer=initializers.RandomUniform(-np.pi, np.pi, seed=seed()),
            )
            mix = layers.EinsumDense(
                "bfk,fkd->bfd",
                (widths[0], 3),
                bias_axes="fd",
                name="mix",
                kernel_initializer=initializers.RandomNormal(stddev=WAVES**-0.5, seed=seed()),
            )
            parts.append(layers.Flatten()(mix(keras.ops.cos(wave(numbers)))))
        parts.append(one_hot)
        for index, count in enumerate(self._inputs.level_counts):
            embedding = layers.Embedding(
                count,
                EMBEDDING_SIZE,
                name=f"embedding_{index}",
                embeddings_initializer=initializers.RandomNormal(stddev=EMBEDDING_SIZE**-0.5, seed=seed()),
            )
            parts.append(embedding(codes[:, index]))
        hidden = layers.Concatenate()(parts)
        # A weight of a sixth on an input six times as large learns six times as fast under Adam.
        scale = layers.EinsumDense(
            "bf,f->bf",
            hidden.shape[1],
            name="scale",
            kernel_initializer=initializers.Constant(1.0 / SCALE_RATE),
        )
        hidden = scale(hidden * SCALE_RATE)
        for index in range(HIDDEN_LAYERS):
            start = initializers.LecunNormal(seed=seed())
            dense = layers.Dense(
                self.params["width"], ACTIVATION, kernel_initializer=start, name=f"hidden_{index}"
            )
            hidden = layers.Dropout(self.params["dropout"], seed=seed())(dense(hidden))
        start = initializers.RandomNormal(stddev=0.1 * self.params["width"] ** -0.5, seed=seed())
        output = layers.Dense(self.problem.output_count, kernel_initializer=start, name="output")(hidden)
        return keras.Model([numbers, one_hot, codes], output)

    def _truth(
        self, y: NDArray[Any], weights: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the network is to put out, and how much each row counts."""
        counts = np.ones(len(y), dtype=np.float32) if weights is None else weights.astype(np.float32)
        if self.problem.is_classification:
            return np.eye(self.problem.class_count, dtype=np.float32)[y], counts
        return ((y - self._mean) / self._deviation).astype(np.float32)[:, None], counts

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        parts = [
            forward(self._weights, *self._inputs.transform(X[start : start + PREDICT_ROWS]))
            for start in range(0, max(1, len(X)), PREDICT_ROWS)
        ]
        return self._output(np.vstack(parts))

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        raw = forward_to_graph(self._weights, self._inputs, graph, features)
        if not self.problem.is_classification:
            values = graph.add("Add", graph.add("Mul", raw, self._deviation), self._mean)
            return graph.add("Clip", values, self._lowest, self._highest)
        if len(self._absent):
            is_absent = np.isin(np.arange(self.problem.class_count), self._absent)
            raw = graph.add("Where", is_absent, -np.inf, raw)
        return graph.add("Softmax", raw, axis=-1)

    def _output(self, raw: Matrix) -> Matrix:
        """Probabilities or values, from what the network puts out."""
        from scipy.special import softmax

        raw = raw.astype(np.float64, copy=False)
        if self.problem.is_classification:
            raw[:, self._absent] = -np.inf
            probabilities: Matrix = softmax(raw, axis=1)
            return probabilities
        return np.clip(raw * self._deviation + self._mean, self._lowest, self._highest)


def _arrays(network: Any) -> Weights:
    """The network's weights by layer and name, in double precision."""
    named = {f"{layer.name}.{weight.name}": weight for layer in network.layers for weight in layer.weights}
    found = {
        name: np.asarray(weight.numpy(), dtype=np.float64)
        for name, weight in named.items()
        if not name.startswith("dropout")
    }
    found["scale.kernel"] *= SCALE_RATE
    return found


def _single(weights: Weights) -> Weights:
    """The weights in single precision, which is quicker, and exact enough to compare epochs by."""
    return {name: value.astype(np.float32) for name, value in weights.items()}


def _keras_file(network: Any, weights: Weights) -> bytes:
    """The network with these weights as a `.keras` file."""
    for layer in network.layers:
        for weight in layer.weights:
            value = weights.get(f"{layer.name}.{weight.name}")
            if value is not None:
                weight.assign(value / SCALE_RATE if layer.name == "scale" else value)
    with tempfile.TemporaryDirectory(prefix="lex-learning-keras-") as folder:
        path = Path(folder) / "network.keras"
        with warnings.catch_warnings():
            # Keras' own use of numpy.
            warnings.simplefilter("ignore", DeprecationWarning)
            network.save(path)
        return path.read_bytes()


def _averaged(
    average: Weights | None,
    current: Weights,
    epoch: int,
    epochs: int,
) -> Weights:
    """The running mean of the weights: over about the newest part of all epochs, or of those so far."""
    if average is None:
        return current
    share = max(2.0 / (epoch + 2.0), AVERAGED_SHARE / epochs)
    return {name: mean + share * (current[name] - mean) for name, mean in average.items()}
