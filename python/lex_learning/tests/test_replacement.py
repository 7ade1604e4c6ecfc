"""Saving beside others, and after those that were killed: what they have left is swept up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conftest import PACKAGE_FOLDER
from lex_learning import TrainedModel
from lex_learning.core.lock import lock
from lex_learning.inference import replacement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lex_learning import TrainingResult

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such locks")

SLOW_SAVE = """
import os, sys
from lex_learning import TrainedModel

def wait(handle):
    print("written", flush=True)
    sys.stdin.readline()

model = TrainedModel.load(sys.argv[1])
os.fsync = wait
model.save(sys.argv[2], onnx=False)
print("saved", flush=True)
"""


@pytest.fixture
def model(titanic_result: TrainingResult) -> TrainedModel:
    return titanic_result.model


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder / "модель [1].lex"


@pytest.fixture
def saving(model: TrainedModel, target: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that saves to the target, and has written all but not yet put it in its place."""
    source = tmp_path / "source.lex"
    model.save(source, onnx=False)
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_SAVE, str(source), str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE_FOLDER), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        yield process
        process.kill()


def left_beside(target: Path) -> list[Path]:
    return [path for path in target.parent.iterdir() if path != target]


def test_a_killed_save_is_swept_up_by_the_next_one(
    model: TrainedModel, target: Path, saving: subprocess.Popen[str]
) -> None:
    saving.kill()
    saving.wait()
    assert len(left_beside(target)) == 1
    assert not target.exists()
    model.save(target, onnx=False)
    assert left_beside(target) == []
    assert TrainedModel.load(target).get_info() == model.get_info()


def test_a_save_under_way_is_left_alone(
    model: TrainedModel, target: Path, saving: subprocess.Popen[str]
) -> None:
    under_way = left_beside(target)
    assert len(under_way) == 1
    model.save(target, onnx=False)
    before = target.stat().st_ino
    assert left_beside(target) == under_way
    out, _ = saving.communicate("\n", timeout=30)
    assert out.splitlines()[-1] == "saved"
    assert saving.returncode == 0
    assert left_beside(target) == []
    assert target.stat().st_ino != before
    assert TrainedModel.load(target).get_info() == model.get_info()


def test_a_file_that_is_swept_up_before_it_is_locked_is_made_again(
    model: TrainedModel, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[str] = []

    def lock_late(file: Any, *, wait: bool = False) -> bool:
        if wait and not swept:
            swept.append(file.name)
            Path(file.name).unlink()
        return lock(file, wait=wait)

    monkeypatch.setattr(replacement, "lock", lock_late)
    model.save(target, onnx=False)
    assert swept
    assert left_beside(target) == []
    assert TrainedModel.load(target).get_info() == model.get_info()


def test_what_others_have_left_stays(model: TrainedModel, target: Path) -> None:
    folder, ours = target.parent, f".{target.name}.lex-learning-"
    stays = [
        folder / f".other{ours}{'0' * 16}",
        folder / ".модель 1.lex.lex-learning-0123456789abcdef",
        folder / f"{ours}notes",
        folder / f"{ours}{'0' * 16}.txt",
        folder / f"{ours}{'g' * 16}",
    ]
    for path in stays:
        path.touch()
    (folder / f"{ours}{'1' * 16}").mkdir()
    (folder / f"{ours}{'2' * 16}").symlink_to(stays[0])
    model.save(target, onnx=False)
    assert set(stays) < set(left_beside(target))
    assert len(left_beside(target)) == 7
