"""Finished fits of a training that may be killed, for the next one to go on from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.dataset import load_dataset
from lex_learning.core.lock import lock
from lex_learning.errors import InvalidConfigError
from lex_learning.training.session import keep_room
from lex_learning.training.tasks import FoldScore, fit_fold, is_fitted

if TYPE_CHECKING:
    from lex_learning.config import PipelineConfig
    from lex_learning.core.dataset import Dataset
    from lex_learning.training.tasks import Candidate

_FILE = "journal.jsonl"
_WITHOUT_EFFECT = ("n_jobs", "engine", "work_dir", "enable_explainability", "shap_max_samples")
"""Settings that change no fit: they may differ when a training goes on."""


class Journal:
    """The folder of one table and configuration in a work folder, and a line there for each finished fit.

    Args:
        config: With a `work_dir`.
        data: The table.

    Raises:
        InvalidConfigError: The work folder cannot be written.
    """

    def __init__(self, config: PipelineConfig, data: Dataset) -> None:
        self.folder = Path(str(config.work_dir)) / f"lex-learning-{_fingerprint(config, data)[:16]}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._marker = (self.folder / "marker").open("a")
            is_ours = os.name == "nt" or lock(self._marker)  # there are no such locks on Windows
            if is_ours:
                data.save(self.folder)
                keep_room(self.folder)
                with (self.folder / _FILE).open("a", encoding="utf-8") as file:
                    file.write("\n")  # after a line that a kill has cut
        except (OSError, ValueError) as error:
            raise InvalidConfigError(
                f"work_dir {str(config.work_dir)!r} cannot be written: {error}",
                hint="Choose a folder that is writable and has room, or leave it out.",
                field="work_dir",
            ) from error
        if not is_ours:
            self.close()
            raise InvalidConfigError(
                f"another training of this table and these settings works in {str(self.folder)!r}",
                hint="Wait for it, or choose another work_dir.",
                field="work_dir",
            )
        self._scores = dict(_read(self.folder / _FILE))

    @property
    def finished(self) -> int:
        """Fits that an earlier training has finished."""
        return len(self._scores)

    def find(self, task: Any) -> FoldScore | None:
        """The outcome of a fit that an earlier training has finished."""
        function, arguments = task
        if function is not fit_fold:
            return None
        candidate, fold = arguments[1], arguments[2]
        score = self._scores.get((candidate.key, fold))
        return score if score is not None and is_fitted(self.folder, candidate, fold) else None

    def note(self, task: Any, outcome: Any) -> None:
        """Remember the outcome of a fit. A disk that is full costs the line, not the training."""
        if task[0] is not fit_fold or not isinstance(outcome, FoldScore):
            return
        candidate: Candidate = task[1][1]
        line = {"key": candidate.key, "fold": task[1][2], "score": dataclasses.asdict(outcome)}
        with suppress(OSError), (self.folder / _FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        """Let another training use the folder."""
        self._marker.close()

    def remove(self) -> None:
        """Remove the folder, when the training is complete."""
        self.close()
        load_dataset.cache_clear()
        shutil.rmtree(self.folder, ignore_errors=True)


def _fingerprint(config: PipelineConfig, data: Dataset) -> str:
    from lex_learning import __version__

    settings = {key: value for key, value in config.to_dict().items() if key not in _WITHOUT_EFFECT}
    digest = hashlib.sha256(json.dumps([__version__, settings, data.schema.to_dict()]).encode())
    if callable(config.metric):
        digest.update(_function_facts(config.metric))
    for array in (data.features.T, data.outcome, data.splits, data.weights, data.groups):
        if array is not None:
            digest.update(memoryview(np.ascontiguousarray(array)).cast("B"))
    return digest.hexdigest()


def _read(path: Path) -> list[tuple[tuple[str, int], FoldScore]]:
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError, KeyError, TypeError):  # the last line may have been cut by a kill
            entry = json.loads(line)
            entries.append(((entry["key"], entry["fold"]), FoldScore(**entry["score"])))
    return entries


def _function_facts(function: Any) -> bytes:
    """What a function does, wherever it stands: its code, constants and names."""
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    if code is None:
        return repr(type(function)).encode()
    constants = [repr(each) for each in code.co_consts if not hasattr(each, "co_code")]
    defaults = repr(getattr(function, "__defaults__", None))
    direction = bool(getattr(function, "greater_is_better", False))
    instructions: bytes = code.co_code
    return instructions + repr([constants, code.co_names, defaults, direction]).encode()
