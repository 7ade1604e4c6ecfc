"""Tables of the FlatBuffers format, read within their bounds.

See https://flatbuffers.dev/internals.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OFFSET = struct.Struct("<I")
_TO_FIELDS = struct.Struct("<i")
_FIELD = struct.Struct("<H")
_NUMBERS = {kind: struct.Struct(f"<{kind}") for kind in "?bifd"}
_BYTE = np.dtype(np.uint8)
_MOST_REPEATED = 4
"""Times the size of a buffer that is read of it at most: many offsets may lead to the same vector."""


class Table:
    """A table, whose fields are counted from 0, as its schema lists them.

    All methods raise a ValueError where an offset leads out of the buffer, or a field is missing that has no
    default.

    Args:
        buffer: The bytes, or the buffer of another table.
        place: Where in it the table is; by default the root.
    """

    __slots__ = ("_buffer", "_fields", "_place")

    def __init__(self, buffer: bytes | _Buffer, place: int | None = None) -> None:
        self._buffer = _Buffer(buffer) if isinstance(buffer, bytes) else buffer
        self._place: int = self._buffer.unpack(_OFFSET, 0) if place is None else place
        start = self._place - self._buffer.unpack(_TO_FIELDS, self._place)
        size = self._buffer.unpack(_FIELD, start)
        self._fields = self._buffer.vector(start, size // 2, np.dtype("<u2"))[2:].tolist()

    def number(self, field: int, kind: str, default: Any = 0) -> Any:
        """A number, or a truth.

        Args:
            field: The field.
            kind: A format of `struct`.
            default: If it is missing.
        """
        place = self._place_of(field)
        return self._buffer.unpack(_NUMBERS[kind], place) if place else default

    def table(self, field: int) -> Table:
        """Another table."""
        return Table(self._buffer, self._target(field))

    def tables(self, field: int) -> list[Table]:
        """All tables of a vector, which may be missing."""
        return [Table(self._buffer, place) for place in self._targets(field)]

    def array(self, field: int, kind: np.dtype[Any]) -> NDArray[Any]:
        """A vector of numbers, or of structures."""
        return self._vector(self._target(field), kind)

    def text(self, field: int) -> bytes:
        """A text."""
        return self.array(field, _BYTE).tobytes()

    def texts(self, field: int) -> list[bytes]:
        """All texts of a vector, which may be missing."""
        return [self._vector(place, _BYTE).tobytes() for place in self._targets(field)]

    def is_empty(self, field: int) -> bool:
        """Whether a vector or a text is missing, or has nothing in it."""
        return not self._place_of(field) or self._buffer.unpack(_OFFSET, self._target(field)) == 0

    def _place_of(self, field: int) -> int:
        offset = self._fields[field] if field < len(self._fields) else 0
        return self._place + offset if offset else 0

    def _target(self, field: int) -> int:
        place = self._place_of(field)
        if not place:
            raise ValueError("a field is missing")
        offset: int = self._buffer.unpack(_OFFSET, place)
        return place + offset

    def _targets(self, field: int) -> list[int]:
        if not self._place_of(field):
            return []
        place = self._target(field)
        offsets = self._vector(place, np.dtype("<u4")).astype(np.int64)
        found: list[int] = (offsets + np.arange(len(offsets)) * 4 + place + 4).tolist()
        return found

    def _vector(self, place: int, kind: np.dtype[Any]) -> NDArray[Any]:
        return self._buffer.vector(place + 4, self._buffer.unpack(_OFFSET, place), kind)


class _Buffer:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._left = _MOST_REPEATED * len(content)

    def unpack(self, kind: struct.Struct, place: int) -> Any:
        # A negative place would count from the end.
        if place < 0 or place + kind.size > len(self._content):
            raise ValueError("an offset leads nowhere")
        return kind.unpack_from(self._content, place)[0]

    def vector(self, place: int, count: int, kind: np.dtype[Any]) -> NDArray[Any]:
        self._left -= count * kind.itemsize
        if place < 0 or place + count * kind.itemsize > len(self._content) or self._left < 0:
            raise ValueError("an offset leads nowhere, or to the same place as others")
        return np.frombuffer(self._content, kind, count, place)
