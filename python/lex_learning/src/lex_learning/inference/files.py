"""Model files: a pickle of plain facts around the model's own, sealed by a checksum.

A pickle can run code when it is opened. These are opened by an unpickler that knows a short list of
classes and refuses all else; still, load only files from people you trust.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import pickle
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lex_learning.core.metrics import ClassMetrics, Metrics
from lex_learning.core.results import ModelInfo
from lex_learning.errors import InferenceError, InvalidModelFileError, ModelNotFoundError

if TYPE_CHECKING:
    from os import PathLike

    from lex_learning.models.base import Model

FORMAT = "lex-learning model"
VERSION = 1

_TRUSTED_LIBRARIES = frozenset({"catboost", "_catboost", "lex_learning", "lightgbm", "numpy", "scipy", "sklearn", "xgboost"})
_TRUSTED_FUNCTIONS = frozenset(
    {
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy._core.numeric._frombuffer",
        "sklearn.tree._tree._build_pruned_tree_py",
        "numpy.random._pickle.__randomstate_ctor",
        "numpy.random._pickle.__bit_generator_ctor",
    }
)
_TRUSTED_BUILTINS = frozenset(
    {
        "builtins.bytearray",
        "builtins.complex",
        "builtins.frozenset",
        "builtins.range",
        "builtins.set",
        "builtins.slice",
        "collections.OrderedDict",
        "collections.defaultdict",
    }
)


def pack(info: ModelInfo, model: Model, classes: tuple[Any, ...]) -> bytes:
    """The bytes of a model file."""
    payload = pickle.dumps({"model": model, "classes": classes})
    facts = {
        "format": FORMAT,
        "version": VERSION,
        "info": info.to_dict(),
        "sha256": hashlib.sha256(payload).hexdigest(),
        "payload": payload,
    }
    return pickle.dumps(facts)


def unpack(data: bytes) -> tuple[ModelInfo, Model, tuple[Any, ...]]:
    """The reverse of `pack`.

    Raises:
        InvalidModelFileError: The bytes are empty, cut, altered or not a model.
    """
    if not data:
        raise _invalid("it is empty")
    facts = _load(data)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise _invalid("it is something else")
    if facts.get("version") != VERSION:
        raise InvalidModelFileError(
            f"the model file has format version {facts.get('version')!r}, this release reads {VERSION}",
            hint="Use a newer release.",
        )
    payload = facts.get("payload")
    if not isinstance(payload, bytes) or hashlib.sha256(payload).hexdigest() != facts.get("sha256"):
        raise _invalid("its checksum does not match")
    content = _load(payload)
    try:
        return _read_info(facts["info"]), content["model"], tuple(content["classes"])
    except (KeyError, TypeError) as error:
        raise _invalid(f"a part is missing ({error})") from error


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
    except OSError as error:
        raise InvalidModelFileError(f"{str(path)!r} cannot be read: {error.strerror}") from error


def write(path: str | PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        InferenceError: The place cannot be written; the old file is untouched.
    """
    target = Path(path)
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
            temporary = Path(file.name)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                file.close()
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        if os.name == "posix":
            _sync_folder(target.parent)
    except OSError as error:
        raise InferenceError(
            f"the model cannot be written to {str(path)!r}: {error.strerror}",
            hint="Choose a folder that exists, is writable and has room.",
            path=str(path),
        ) from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full in _TRUSTED_BUILTINS:
            return super().find_class(module, name)
        if module.split(".")[0] in _TRUSTED_LIBRARIES and "." not in name:
            found = getattr(importlib.import_module(module), name)
            if full in _TRUSTED_FUNCTIONS or isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"it names {full}, which no model needs")


def _load(data: bytes) -> Any:
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except Exception as error:  # noqa: BLE001 - a hostile file can raise anything
        raise _invalid(str(error) or type(error).__name__) from error


def _invalid(reason: str) -> InvalidModelFileError:
    return InvalidModelFileError(
        f"not a model file: {reason}", hint="Give a file written by TrainedModel.save, unchanged."
    )


def _read_info(values: dict[str, Any]) -> ModelInfo:
    metrics = dict(values["metrics"])
    if metrics["per_class"] is not None:
        metrics["per_class"] = [ClassMetrics(**each) for each in metrics["per_class"]]
    return ModelInfo(**{**values, "metrics": Metrics(**metrics)})
