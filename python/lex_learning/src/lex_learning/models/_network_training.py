"""Training of the neural network by TensorFlow: one compiled function that runs an epoch."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MEAN_SHARE, SQUARE_SHARE = 0.9, 0.95
"""How much of Adam's running means stays at each step."""
EPSILON = 1e-7
WARM_UP = 0.04
"""Share of the training in which the rate rises to its full height."""


def use_one_thread() -> None:
    """Keep TensorFlow to one thread, if it has not started yet.

    The steps are so small that to share them costs more than it gains, and the result depends on no number
    of threads.
    """
    import tensorflow as tf

    with suppress(RuntimeError):  # started already: by an earlier fit, or by the application
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def epoch_trainer(
    network: Any,
    inputs: tuple[NDArray[Any], ...],
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    params: dict[str, Any],
) -> Callable[[NDArray[np.intp], float, float], None]:
    """A function that trains for one epoch, given rows by batch, and the times in [0, 1] of start and end.

    AdamW, whose rate rises for a moment and then falls as half a cosine. Without AutoGraph, and with each
    variable's update as one operation, the graph is compiled in a third of the time that Keras' own
    optimizer takes, and each fold compiles it anew.

    Args:
        network: The Keras network.
        inputs: Its inputs, a row each.
        targets: Classes as one-hot rows, or standardised values in one column.
        weights: How much each row counts.
        params: Of the model.
    """
    import tensorflow as tf

    tensors = [tf.constant(each) for each in inputs]
    truth, counts = tf.constant(targets), tf.constant(weights)
    is_classification = targets.shape[1] > 1
    if is_classification:
        smoothing = params["label_smoothing"]
        truth = truth * (1.0 - smoothing) + smoothing / targets.shape[1]
    variables = [each.value for each in network.trainable_variables]
    means = [tf.Variable(tf.zeros_like(each)) for each in variables]
    squares = [tf.Variable(tf.zeros_like(each)) for each in variables]
    decays = [
        0.0 if any(part in each.path for part in ("bias", "wave", "scale")) else params["weight_decay"]
        for each in network.trainable_variables
    ]
    powers = tf.Variable([1.0, 1.0])

    def step(rows: Any, time: Any) -> None:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            output = network([tf.gather(each, rows) for each in tensors], training=True)
            wanted = tf.gather(truth, rows)
            if is_classification:
                losses = tf.nn.softmax_cross_entropy_with_logits(wanted, output)
            else:
                losses = tf.square(output - wanted)[:, 0]
            loss = tf.reduce_mean(losses * tf.gather(counts, rows))
        gradients = tape.gradient(loss, variables)
        rise = tf.minimum(1.0, 0.2 + 0.8 * time / WARM_UP)
        rate = params["learning_rate"] * rise * 0.5 * (1.0 + tf.cos(math.pi * time))
        power = powers.assign(powers * [MEAN_SHARE, SQUARE_SHARE])
        for index, variable in enumerate(variables):
            if decays[index]:
                variable.assign_sub(variable * (rate * decays[index]))
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=means[index].handle,
                v=squares[index].handle,
                beta1_power=power[0],
                beta2_power=power[1],
                lr=rate,
                beta1=MEAN_SHARE,
                beta2=SQUARE_SHARE,
                epsilon=EPSILON,
                grad=tf.convert_to_tensor(gradients[index]),
            )

    def steps(batches: Any, start: Any, end: Any) -> None:
        count = tf.shape(batches)[0]

        def body(index: Any) -> Any:
            share = tf.cast(index, tf.float32) / tf.cast(count, tf.float32)
            step(batches[index], start + (end - start) * share)
            return (index + 1,)

        tf.while_loop(lambda index: index < count, body, (tf.constant(0),), parallel_iterations=1)

    time_of = tf.TensorSpec((), tf.float32)
    signature = [tf.TensorSpec((None, None), tf.int32), time_of, time_of]
    compiled = tf.function(steps, input_signature=signature, autograph=False)

    def train(batches: NDArray[np.intp], start: float, end: float) -> None:
        compiled(batches.astype(np.int32), np.float32(start), np.float32(end))

    return train
