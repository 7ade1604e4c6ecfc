"""Model files: whole or not at all, and nothing in a strange one runs."""

from __future__ import annotations

import errno
import hashlib
import os
import pickle
import random
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conftest import settings
from lex_learning import Pipeline, TrainedModel
from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.errors import InferenceError, InvalidModelFileError, LexLearningError, ModelNotFoundError
from lex_learning.inference import files
from lex_learning.models import available_algorithms, model_class

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lex_learning import TrainingResult


@pytest.fixture
def model(titanic_result: TrainingResult) -> TrainedModel:
    return titanic_result.model


@pytest.fixture(scope="module")
def data(titanic_result: TrainingResult) -> bytes:
    return titanic_result.model.to_bytes()


def sealed(content: object) -> bytes:
    """A file with a right checksum, as an attacker would write it."""
    body = pickle.dumps(content)
    return body + hashlib.sha256(body).digest()


def refused(data: bytes, words: str = "not a model file") -> str:
    with pytest.raises(InvalidModelFileError, match=words) as caught:
        TrainedModel.from_bytes(data)
    assert caught.value.hint
    return str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        TrainedModel.load(tmp_path / "nothing.pkl")
    assert caught.value.context["path"] == str(tmp_path / "nothing.pkl")


@pytest.mark.parametrize("kind", ["folder", "unreadable", "below a file", "nul", "loop", "too long"])
def test_what_cannot_be_read_is_a_typed_error(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    if kind == "folder":
        path.mkdir()
    elif kind == "unreadable":
        path.write_bytes(b"x")
        path.chmod(0)
        if os.access(path, os.R_OK):
            path.unlink()
            path.symlink_to("/proc/self/mem")  # the super-user reads everything else
    elif kind == "below a file":
        path.write_bytes(b"x")
        path = path / "model.pkl"
    elif kind == "nul":
        path = Path(str(path) + "\0")
    elif kind == "loop":
        path.symlink_to(path)
    else:
        path = tmp_path / ("x" * 5000)
    with pytest.raises(LexLearningError) as caught:
        TrainedModel.load(path)
    assert caught.value.code in {"model.invalid", "model.not_found"}
    assert "None" not in str(caught.value)


def test_an_empty_file_is_empty() -> None:
    assert "it is empty" in refused(b"")


def test_a_cut_file_is_refused_at_every_length(data: bytes) -> None:
    lengths = {1, 2, 31, 32, 33, len(data) - 33, len(data) - 32, len(data) - 1, *range(1, len(data), 97)}
    for length in lengths:
        refused(data[:length], "checksum does not match")


def test_a_file_with_more_at_its_end_is_refused(data: bytes) -> None:
    refused(data + b"\0", "checksum does not match")


def test_any_flipped_bit_is_noticed(data: bytes) -> None:
    # Also in the names, levels and metrics: a model that reads other columns is another model.
    source = random.Random(0)
    positions = {0, 1, len(data) - 1, *source.sample(range(len(data)), 300)}
    for position in positions:
        flipped = bytearray(data)
        flipped[position] ^= 1 << source.randrange(8)
        refused(bytes(flipped), "checksum does not match")


def test_random_bytes_are_refused() -> None:
    source = random.Random(0)
    for length in (1, 10, 40, 1000, 100_000):
        refused(source.randbytes(length))


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        "text",
        {"a": 1},
        None,
        {"format": "lex-learning"},
        {"format": files.FORMAT, "version": files.VERSION},
    ],
)
def test_a_sealed_pickle_of_something_else_is_refused(content: object) -> None:
    refused(sealed(content))


def test_a_plain_pickle_is_refused() -> None:
    refused(pickle.dumps({"model": 1}))


def test_a_newer_format_says_so() -> None:
    message = refused(sealed({"format": files.FORMAT, "version": 99}), "format version 99")
    assert "Use the release that wrote it" in message


class Attack:
    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


def attacks(canary: Path) -> dict[str, Any]:
    command = f"touch {canary}"
    return {
        "os.system": Attack(os.system, command),
        "popen": Attack(subprocess.Popen, ["touch", str(canary)]),
        "eval": Attack(eval, f"open({str(canary)!r}, 'w')"),
        "exec": Attack(exec, f"open({str(canary)!r}, 'w')"),
        "open": Attack(open, str(canary), "w"),
        "path": Attack(Path(canary).touch),
        "import": Attack(__import__, "antigravity"),
        "getattr": Attack(getattr, str, "format"),
        # By way of the libraries that are trusted.
        "memmap": Attack(np.memmap, str(canary), "uint8", "w+", 0, (1,)),
        "numpy.save": Attack(np.save, str(canary), np.zeros(1)),
        "own": Attack(files.write, str(canary), b"x"),
    }


