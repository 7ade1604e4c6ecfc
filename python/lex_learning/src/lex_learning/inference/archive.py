"""`.lex` files: a zip archive of plain data, with a checksum of the whole at its very end.

    manifest.json    format, version, what the model is, versions of the libraries, checksums of the others
    model.onnx       the same model for programs without Python: see `export.document`; where there is none,
                     `without_onnx` in the manifest says why
    model.json       the model: see `state`
    arrays.bin       its numbers
    parts/...        boosters in their libraries' own formats

No part is compressed, so that none is larger than it looks, and nothing is between them: a reader needs no
library for it (`src/native/archive.rs`).
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import zipfile
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.errors import InvalidModelFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "lex-learning model"
VERSION = 1
MANIFEST, ONNX, TREE, ARRAYS = "manifest.json", "model.onnx", "model.json", "arrays.bin"
START = b"PK\x03\x04"

_SEAL = b"lex-learning sha256 "
_SEAL_BYTES = len(_SEAL) + 64
_LIBRARIES = ("lex_learning", "numpy", "scikit-learn", "lightgbm", "xgboost", "catboost", "tensorflow")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_OPENING, _CLOSING = np.frombuffer(b"[{", np.uint8), np.frombuffer(b"]}", np.uint8)
_MOST_DEPTH = 100
_HEADER = struct.Struct("<26xHH")
"""Of each part: the lengths of its name and of what else stands before its content."""
_DATE = (1980, 1, 1, 0, 0, 0)


def pack(facts: Mapping[str, Any], parts: Mapping[str, bytes]) -> bytes:
    """The bytes of a file; the same ones for the same content.

    Args:
        facts: JSON-safe, for the manifest.
        parts: All other parts by name.
    """
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        **facts,
        "libraries": _versions(),
        "parts": {name: {"bytes": len(part), "sha256": _hash(part)} for name, part in parts.items()},
    }
    text = json.dumps(manifest, allow_nan=False, indent=1).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, part in {MANIFEST: text, **parts}.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), part)
        archive.comment = bytes(_SEAL_BYTES)
    with buffer.getbuffer() as whole:
        whole[-_SEAL_BYTES:] = _SEAL + _hash(whole[:-_SEAL_BYTES]).encode()
    return buffer.getvalue()


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and the other parts, each as it was written.

    Raises:
        InvalidModelFileError: It is cut, altered, of a newer format, or something else.
    """
    body, seal = memoryview(data)[:-_SEAL_BYTES], data[-_SEAL_BYTES:]
    if seal != _SEAL + _hash(body).encode():
        raise invalid("its checksum does not match; it is cut, altered or something else")
    try:
        parts = _read_parts(data)
        manifest = read_json(parts.pop(MANIFEST))
        _check(manifest, parts)
    except InvalidModelFileError:
        raise
    except Exception as error:  # a hostile file can raise anything
        raise invalid(str(error) or type(error).__name__) from error
    return manifest, parts


def read_json(text: bytes) -> Any:
    """The value of a JSON text, if it is not deep: the standard library needs the stack for that.

    Raises:
        ValueError: It is deep, or not JSON.
    """
    marks = np.frombuffer(_STRING.sub(b"", text), np.uint8)
    steps = np.isin(marks, _OPENING).astype(np.int64) - np.isin(marks, _CLOSING)
    if len(steps) and np.cumsum(steps).max() > _MOST_DEPTH:
        raise ValueError("a part is nested too deeply")
    return json.loads(text)


def invalid(reason: str) -> InvalidModelFileError:
    """The error for a file that is none of ours."""
    return InvalidModelFileError(
        f"not a model file: {reason}", hint="Give a file written by TrainedModel.save, unchanged."
    )


def _read_parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries, directory = archive.infolist(), archive.start_dir
    parts = {}
    end = 0
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise ValueError(f"its part {entry.filename!r} is compressed")
        if entry.header_offset != end:
            raise ValueError("its parts overlap, or something is between them")
        name_length, more = _HEADER.unpack_from(data, end)
        start = end + _HEADER.size
        if data[start : start + name_length] != entry.filename.encode():
            raise ValueError(f"its part {entry.filename!r} has two names")
        start += name_length + more
        end = start + entry.file_size
        # The library would go over it in small pieces, and compute another checksum.
        parts[entry.filename] = data[start:end]
    if end != directory:
        raise ValueError("something is behind its parts")
    if len(parts) < len(entries):
        raise ValueError("a part is there twice")
    return parts


def _check(manifest: Any, parts: Mapping[str, bytes]) -> None:
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError("it is something else")
    if manifest["version"] != VERSION:
        raise InvalidModelFileError(
            f"the model file has format version {manifest['version']!r}, this release reads up to {VERSION}",
            hint="Use the release that wrote it, or a newer one.",
        )
    listed = manifest["parts"]
    if set(listed) != set(parts):
        raise ValueError("its parts are not those that it lists")
    for name, part in parts.items():
        if listed[name] != {"bytes": len(part), "sha256": _hash(part)}:
            raise ValueError(f"the checksum of its part {name!r} does not match")


def _hash(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
