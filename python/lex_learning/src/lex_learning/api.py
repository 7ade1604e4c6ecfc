"""What Rust calls, and nothing else. JSON carries control, Arrow carries tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.config import PipelineConfig
from lex_learning.errors import ArrowConversionError, Cancelled, LexLearningError
from lex_learning.inference.model import TrainedModel
from lex_learning.inference.names import free_name
from lex_learning.inference.row import parse_row
from lex_learning.inference.table import PREDICTION
from lex_learning.pipeline.orchestrator import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import pyarrow

    from lex_learning.progress import ProgressUpdate


def train(
    config: str,
    table: object,
    emit: Callable[[str], None],
    is_cancelled: Callable[[], bool],
    is_stopped: Callable[[], bool] | None = None,
) -> tuple[str, dict[str, bytes], TrainedModel]:
    """Train on a table.

    Args:
        config: `PipelineConfig` as JSON.
        table: An Arrow C stream, or a buffer with an Arrow IPC file.
        emit: Receives each `ProgressUpdate` as JSON; must not block.
        is_cancelled: See `Pipeline.train`.
        is_stopped: See `Pipeline.train`.

    Returns:
        The result as JSON, the plots by name, and the model.
    """

    def forward(update: ProgressUpdate) -> None:
        emit(_to_json(update.to_dict()))

    pipeline = Pipeline(PipelineConfig.from_json(config), forward)
    result = pipeline.train(_read_table(table), is_cancelled, is_stopped)
    return _to_json(result.to_dict()), result.plots, result.model


def load_model(path: str) -> TrainedModel:
    """Read a model file."""
    return TrainedModel.load(path)


def model_from_bytes(data: object) -> TrainedModel:
    """Rebuild a model from the bytes of a model file."""
    return TrainedModel.from_bytes(bytes(memoryview(data)))  # type: ignore[arg-type]


def save_model(model: TrainedModel, path: str) -> None:
    """Write a model file."""
    model.save(path)


def export_onnx(model: TrainedModel, path: str, leave_out_members: bool) -> list[str]:
    """Write a model as an ONNX file; see `TrainedModel.export_onnx`."""
    return model.export_onnx(path, leave_out_members=leave_out_members)


def model_to_bytes(model: TrainedModel) -> bytes:
    """The bytes of a model file."""
    return model.to_bytes()


def model_info(model: TrainedModel) -> str:
    """`ModelInfo` as JSON."""
    return _to_json(model.get_info().to_dict())


def predict_row(model: TrainedModel, row: str) -> str:
    """`PredictionResult` as JSON for a row given as JSON."""
    return _to_json(model.predict(parse_row(row)).to_dict())


def predict_table(model: TrainedModel, table: object) -> tuple[pyarrow.Buffer, list[str]]:
    """Predictions for a table as an Arrow IPC file, and warnings; see `TrainedModel.predict_batch`."""
    import pyarrow

    predicted = model.predict_table(_read_table(table))
    classes = model.target.classes
    if not classes:
        numbers = pyarrow.table({PREDICTION: predicted.values, **predicted.bounds})  # noqa: PD011
        return _write_table(numbers), predicted.warnings
    text = pyarrow.large_string() if isinstance(classes[0], str) else None
    levels = pyarrow.array(model.target.decode(np.arange(len(classes))), type=text)
    columns = {PREDICTION: levels.take(pyarrow.array(predicted.values))}
    if predicted.probabilities is not None:
        for index, name in enumerate(model.probability_columns):
            columns[name] = pyarrow.array(predicted.probabilities[:, index])
    return _write_table(pyarrow.table(columns)), predicted.warnings


def explain_row(model: TrainedModel, row: str) -> tuple[str, bytes]:
    """`Explanation` as JSON for a row given as JSON, and its waterfall."""
    explanation = model.explain(parse_row(row))
    return _to_json(explanation.to_dict()), explanation.waterfall


def explain_table(model: TrainedModel, table: object) -> tuple[pyarrow.Buffer, list[str]]:
    """Contributions to the predictions of a table as an Arrow IPC file, and warnings.

    See `TrainedModel.explain_batch`; a last column `row` is the place of each row in the table.
    """
    import pyarrow

    frame = model.explain_batch(_read_table(table))
    columns = pyarrow.Table.from_pandas(frame, preserve_index=False)
    rows = pyarrow.array(frame.index.to_numpy(), type=pyarrow.int64())
    columns = columns.append_column(free_name("row", columns.column_names), rows)
    return _write_table(columns.replace_schema_metadata(None)), frame.attrs["warnings"]


def echo_table(table: object) -> pyarrow.Buffer:
    """The same table, through pandas and back: what the conversion tests call."""
    import pyarrow

    return _write_table(pyarrow.Table.from_pandas(_read_table(table), preserve_index=False))


def describe_error(error: BaseException) -> str:
    """Code, message and context of any exception as JSON, so that Rust never reads a traceback."""
    # Others have a `code` as well, such as SystemExit.
    if isinstance(error, LexLearningError | Cancelled):
        code, message = error.code, str(error)
    else:
        code, message = LexLearningError.code, f"{type(error).__name__}: {error}"
    return json.dumps(
        {"code": code, "message": message, "context": getattr(error, "context", {})}, default=str
    )


def _to_json(values: dict[str, Any]) -> str:
    """Strict JSON: NaN and Infinity, which Rust refuses, are an error here already."""
    return json.dumps(values, allow_nan=False)


def _read_table(table: Any) -> pd.DataFrame:
    import pyarrow

    try:
        if hasattr(table, "__arrow_c_stream__"):
            arrow = pyarrow.table(table)
        else:
            with pyarrow.ipc.open_file(pyarrow.py_buffer(table)) as reader:
                arrow = reader.read_all()
        # One block a column: numbers are not copied, and are read-only.
        frame: pd.DataFrame = arrow.to_pandas(split_blocks=True, date_as_object=False)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise ArrowConversionError(f"the table cannot be read: {error}") from error
    return frame


def _write_table(table: pyarrow.Table) -> pyarrow.Buffer:
    import pyarrow

    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()
