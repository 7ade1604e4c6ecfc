"""A trained model as one ONNX document, from the columns of a table to probabilities and labels.

The graph has two parts. The first makes the inputs, a column each, into the matrix `features` of
`core.schema`; the second makes `output` of it, float64, shape (rows, classes) or (rows, 1). Between the two
stand only the operators of `OPERATORS`, so that a small program can do the second part alone; what it needs
to do the first is in the metadata `lex_learning`, as JSON with `format`, `info` and `classes`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.column import ColumnKind
from lex_learning.errors import ExportError
from lex_learning.export.graph import TREE_DOMAIN, Graph

if TYPE_CHECKING:
    from lex_learning.core.column import Column
    from lex_learning.core.results import ModelInfo
    from lex_learning.core.schema import Schema
    from lex_learning.core.target import Target
    from lex_learning.models.base import Predictor

FORMAT = 1
"""Of the metadata, and of the promise about the second part."""
METADATA_KEY = "lex_learning"
FEATURES, OUTPUT, LABEL = "features", "output", "label"
OPSETS = {"": 21, TREE_DOMAIN: 5}
INTERMEDIATE_REPRESENTATION = 10
_OPERATORS = """
    Abs Add And Cast Clip Concat Cos Div Equal Exp Expand Floor Gather Greater GreaterOrEqual Identity IsNaN
    Less LessOrEqual Log MatMul Max Min Mul Neg Not Or Pow ReduceMax ReduceMean ReduceSum Reshape Sigmoid
    Softmax Sqrt Squeeze Sub TopK Transpose TreeEnsemble Unsqueeze Where
"""
OPERATORS = frozenset(_OPERATORS.split())


def to_document(info: ModelInfo, schema: Schema, model: Predictor, target: Target) -> bytes:
    """The bytes of the file.

    Raises:
        ExportError: ONNX cannot express the model.
    """
    from google.protobuf.message import EncodeError
    from onnx import TensorProto, helper

    graph = Graph([FEATURES, OUTPUT, LABEL])
    inputs = [graph.unique(column.name) for column in schema.columns]
    encoded = [_encoded(graph, name, column) for name, column in zip(inputs, schema.columns, strict=True)]
    graph.add("Concat", *encoded, name=FEATURES, axis=1)
    first = len(graph.nodes)
    graph.add("Identity", model.to_graph(graph, FEATURES), name=OUTPUT)
    foreign = {node.op_type for node in graph.nodes[first:]} - OPERATORS
    if foreign:
        raise ExportError(f"the operators {sorted(foreign)} are none that a file may hold")
    labels = target.labels
    outputs = [helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, ["rows", max(1, len(labels))])]
    if labels:
        _add_label(graph, labels, info.decision_threshold)
        outputs.append(helper.make_tensor_value_info(LABEL, TensorProto.STRING, ["rows"]))
    given = [
        helper.make_tensor_value_info(name, _input_type(column), ["rows", 1])
        for name, column in zip(inputs, schema.columns, strict=True)
    ]
    document = graph.document
    document.graph.name = "model"
    document.graph.input.extend(given)
    document.graph.output.extend(outputs)
    document.opset_import.extend(helper.make_opsetid(*each) for each in OPSETS.items())
    document.ir_version = INTERMEDIATE_REPRESENTATION
    document.producer_name = "lex_learning"
    document.producer_version = info.library_version
    facts = {"format": FORMAT, "info": info.to_dict(), "classes": list(target.classes)}
    helper.set_model_props(document, {METADATA_KEY: json.dumps(facts, allow_nan=False)})
    try:
        data: bytes = document.SerializeToString()
    except (EncodeError, ValueError) as error:
        raise ExportError(f"the file would be too large: {error}", hint="Train fewer members.") from error
    return data


def _encoded(graph: Graph, name: str, column: Column) -> str:
    """A column of the matrix, float64, shape (rows, 1)."""
    if is_truth(column):
        return graph.to_double(name)
    if column.kind is not ColumnKind.CATEGORICAL:
        return name
    levels = column.levels or ("",)
    return graph.add(
        "LabelEncoder",
        name,
        keys_strings=list(levels),
        values_tensor=np.arange(len(levels), dtype=np.float64) if column.levels else np.array([np.nan]),
        default_tensor=np.array([np.nan]),
    )


def _input_type(column: Column) -> Any:
    from onnx import TensorProto

    if column.kind is ColumnKind.CATEGORICAL:
        return TensorProto.STRING
    return TensorProto.BOOL if is_truth(column) else TensorProto.DOUBLE


def is_truth(column: Column) -> bool:
    """Whether ONNX takes it as truth values: these cannot be missing, while a number can be NaN."""
    return column.kind is ColumnKind.BOOLEAN and not column.nullable


def _add_label(graph: Graph, labels: list[str], threshold: float | None) -> None:
    if threshold is None:
        code = graph.add("ArgMax", OUTPUT, axis=1, keepdims=0)
    else:
        second = graph.add("Gather", OUTPUT, np.array(1), axis=1)
        code = graph.to_integer(graph.add("GreaterOrEqual", second, threshold))
    graph.add("Gather", np.array(labels, dtype=object), code, name=LABEL, axis=0)
