"""Fitted models as plain data, and back: JSON, arrays and the boosters' own files.

Nothing in it can name a class that is not listed here, so that reading it runs no code of the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.inference import boosters
from lex_learning.models import model_class
from lex_learning.models.base import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CLASSES = {
    "Problem": "core.problem",
    "DesignMatrix": "preprocessing.design",
    "ManyLevels": "preprocessing.many_levels",
    "TargetEncoding": "preprocessing.target_encoding",
    "Ensemble": "models.ensemble",
    "Member": "models.ensemble",
    "KernelMachine": "models._kernel_machine",
    "LogTarget": "models._logarithm",
    "NetworkInputs": "models._network",
    "ScaledSoftmax": "models._calibration",
    "TreeArrays": "models._tree_arrays",
}
"""By name, the module below `lex_learning`: what a model may be made of, beside the algorithms."""

_ARRAY_TYPES = frozenset({"<f8", "<f4", "<i8", "<i4", "<i2", "|i1", "|u1", "<u4", "<u8", "|b1"})
_ALIGNMENT = 64
_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass
class State:
    """A model as plain data.

    Args:
        tree: JSON-safe; an object with a key that starts with `$` stands for what JSON cannot say.
        arrays: The bytes of all arrays, one after the other.
        files: Whole files by name, such as those of boosters.
    """

    tree: Any
    arrays: bytes
    files: dict[str, bytes]


def to_state(value: object) -> State:
    """The plain data of a fitted model.

    Raises:
        TypeError: It holds an object of a class that is not listed.
    """
    writer = _Writer()
    return State(writer.encode(value), bytes(writer.arrays), writer.files)


def from_state(tree: Any, arrays: bytes, files: Mapping[str, bytes], column_count: int) -> Any:
    """The reverse of `to_state`.

    Args:
        tree: See `State`.
        arrays: See `State`.
        files: See `State`.
        column_count: Feature columns of the model.

    Raises:
        Exception: Of any kind, if it does not come from there.
    """
    reader = _Reader(arrays, dict(files), column_count)
    found = reader.decode(tree)
    if reader.files:
        raise ValueError(f"nothing uses its part {next(iter(reader.files))!r}")
    # Native code goes by what a member says of its columns: all have to say the same.
    tables = [replace(each, row_count=0, has_skewed_target=False) for each in reader.problems]
    if any(table != tables[0] or table.column_count != column_count for table in tables):
        raise ValueError("its members are of another table than its schema")
    return found


def _key(model: Model) -> str:
    return type(model).__module__.rpartition(".")[2]


@dataclass
class _Writer:
    arrays: bytearray = field(default_factory=bytearray)
    files: dict[str, bytes] = field(default_factory=dict)

    def encode(self, value: Any) -> Any:
        if isinstance(value, np.generic):
            return self.encode(value.item())
        if isinstance(value, ProblemType):
            return {"$problem_type": str(value)}
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"$number": str(value)}
        return self._container(value)

    def _container(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.encode(each) for each in value]
        if isinstance(value, tuple):
            return {"$tuple": [self.encode(each) for each in value]}
        if isinstance(value, dict):
            if all(isinstance(key, str) and not key.startswith("$") for key in value):
                return {key: self.encode(each) for key, each in value.items()}
            return {"$map": [[self.encode(key), self.encode(each)] for key, each in value.items()]}
        if isinstance(value, np.ndarray):
            return self._array(value)
        return self._object(value)

    def _array(self, value: np.ndarray[Any, Any]) -> Any:
        kind = value.dtype.newbyteorder("<").str
        if kind not in _ARRAY_TYPES:
            raise TypeError(f"an array of type {value.dtype} is no plain data")
        # Products of matrices may differ in the last digit between the two orders.
        order: Literal["C", "F"] = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        self.arrays.extend(bytes(-len(self.arrays) % _ALIGNMENT))
        place = len(self.arrays)
        self.arrays.extend(value.astype(kind, copy=False).tobytes(order))
        return {"$array": kind, "shape": list(value.shape), "order": order, "at": place}

    def _file(self, name: str, content: bytes) -> str:
        full = f"parts/{len(self.files)}-{name}"
        self.files[full] = content
        return full

    def _object(self, value: Any) -> Any:
        if isinstance(value, bytes):
            return {"$file": self._file("network.keras", value)}
        library = boosters.library_of(value)
        if library:
            return {"$booster": library, "file": self._file(*boosters.dump(library, value))}
        if isinstance(value, Model):
            return {"$algorithm": _key(value), "state": self.encode(value.__getstate__())}
        name = type(value).__name__
        if _CLASSES.get(name) != type(value).__module__.removeprefix("lex_learning."):
            raise TypeError(f"an object of {type(value).__module__}.{name} is no plain data")
        if is_dataclass(value):
            content = {each.name: getattr(value, each.name) for each in fields(value)}
        else:
            content = dict(value.__dict__)
        return {"$object": name, "state": self.encode(content)}


@dataclass
class _Reader:
    arrays: bytes
    files: dict[str, bytes]
    """Each is used once, and gone then."""
    column_count: int
    problems: list[Problem] = field(default_factory=list)

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(each) for each in value]
        if not isinstance(value, dict):
            return value
        mark = next((key for key in value if key.startswith("$")), None)
        if mark is None:
            return {key: self.decode(each) for key, each in value.items()}
        if mark not in self._decoders:
            raise ValueError(f"it names {mark!r}, which no model needs")
        return self._decoders[mark](value, value[mark])

    @cached_property
    def _decoders(self) -> dict[str, Callable[[dict[str, Any], Any], Any]]:
        return {
            "$number": lambda _, name: _NUMBERS[name],
            "$problem_type": lambda _, name: ProblemType(name),
            "$tuple": lambda _, items: tuple(self.decode(each) for each in items),
            "$map": lambda _, items: {self.decode(key): self.decode(each) for key, each in items},
            "$array": self._array,
            "$file": lambda _, name: self.files.pop(name),
            "$booster": self._booster,
            "$algorithm": self._algorithm,
            "$object": self._object,
        }

    def _array(self, value: dict[str, Any], kind: str) -> np.ndarray[Any, Any]:
        shape, place = value["shape"], value["at"]
        if kind not in _ARRAY_TYPES or value["order"] not in {"C", "F"}:
            raise ValueError(f"an array is of type {kind!r}")
        if not all(isinstance(size, int) and size >= 0 for size in [*shape, place]):
            raise ValueError(f"an array is of shape {shape} at {place}")
        size = math.prod(shape)
        # The buffer's end bounds the size, whatever the file says.
        flat: Any = np.frombuffer(self.arrays, np.dtype(kind), size, place) if size else np.empty(0, kind)
        return np.reshape(flat, shape, order=value["order"])

    def _booster(self, value: dict[str, Any], library: str) -> Any:
        return boosters.load(library, self.files.pop(value["file"]), self.column_count)

    def _algorithm(self, value: dict[str, Any], key: str) -> Model:
        kind = model_class(key)
        model = kind.__new__(kind)
        state = self.decode(value["state"])
        model.__dict__.update({name: each for name, each in state.items() if name not in kind.derived})
        model.check()
        return model

    def _object(self, value: dict[str, Any], name: str) -> Any:
        kind = getattr(import_module(f"lex_learning.{_CLASSES[name]}"), name)
        content = self.decode(value["state"])
        if is_dataclass(kind):
            found = kind(**content)  # type: ignore[operator]
            if isinstance(found, Problem):
                self.problems.append(found)
            return found
        made = kind.__new__(kind)
        made.__dict__.update(content)
        return made
