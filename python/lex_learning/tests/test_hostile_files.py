"""Forged model files: a typed error, and nothing in them runs."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import pickle
import random
import subprocess
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lex_learning import TrainedModel
from lex_learning.errors import InvalidModelFileError
from lex_learning.inference import archive, files
from lex_learning.models._tree_arrays import TreeArrays
from test_model_files import STORED, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from lex_learning import TrainingResult


@pytest.fixture(scope="module")
def data(titanic_result: TrainingResult) -> bytes:
    return titanic_result.model.to_bytes()


@pytest.fixture
def content(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    manifest, parts = archive.unpack(data)
    return copy.deepcopy(manifest), dict(parts)


def seal(zipped: bytes) -> bytes:
    """With a right checksum at its end, as an attacker would write it."""
    body = bytearray(zipped)
    body[-2:] = archive._SEAL_BYTES.to_bytes(2, "little")
    return bytes(body) + archive._SEAL + hashlib.sha256(body).hexdigest().encode()


def zipped(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED, manifest: Any = None) -> bytes:
    """A sealed archive of these entries; with a manifest, one that lists them."""
    if manifest is not None:
        listed = {
            name: {"bytes": len(part), "sha256": hashlib.sha256(part).hexdigest()} for name, part in entries
        }
        whole = {**manifest, "parts": listed} if isinstance(manifest, dict) else manifest
        entries = [("manifest.json", json.dumps(whole).encode()), *entries]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        for name, part in entries:
            target.writestr(name, part)
    return seal(buffer.getvalue())


def forged(manifest: Any, parts: dict[str, bytes]) -> bytes:
    return zipped(list(parts.items()), manifest=manifest)


def test_a_forgery_without_a_lie_is_a_model(content: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    # Else the tests below would be refused for the way in which they forge.
    assert TrainedModel.from_bytes(forged(*content)).target_column == "survived"


class Attack:
    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


def attacks(canary: Path) -> dict[str, Any]:
    return {
        "os.system": Attack(os.system, f"touch {canary}"),
        "popen": Attack(subprocess.Popen, ["touch", str(canary)]),
        "eval": Attack(eval, f"open({str(canary)!r}, 'w')"),
        "open": Attack(open, str(canary), "w"),
        "path": Attack(Path(canary).touch),
        "memmap": Attack(np.memmap, str(canary), "uint8", "w+", 0, (1,)),
        "own": Attack(files.write, str(canary), b"x"),
    }


@pytest.mark.parametrize("name", list(attacks(Path("x"))))
def test_a_hostile_pickle_does_not_run(name: str, data: bytes, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    attack = attacks(canary)[name]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for each in (attack, {"model": attack}, [data, attack]):
            hostile = pickle.dumps(each, protocol)
            refused(hostile)
            refused(files.pack_pickle(hostile))
            refused(files.pack_pickle(data)[:-1] + hostile)
            refused(seal(hostile + b"\0\0"))
    assert not canary.exists()


def test_a_pickle_with_other_opcodes_is_refused(data: bytes) -> None:
    whole = files.pack_pickle(data)
    start = len(whole) - len(data)
    for position in [*range(start), len(whole) - 1, len(whole) - 2, len(whole) - 3]:
        for bit in (1, 128):
            flipped = bytearray(whole)
            flipped[position] ^= bit
            refused(bytes(flipped))
    refused(files.pack_pickle(whole))
    refused(whole + whole)
    refused(whole + b".")


@pytest.mark.parametrize("value", [[1, 2], "text", 1, None, {}, {"format": "lex-learning model"}])
def test_a_sealed_archive_of_something_else_is_refused(value: Any, data: bytes) -> None:
    refused(zipped([("manifest.json", json.dumps(value).encode())]))
    refused(forged(value, archive.unpack(data)[1]))


def test_a_newer_format_says_so(content: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    manifest, parts = content
    message = refused(forged(manifest | {"version": 99}, parts), "format version 99")
    assert "or a newer one" in message


@pytest.mark.parametrize(
    "name", ["../../canary", "/tmp/canary", "parts/../../canary", "C:\\canary", "a\0b", "model.json/"]
)
def test_a_part_of_a_strange_name_is_written_nowhere(
    name: str,
    content: tuple[dict[str, Any], dict[str, bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    manifest, parts = content
    refused(zipped([*parts.items(), (name, b"x")]))
    # What is listed and used by no one is not looked at; what is unlisted is refused.
    entries = [("manifest.json", json.dumps(manifest).encode()), *parts.items(), (name, b"x")]
    refused(zipped(entries), "not those that it lists|not a model file")
    assert not list(tmp_path.iterdir())


def test_bombs_and_lies_about_sizes_are_refused(content: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    manifest, parts = content
    entries = list(parts.items())
    refused(zipped([*entries, ("bomb", bytes(50_000_000))], zipfile.ZIP_DEFLATED, manifest), "is compressed")
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zipped([*entries, entries[0]], manifest=manifest)
    refused(twice, "twice")
    lie = bytearray(zipped(entries, manifest=manifest)[: -archive._SEAL_BYTES])
    place = lie.rindex(b"PK\x01\x02")
    for size in (0, 2**31, 2**32 - 1):
        lie[place + 20 : place + 28] = size.to_bytes(4, "little") * 2
        refused(seal(bytes(lie)))


@pytest.mark.parametrize(
    "tree",
    [
        {"$object": "Popen", "state": {"args": "true"}},
        {"$object": "Ensemble", "state": {}},
        {"$object": "Problem", "state": {}},
        {"$algorithm": "os", "state": {}},
        {"$algorithm": "lightgbm", "state": {"_booster": {"$booster": "subprocess", "file": "x"}}},
        {"$call": "os.system", "state": {}},
        {"$file": "/etc/passwd"},
        {"$file": "manifest.json"},
        {"$array": "|O", "shape": [1], "order": "C", "at": 0},
        {"$array": "<f8", "shape": [10**12], "order": "C", "at": 0},
        {"$array": "<f8", "shape": [2**62, 2**62], "order": "C", "at": 0},
        {"$array": "<f8", "shape": [-1], "order": "C", "at": 0},
        {"$array": "<f8", "shape": [0, 10**30], "order": "C", "at": 0},
        {"$array": "<f8", "shape": [1], "order": "C", "at": -8},
        {"$number": "1e400"},
        {"$map": [[[1], 2]]},
        [1, 2, 3],
        None,
    ],
    ids=str,
)
def test_a_strange_state_is_refused(tree: Any, content: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    manifest, parts = content
    refused(forged(manifest, parts | {archive.TREE: json.dumps(tree).encode()}))


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b'{"a":' * 100_000, b"", b"nan", b"1" * 10_000, b"\xff\xfe"]
)
def test_strange_json_is_refused(text: bytes, content: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    manifest, parts = content
    refused(forged(manifest, parts | {archive.TREE: text}))
    refused(zipped([("manifest.json", text), *parts.items()]))


def test_members_of_another_table_are_refused() -> None:
    # Native code goes by a member's own word for the number of its columns.
    manifest, parts = archive.unpack((STORED / "v1-titanic.lex").read_bytes())
    whole = json.loads(parts[archive.TREE])
    for member in whole["model"]["state"]["members"]["$tuple"]:
        problem = member["state"]["models"]["$tuple"][0]["state"]["problem"]["state"]
        before = problem["column_count"]
        problem["column_count"] = 2_000_000_000
        text = json.dumps(whole).encode()
        refused(forged(manifest, parts | {archive.TREE: text}), "another table|columns|trees")
        problem["column_count"] = before


def test_deep_json_needs_no_stack(content: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    manifest, parts = content
    deep = forged(manifest, parts | {archive.TREE: b'{"a":' * 100_000})
    found: list[str] = []
    size = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=lambda: found.append(refused(deep, "deeply")))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert found


def test_a_part_is_used_once(content: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    manifest, parts = content
    refused(forged(manifest, parts | {"parts/9-lightgbm.txt": b"x"}), "nothing uses")


def test_the_onnx_document_is_not_looked_at(content: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    # It is for other programs; this one has a model of its own in the file.
    manifest, parts = content
    model = TrainedModel.from_bytes(forged(manifest, parts | {archive.ONNX: b"junk"}))
    assert archive.unpack(model.to_bytes())[1][archive.ONNX] == b"junk"
    text = json.dumps(manifest).encode()
    refused(zipped([("manifest.json", text), *(parts | {archive.ONNX: b"junk"}).items()]), "'model.onnx'")


def test_a_part_has_one_name(data: bytes) -> None:
    # Other programs go by the one before its content.
    body = bytearray(data[: -archive._SEAL_BYTES])
    place = body.index(b"PK\x03\x04", 1) + 30
    assert body[place : place + 10] == b"model.onnx"
    body[place] = ord("n")
    refused(seal(bytes(body)), "two names")


def test_facts_of_a_strange_shape_are_refused(content: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    manifest, parts = content
    for schema in ([{}] * 5, [None] * 5, 5, "x"):
        manifest["info"]["schema"] = schema
        refused(forged(manifest, parts))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("problem_type",), "clation"),
        (("training_rows",), {}),
        (("training_rows",), -1),
        (("training_rows",), 2**64),
        (("best_model_name",), [1, 2]),
        (("feature_names", 0), 1e308),
        (("feature_importance", 0, 1), None),
        (("metrics", "log_loss"), "x"),
        (("metrics", "accuracy"), True),
        (("metrics", "confusion_matrix"), [["a"]]),
        (("metrics", "per_class", 0, "support"), 0.5),
        (("schema", 0, "missing"), "none"),
        (("schema", 0, "levels"), [1]),
        (("created",), 2**31),
        (("more",), 1),
    ],
)
def test_facts_of_another_type_are_refused(
    path: tuple[Any, ...], value: Any, content: tuple[dict[str, Any], dict[str, bytes]]
) -> None:
    manifest, parts = content
    manifest = json.loads(json.dumps(manifest))
    place = manifest["info"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InvalidModelFileError):
        TrainedModel.from_bytes(forged(manifest, parts))


@pytest.mark.parametrize("kind", ["float children", "endless", "two parents", "deep", "float features"])
def test_trees_that_are_none_are_refused(kind: str) -> None:
    count = 4_001
    own = np.arange(count, dtype=np.int32)
    children = np.array([own, own], dtype=np.int32)
    features: Any = np.zeros(count, dtype=np.int32)
    children[:, 0] = 1, 2
    if kind == "float children":
        children = children + 0.5
    elif kind == "endless":
        children[:, 1] = 0, 2
    elif kind == "two parents":
        children[:, 1] = children[:, 2] = 3, 4
    elif kind == "deep":
        children[:, :-2:2] = own[1:-1:2], own[2::2]
    else:
        features = features.astype(float)
    trees = TreeArrays(
        starts=np.zeros(1, dtype=np.int32),
        features=features,
        thresholds=np.zeros(count),
        children=children,
        missing_left=np.zeros(count, dtype=bool),
        values=np.zeros((count, 1)),
        row_counts=np.ones(count),
        sets=np.full(count, -1, dtype=np.int32),
        levels=np.zeros((0, 0), dtype=bool),
    )
    with pytest.raises(ValueError, match="trees"):
        trees.check(1, 1)


def test_a_model_of_another_table_is_refused(content: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    manifest, parts = content
    manifest["info"]["schema"].pop()
    refused(forged(manifest, parts), "another table")


def test_mutations_with_a_right_checksum_do_no_harm(
    content: tuple[dict[str, Any], dict[str, bytes]],
) -> None:
    # A forger can say anything that a model may be; what it says is wrong then, and no more.
    manifest, parts = content
    source = random.Random(0)
    names = [name for name in parts if name != archive.ONNX]
    for _ in range(300):
        name = source.choice(names)
        changed = bytearray(parts[name])
        for _ in range(source.choice((1, 1, 5, 50))):
            changed[source.randrange(len(changed))] = source.randrange(256)
        try:
            model = TrainedModel.from_bytes(forged(manifest, parts | {name: bytes(changed)}))
        except InvalidModelFileError:
            continue
        try:
            model.predict({"pclass": "1st", "sex": "female", "age": 20.0, "sibsp": 0, "parch": 0})
        except Exception:  # noqa: BLE001 - any, but the process goes on
            continue
