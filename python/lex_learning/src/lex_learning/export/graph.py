"""An ONNX graph in the making: nodes and constants, by names that no two share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    type Value = str | float | NDArray[Any]
    """A tensor by its name, or a constant."""

TREE_DOMAIN = "ai.onnx.ml"


class Graph:
    """Takes nodes in the order of their computation, and gives each result a name.

    The same node with the same inputs is there once: models of several folds share what they begin with.

    Example:
        >>> graph = Graph(["x"])
        >>> graph.add("Mul", graph.add("Exp", "x"), 2.0)
        'Mul_1'
        >>> graph.add("Exp", "x")
        'Exp_0'
    """

    def __init__(self, inputs: Sequence[str] = ()) -> None:
        from onnx import ModelProto

        self.document = ModelProto()
        """All nodes are made in their place in it: a copy of many trees takes as long as they do."""
        self.nodes = self.document.graph.node
        self.constants = self.document.graph.initializer
        self._names = set(inputs)
        self._known: dict[Any, str] = {}

    def add(self, operator: str, *inputs: Value, name: str | None = None, **attributes: Any) -> str:
        """The name of the node's first output.

        Args:
            operator: Such as `Add`.
            inputs: Names of tensors, or constants: numbers become float64, or int64 if they are integers.
            name: Of the output, if it has to have one.
            attributes: Arrays become tensors, all else what ONNX makes of it.
        """
        return self._node(operator, inputs, [name], attributes)[0]

    def add_pair(self, operator: str, *inputs: Value, **attributes: Any) -> tuple[str, str]:
        """As `add`, of a node with two outputs."""
        first, second = self._node(operator, inputs, [None, None], attributes)
        return first, second

    def _node(
        self, operator: str, inputs: Sequence[Value], names: list[str | None], attributes: dict[str, Any]
    ) -> list[str]:
        from onnx import helper, numpy_helper

        given = [each if isinstance(each, str) else self._constant(each) for each in inputs]
        plain = all(isinstance(value, int | float | str) for value in attributes.values())
        key = (operator, *given, *sorted(attributes.items())) if plain and names == [None] else None
        if key in self._known:
            return [self._known[key]]
        outputs = [name or self.unique(f"{operator}_{len(self.nodes)}") for name in names]
        domain = TREE_DOMAIN if operator in {"TreeEnsemble", "LabelEncoder"} else ""
        node = self.nodes.add(op_type=operator, domain=domain, input=given, output=outputs)
        for attribute, value in sorted(attributes.items()):
            tensor = numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
            node.attribute.append(helper.make_attribute(attribute, tensor))
        if key is not None:
            self._known[key] = outputs[0]
        return outputs

    def unique(self, name: str) -> str:
        """The name, or one like it that is free."""
        free, count = name, 1
        while not free or free in self._names:
            count += 1
            free = f"{name}_{count}"
        self._names.add(free)
        return free

    def _constant(self, value: float | NDArray[Any]) -> str:
        from onnx import numpy_helper

        array = np.ascontiguousarray(value) if np.ndim(value) else np.array(value)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            name = self.unique(f"constant_{len(self.constants)}")
            self.constants.append(numpy_helper.from_array(array, name))
            self._known[key] = name
        return self._known[key]

    def columns(self, matrix: str, columns: Sequence[int]) -> str:
        """Some columns of a matrix, at least one."""
        return self.add("Gather", matrix, np.array(columns, dtype=np.int64), axis=1)

    def join(self, matrices: Sequence[str]) -> str:
        """Matrices side by side, at least one."""
        return matrices[0] if len(matrices) == 1 else self.add("Concat", *matrices, axis=1)

    def single_precision(self, matrix: str) -> str:
        """What remains of float64 numbers in float32, as float64 again."""
        from onnx import TensorProto

        narrow = self.add("Cast", matrix, to=TensorProto.FLOAT)
        return self.add("Cast", narrow, to=TensorProto.DOUBLE)

    def to_double(self, tensor: str) -> str:
        """Truth values or integers as float64."""
        from onnx import TensorProto

        return self.add("Cast", tensor, to=TensorProto.DOUBLE)

    def to_integer(self, tensor: str) -> str:
        """Whole numbers as int64."""
        from onnx import TensorProto

        return self.add("Cast", tensor, to=TensorProto.INT64)

    def lookup(self, matrix: str, column: int, table: NDArray[Any]) -> str:
        """The row of a table for the level in a column, its last row where there is none.

        Args:
            matrix: With level codes, NaN for none, shape (rows, columns).
            column: Which of its columns.
            table: Shape (levels + 1, width).

        Returns:
            Shape (rows, width), of the table's type.
        """
        codes = self.add("Gather", matrix, np.array(column, dtype=np.int64), axis=1)
        codes = self.add("Where", self.add("IsNaN", codes), float(len(table) - 1), codes)
        return self.add("Gather", table, self.to_integer(codes), axis=0)

    def fill(self, matrix: str, value: float) -> str:
        """The matrix with a number in place of NaN."""
        return self.add("Where", self.add("IsNaN", matrix), value, matrix)

    def two_classes(self, log_odds: str) -> str:
        """Probabilities of both classes, shape (rows, 2), from the log-odds of the second, (rows, 1)."""
        return self.add("Sigmoid", self.join([self.add("Neg", log_odds), log_odds]))

    def all_classes(self, shares: str, present: NDArray[Any], class_count: int) -> str:
        """Zeros for classes that are not among those present."""
        if len(present) == class_count:
            return shares
        places = np.zeros((len(present), class_count))
        places[np.arange(len(present)), present] = 1.0
        return self.add("MatMul", shares, places)
