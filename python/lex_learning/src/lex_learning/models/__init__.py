"""The algorithms: each file of this folder, but for `base`, is one, and its name is its key."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from lex_learning.models.base import Model

if TYPE_CHECKING:
    from lex_learning.config import ProblemType


@cache
def _registry() -> dict[str, type[Model]]:
    found: dict[str, type[Model]] = {}
    for module in iter_modules(__path__):
        if module.name == "base" or module.name.startswith("_"):
            continue
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            if (
                inspect.isclass(value)
                and issubclass(value, Model)
                and value.__module__ == f"{__name__}.{module.name}"
            ):
                found[module.name] = value
    return found


def model_class(key: str) -> type[Model]:
    """The class of an algorithm.

    Raises:
        KeyError: There is no such algorithm.

    Example:
        >>> model_class("lightgbm").library
        'lightgbm'
    """
    return _registry()[key]


def available_algorithms(problem_type: ProblemType) -> list[str]:
    """Keys of all algorithms for a problem type, sorted.

    Example:
        >>> from lex_learning import ProblemType
        >>> "ridge" in available_algorithms(ProblemType.REGRESSION)
        True
    """
    return sorted(key for key, model in _registry().items() if problem_type in model.problem_types)
