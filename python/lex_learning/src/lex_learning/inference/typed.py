"""Values of a file, as the types that they are said to be."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def typed(hint: Any, value: Any, name: str) -> Any:  # noqa: PLR0911 - a case for each kind of type
    """A value of JSON as a type: a dataclass, an enumeration, a list, a tuple, a plain type, or a union.

    Args:
        hint: The type.
        value: What was read.
        name: What errors call it.

    Raises:
        ValueError: It is of another type, a number is not finite, an integer is no count, or a field is
            missing or unknown.
    """
    if hint is Any:
        return value
    origin, parts = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        if value is None and NoneType in parts:
            return None
        kinds = [part for part in parts if part is not NoneType]
        return typed(kinds[0], value, name) if len(kinds) == 1 else _any_of(kinds, value, name)
    if is_dataclass(hint):
        return _record(hint, value, name)
    if origin is list and isinstance(value, list):
        return [typed(parts[0], each, name) for each in value]
    if origin is tuple and isinstance(value, list | tuple):
        kinds = [parts[0]] * len(value) if parts[-1] is Ellipsis else list(parts)
        return tuple(typed(kind, each, name) for kind, each in zip(kinds, value, strict=True))
    if origin is dict and isinstance(value, dict):
        return {typed(parts[0], key, name): typed(parts[1], each, name) for key, each in value.items()}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if _is_plain(hint, value):
        return value
    raise ValueError(f"its {name} is {str(value)[:50]!r}, not of the type {hint}")


def _record(hint: Any, value: Any, name: str) -> Any:
    if not isinstance(value, dict) or set(value) - {each.name for each in fields(hint)}:
        raise ValueError(f"its {name} has not the fields of {hint.__name__}")
    hints = get_type_hints(hint)
    try:
        return hint(**{key: typed(hints[key], each, f"{name}.{key}") for key, each in value.items()})
    except TypeError as error:
        raise ValueError(f"its {name} lacks a field of {hint.__name__}") from error


def _any_of(kinds: list[Any], value: Any, name: str) -> Any:
    for kind in kinds:
        try:
            return typed(kind, value, name)
        except ValueError:
            continue
    raise ValueError(f"its {name} is {str(value)[:50]!r}, of none of the types {kinds}")


def _is_plain(hint: Any, value: Any) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
    return isinstance(hint, type) and isinstance(value, hint)
