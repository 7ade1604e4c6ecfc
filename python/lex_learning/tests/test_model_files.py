"""Model files: whole or not at all. What strangers make of them is in test_hostile_files."""

from __future__ import annotations

import copy
import errno
import hashlib
import io
import json
import os
import pickle
import random
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conftest import settings
from lex_learning import Pipeline, TrainedModel
from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.errors import InferenceError, InvalidModelFileError, LexLearningError, ModelNotFoundError
from lex_learning.inference import archive
from lex_learning.inference.state import from_state, to_state
from lex_learning.models import available_algorithms, model_class

if TYPE_CHECKING:
    import pandas as pd

    from lex_learning import TrainingResult


STORED = Path(__file__).parent / "data" / "models"
"""A file of each format version, with rows and what the release that wrote it predicted for them."""


@pytest.fixture
def model(titanic_result: TrainingResult) -> TrainedModel:
    return titanic_result.model


@pytest.fixture(scope="module")
def data(titanic_result: TrainingResult) -> bytes:
    return titanic_result.model.to_bytes()


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
    for length in sorted(lengths):
        refused(data[:length])


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
def test_every_algorithm_can_be_loaded_again(key: str, classes: int) -> None:
    fitted, X = quick_fit(key, classes)
    state = to_state(fitted)
    loaded = from_state(json.loads(json.dumps(state.tree, allow_nan=False)), state.arrays, state.files, 4)
    loaded.use_threads(1)
    assert np.array_equal(loaded.predict(X), fitted.predict(X))


def test_a_target_of_any_size_can_be_loaded_again(carseats: pd.DataFrame) -> None:
    # LightGBM's gains are infinite then.
    large = carseats.assign(Sales=carseats["Sales"] * 1e20)
    config = settings("regression", algorithm="lightgbm", optimize_hyperparams=False)
    model = Pipeline(config).train(large).model
    loaded = TrainedModel.from_bytes(model.to_bytes())
    assert loaded.predict_batch(large).equals(model.predict_batch(large))


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
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InferenceError, match="No space left on device"):
        model.save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_training_gives_the_same_parts(penguins: pd.DataFrame) -> None:
    config = settings("classification", algorithm="decision_tree", optimize_hyperparams=False)
    one, two = (
        archive.unpack(Pipeline(config).train(penguins).model.to_bytes(onnx=False))[1] for _ in range(2)
    )
    assert one == two


def test_large_parts_can_be_loaded_again(
    model: TrainedModel, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # From 2 GB on, zip gives the size of a part in another place.
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    large = model.to_bytes()
    assert len(large) > len(data)
    assert TrainedModel.from_bytes(large).get_info() == model.get_info()


def test_a_file_tells_what_it_holds_to_any_unpacker(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        manifest = json.loads(parts.read("manifest.json"))
        assert manifest["format"] == "lex-learning model"
        assert manifest["info"]["target_column"] == "survived"
        assert manifest["libraries"]["scikit-learn"]
        for name, facts in manifest["parts"].items():
            assert hashlib.sha256(parts.read(name)).hexdigest() == facts["sha256"]


def test_a_pickle_is_for_other_programs(model: TrainedModel, titanic: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "model.PKL"
    model.save(path)
    elsewhere = pickle.loads(path.read_bytes())
    expected = model.predict_batch(titanic)
    assert elsewhere.predict_batch(titanic).equals(expected)
    assert TrainedModel.load(path).predict_batch(titanic).equals(expected)
    assert copy.deepcopy(model).predict_batch(titanic).equals(expected)


@pytest.mark.parametrize("path", sorted(STORED.glob("*.lex")), ids=lambda path: path.stem)
def test_models_of_every_released_format_load(path: Path) -> None:
    # Never remove one: files that people keep are like these.
    model = TrainedModel.load(path)
    cases = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert len(cases) >= 3
    for case in cases:
        found = model.predict(case["row"])
        assert (found.label, found.warnings) == (case["label"], case["warnings"])
        if found.value is not None:
            assert found.value == pytest.approx(case["value"], rel=1e-6)
        assert found.probabilities == pytest.approx(case["probabilities"], abs=1e-6)