@pytest.mark.parametrize("name", list(attacks(Path("x"))))
@pytest.mark.parametrize("place", ["whole", "facts", "payload"])
def test_a_hostile_pickle_does_not_run(name: str, place: str, tmp_path: Path, model: TrainedModel) -> None:
    canary = tmp_path / "canary"
    attack = attacks(canary)[name]
    facts = {
        "format": files.FORMAT,
        "version": files.VERSION,
        "info": model.get_info().to_dict(),
        "payload": pickle.dumps({"model": attack, "classes": ()}) if place == "payload" else b"",
    }
    content = {"whole": attack, "facts": facts | {"info": attack}, "payload": facts}[place]
    assert "which no model needs" in refused(sealed(content))
    assert not canary.exists()
    # Without the seal it is not even opened.
    refused(pickle.dumps(content), "checksum")
    assert not canary.exists()


@pytest.mark.parametrize(
    "name",
    [
        "lex_learning.training.session.Path",
        "lex_learning.training.executor.TaskRunner",
        "sklearn.datasets._covtype.TemporaryDirectory",
        "sklearn.ensemble._forest.threading",
        "numpy.memmap",
        "numpy.lib.npyio.DataSource",
        "lightgbm.basic.Path",
        "builtins.eval",
        "builtins.getattr",
        "lex_learning.models.base.Model.mro",
    ],
)
def test_no_name_beyond_what_models_need_is_looked_up(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    if name.endswith("mro"):
        module, attribute = "lex_learning.models.base", "Model.mro"
    text = (
        b"\x80\x04"
        + b"".join(b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, attribute))
        + b"\x93."
    )
    refused(text + hashlib.sha256(text).digest(), "which no model needs")


def quick_fit(key: str, classes: int) -> Any:
    random_source = np.random.default_rng(0)
    X = np.column_stack([random_source.normal(size=(120, 3)), random_source.integers(0, 3, 120)])
    y = (np.arange(120) % classes).astype(np.int32) if classes else X[:, 0] * 2
    kind = ProblemType.CLASSIFICATION if classes else ProblemType.REGRESSION
    problem = Problem(kind, 120, 4, classes, {3: 3})
    params = model_class(key).defaults(problem)
    params |= {name: 5 for name in ("rounds", "n_estimators") if name in params}
    fitted = model_class(key)(problem, params, seed=1, threads=1)
    fitted.fit(X, y)
    return fitted, X


CASES = [
    (key, classes)
    for classes in (0, 2, 3)
    for key in available_algorithms(ProblemType.CLASSIFICATION if classes else ProblemType.REGRESSION)
    if key != "neural_network"  # minutes, and an optional library
]


@pytest.mark.parametrize(("key", "classes"), CASES)
def test_every_algorithm_can_be_loaded_again(key: str, classes: int, model: TrainedModel) -> None:
    fitted, X = quick_fit(key, classes)
    _, loaded, _ = files.unpack(files.pack(model.get_info(), fitted, ()))
    assert np.array_equal(loaded.predict(X), fitted.predict(X))


# Writing.


def test_saving_replaces_the_old_file_and_leaves_nothing_else(model: TrainedModel, tmp_path: Path) -> None:
    path = tmp_path / "модель 🦄.pkl"
    path.write_bytes(b"old")
    model.save(path)
    model.save(str(path))
    assert list(tmp_path.iterdir()) == [path]
    assert TrainedModel.load(path).class_labels == ["died", "survived"]


def test_the_longest_name_is_fine(model: TrainedModel, tmp_path: Path) -> None:
    path = tmp_path / ("x" * 251 + ".pkl")
    model.save(path)
    assert TrainedModel.load(path).get_info() == model.get_info()


@pytest.mark.parametrize("place", ["missing/model.pkl", "file/model.pkl", "folder", "nul\0", "x" * 300])
def test_a_place_that_cannot_be_written_is_a_typed_error(
    model: TrainedModel, place: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InferenceError, match="the model cannot be written to") as caught:
        model.save(tmp_path / place)
    assert caught.value.context["path"] == str(tmp_path / place)
    assert "None" not in caught.value.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_full_disk_keeps_the_old_file(
    model: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "model.pkl"
    path.write_bytes(b"old")
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(InferenceError, match="No space left on device"):
        model.save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_training_gives_the_same_payload(penguins: pd.DataFrame) -> None:
    config = settings("classification", algorithm="decision_tree", optimize_hyperparams=False)
    one, two = (pickle.loads(Pipeline(config).train(penguins).model.to_bytes())["payload"] for _ in range(2))
    assert one == two
