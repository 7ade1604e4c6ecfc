"""Names of the columns that an answer adds to those of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, with underscores after it until it is none of those taken.

    Example:
        >>> free_name("base", ["age"]), free_name("base", ["base", "base_"])
        ('base', 'base__')
    """
    while name in taken:
        name += "_"
    return name
