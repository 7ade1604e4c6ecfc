"""The folder of a training: gone with it, and swept up after processes that were killed."""

from __future__ import annotations

import errno
import gc
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conftest import settings
from lex_learning import Pipeline
from lex_learning.core.dataset import load_dataset
from lex_learning.errors import TrainingFailedError
from lex_learning.training.session import session_folder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    import pandas as pd

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such locks")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_goes_whatever_happens(temporary: Path) -> None:
    with session_folder() as folder:
        assert folder.parent == temporary
        (folder / "file").write_text("x")
    assert not folder.exists()
    with pytest.raises(KeyboardInterrupt), session_folder() as folder:
        raise KeyboardInterrupt
    assert not folder.exists()


def test_others_cannot_look_into_it() -> None:
    with session_folder() as folder:
        assert folder.stat().st_mode & 0o077 == 0


def test_folders_of_others_are_left_alone(temporary: Path) -> None:
    stays = ["lex-learning-1-abc", "lex-learning-4000000-my-notes", "lex-learning-²-x", "other-1-abc"]
    for name in stays:
        (temporary / name).mkdir()
        (temporary / name / "thesis.txt").touch()
    with session_folder():
        assert all((temporary / name / "thesis.txt").exists() for name in stays)


def test_a_process_killed_in_a_training_is_swept_up(
    temporary: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    ended = run_python(
        "import os, signal\n"
        "from lex_learning.training.session import session_folder\n"
        "with session_folder() as folder:\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(list(temporary.glob("lex-learning-*"))) == 1
    with session_folder() as folder:
        assert list(temporary.glob("lex-learning-*")) == [folder]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux")
def test_nothing_of_it_stays_mapped(carseats: pd.DataFrame) -> None:
    def mapped() -> set[str]:
        gc.collect()
        lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
        return {line.split()[-2] for line in lines if "features.npy" in line}

    before = mapped()
    Pipeline(settings("regression", algorithm="ridge")).train(carseats)
    assert mapped() <= before
    assert load_dataset.cache_info().currsize == 0


def test_two_sessions_do_not_share(temporary: Path) -> None:
    with session_folder() as one, session_folder() as two:
        np.save(one / "x.npy", np.zeros(1))
        assert one != two
        assert not (two / "x.npy").exists()
        with session_folder():
            assert one.exists()
            assert two.exists()


@pytest.mark.parametrize("with_work_dir", [False, True])
def test_a_disk_that_fills_up_costs_fits_and_no_more(
    with_work_dir: bool, penguins: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # After some fits there is no room but what the training has kept back.
    written: list[Path] = []
    save, write_text = np.save, Path.write_text

    def save_or_fail(path: Any, array: Any) -> None:
        written.append(Path(path))
        if len(written) > 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(path, array)

    def write_or_fail(path: Path, *arguments: Any, **named: Any) -> int:
        if len(written) > 12 and list(path.parent.glob("reserve")):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_text(path, *arguments, **named)

    monkeypatch.setattr(np, "save", save_or_fail)
    monkeypatch.setattr(Path, "write_text", write_or_fail)
    monkeypatch.setattr("lex_learning.pipeline.training.is_full", lambda _: len(written) > 12)
    chosen = {"work_dir": str(tmp_path)} if with_work_dir else {}
    config = settings("classification", algorithm="decision_tree", n_trials=5, **chosen)
    result = Pipeline(config).train(penguins)
    assert result.metrics.accuracy > 0.8
    assert any("is full" in each for each in result.warnings)


def test_a_full_disk_at_the_start_says_so(penguins: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", fail)
    with pytest.raises(TrainingFailedError, match="No space left on device") as caught:
        Pipeline(settings("classification")).train(penguins)
    assert "TMPDIR" in str(caught.value.hint)
