"""Model files: `.lex` archives, and pickles of the same for export.

A cut or altered file is refused before anything in it is read, and a strange one runs nothing: `.lex` files
hold plain data, and a `.pkl` file is taken only if it is such a file between the bytes of one known call; it
is never unpickled here. Any other program that opens a pickle runs what it says: give and take `.lex` files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lex_learning.config import ProblemType
from lex_learning.core.column import Column
from lex_learning.core.results import ModelInfo
from lex_learning.core.schema import Schema
from lex_learning.errors import InferenceError, InvalidModelFileError, ModelNotFoundError
from lex_learning.inference import archive
from lex_learning.inference.archive import ARRAYS, ONNX, TREE, invalid, read_json
from lex_learning.inference.replacement import replace_file
from lex_learning.inference.state import from_state, to_state
from lex_learning.inference.typed import typed

if TYPE_CHECKING:
    from os import PathLike

    from lex_learning.models.base import Matrix, Predictor

PICKLE_SUFFIXES = frozenset({".pkl", ".pickle"})
_PICKLE_START = b"\x80\x04clex_learning.inference.model\nmodel_from_bytes\n\x8e"
"""Opcodes of a pickle: protocol 4, the function, and eight bytes for the length of the bytes that follow."""
_PICKLE_END = b"\x85R."
"""A tuple of these bytes, the call, the end."""


def encode(model: Predictor, background: Matrix | None) -> dict[str, bytes]:
    """The parts of a `.lex` file that Python reads."""
    state = to_state({"model": model, "background": background})
    tree = json.dumps(state.tree, allow_nan=False, separators=(",", ":")).encode()
    return {TREE: tree, ARRAYS: state.arrays, **state.files}


def pack(info: ModelInfo, classes: tuple[Any, ...], parts: dict[str, bytes], onnx: bytes | str) -> bytes:
    """The bytes of a `.lex` file.

    Args:
        info: What the model is.
        classes: Of its target; none for numbers.
        parts: See `encode`.
        onnx: The model as an ONNX document, or why there is none.
    """
    facts: dict[str, Any] = {"info": info.to_dict(), "classes": list(classes)}
    if isinstance(onnx, str):
        return archive.pack(facts | {"without_onnx": onnx}, parts)
    return archive.pack(facts, {ONNX: onnx, **parts})


def pack_pickle(data: bytes) -> bytes:
    """A pickle that makes a `TrainedModel` of the bytes of a `.lex` file."""
    return _PICKLE_START + len(data).to_bytes(8, "little") + data + _PICKLE_END


def _without_pickle(data: bytes) -> bytes:
    """The reverse of `pack_pickle`; anything else stays as it is."""
    if not data.startswith(_PICKLE_START):
        return data
    content = data[len(_PICKLE_START) + 8 : -len(_PICKLE_END)]
    return content if pack_pickle(content) == data else data


def unpack(data: bytes) -> tuple[ModelInfo, Predictor, tuple[Any, ...], Matrix | None, bytes | None]:
    """What `encode` and `pack` were given; takes the bytes of a `.pkl` file as well.

    Returns:
        Info, model, classes, background, and the ONNX document, if there is one, which is not looked at.

    Raises:
        InvalidModelFileError: The bytes are empty, cut, altered or not a model.
    """
    if not data:
        raise invalid("it is empty")
    manifest, parts = archive.unpack(_without_pickle(data))
    onnx = parts.pop(ONNX, None)
    try:
        info, classes = _read_info(manifest["info"]), tuple(manifest["classes"])
        tree = read_json(parts.pop(TREE))
        content = from_state(tree, parts.pop(ARRAYS), parts, len(info.schema))
        model, background = content["model"], content["background"]
        _check(info, model, classes, background)
    except Exception as error:  # a forged file can raise anything
        raise invalid(str(error) or type(error).__name__) from error
    return info, model, classes, background, onnx


def read(path: str | PathLike[str]) -> bytes:
    """The bytes of a file.

    Raises:
        ModelNotFoundError: There is no such file.
        InvalidModelFileError: It cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise ModelNotFoundError(f"there is no file {str(path)!r}", path=str(path)) from None
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise InvalidModelFileError(f"{str(path)!r} cannot be read: {reason}", path=str(path)) from error


def write(path: str | PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all; see `replace_file`.

    Raises:
        InferenceError: The place cannot be written; the old file is untouched.
    """
    try:
        replace_file(Path(path), data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InferenceError(
            f"the model cannot be written to {str(path)!r}: {reason}",
            hint="Choose a folder that exists, is writable and has room.",
            path=str(path),
        ) from error


def _check(info: ModelInfo, model: Any, classes: tuple[Any, ...], background: Any) -> None:
    """Whether the parts belong together."""
    problem, column_count = model.problem, len(info.schema)
    levels = Schema.from_dict(info.schema).categorical_levels
    if (problem.class_count, problem.categorical_levels) != (len(classes), levels):
        raise ValueError("its model is of another table than its schema")
    if background is not None and background.shape[1:] != (column_count,):
        raise ValueError("its background is of another table than its schema")


def _read_info(values: dict[str, Any]) -> ModelInfo:
    info: ModelInfo = typed(ModelInfo, values, "info")
    ProblemType(info.problem_type)
    typed(list[Column], info.schema, "schema")
    json.dumps(info.hyperparameters, allow_nan=False)
    return info
