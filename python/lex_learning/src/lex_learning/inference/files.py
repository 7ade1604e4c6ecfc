"""Model files: a pickle of plain facts around the model's own, and the SHA-256 of all that at the end.

A cut or altered file is refused before anything in it is read. A pickle can run code when it is opened:
these are opened by an unpickler that knows a short list of classes and refuses all else. Still, load
only files from people you trust.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.metrics import ClassMetrics, Metrics
from lex_learning.core.results import ModelInfo
from lex_learning.errors import InferenceError, InvalidModelFileError, ModelNotFoundError

if TYPE_CHECKING:
    from os import PathLike

    from lex_learning.models.base import Matrix, Predictor

FORMAT = "lex-learning model"
VERSION = 2
DIGEST_BYTES = 32

_TRUSTED_MODULES = (
    "catboost.core.",
    "_catboost.",
    "lex_learning.config.",
    "lex_learning.core.problem.",
    "lex_learning.models.",
    "lex_learning.preprocessing.",
    "lightgbm.basic.",
    "numpy.random.",
    "scipy.sparse.",
    "sklearn._loss.",
    "sklearn.compose.",
    "sklearn.ensemble.",
    "sklearn.linear_model.",
    "sklearn.metrics._dist_metrics.",
    "sklearn.neighbors.",
    "sklearn.preprocessing.",
    "sklearn.svm.",
    "sklearn.tree.",
    "xgboost.core.",
)
"""Modules whose own classes, and those of their submodules, may be made. None runs code of the file; a forged
one may still make a booster open a path: load only files from people you trust."""

_TRUSTED_NAMES = frozenset(
    {
        "builtins.bytearray",
        "builtins.complex",
        "builtins.frozenset",
        "builtins.range",
        "builtins.set",
        "builtins.slice",
        "collections.OrderedDict",
        "collections.defaultdict",
        "functools.partial",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy._core.numeric._frombuffer",
        "numpy.random._pickle.__bit_generator_ctor",
        "numpy.random._pickle.__generator_ctor",
        "numpy.random._pickle.__randomstate_ctor",
        "sklearn.tree._tree._build_pruned_tree_py",
        "sklearn.utils.validation.check_array",
    }
)


def pack(info: ModelInfo, model: Predictor, classes: tuple[Any, ...], background: Matrix | None) -> bytes:
    """The bytes of a model file."""
    payload = pickle.dumps({"model": model, "classes": classes, "background": background})
    facts = pickle.dumps({"format": FORMAT, "version": VERSION, "info": info.to_dict(), "payload": payload})
    return facts + hashlib.sha256(facts).digest()


def unpack(data: bytes) -> tuple[ModelInfo, Predictor, tuple[Any, ...], Matrix | None]:
    """The reverse of `pack`.

    Raises:
        InvalidModelFileError: The bytes are empty, cut, altered or not a model.
    """
    if not data:
        raise _invalid("it is empty")
    body, digest = memoryview(data)[:-DIGEST_BYTES], data[-DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise _invalid("its checksum does not match; it is cut, altered or something else")
    facts = _load(body)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise _invalid("it is something else")
    if facts.get("version") != VERSION:
        raise InvalidModelFileError(
            f"the model file has format version {facts.get('version')!r}, this release reads {VERSION}",
            hint="Use the release that wrote it, or train the model again.",
        )
    try:
        content = _load(facts["payload"])
        info, background = _read_info(facts["info"]), content.get("background")
        return info, content["model"], tuple(content["classes"]), background
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
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise InvalidModelFileError(f"{str(path)!r} cannot be read: {reason}", path=str(path)) from error


def write(path: str | PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all; an old one keeps its permissions.

    Raises:
        InferenceError: The place cannot be written; the old file is untouched.
    """
    target = Path(path)
    try:
        # The start of the name: the whole one and the addition may be longer than a name can be.
        temporary = target.with_name(f".{target.name[:30]}-{secrets.token_hex(8)}")
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                shutil.copymode(target, temporary)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if os.name == "posix":
            _sync_folder(target.parent)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InferenceError(
            f"the model cannot be written to {str(path)!r}: {reason}",
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
        if full in _TRUSTED_NAMES:
            return super().find_class(module, name)
        if module == "numpy" or f"{module}.".startswith(_TRUSTED_MODULES):
            found = super().find_class(module, name)
            if _is_trusted(found, module, name):
                return found
        raise pickle.UnpicklingError(f"it names {full}, which no model needs")


def _is_trusted(found: Any, module: str, name: str) -> bool:
    """Whether it is a class of that very module, or a function by which Cython rebuilds one."""
    if module == "numpy":
        return isinstance(found, type) and issubclass(found, np.generic)
    if isinstance(found, type):
        return found.__module__ == module
    return name == "newObj" or name.startswith("__pyx_unpickle_")


def _load(data: bytes | memoryview) -> Any:
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except Exception as error:  # a hostile file can raise anything
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
