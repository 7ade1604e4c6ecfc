"""Going on after a crash: what an earlier training has finished is not fitted again."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conftest import settings
from lex_learning import Pipeline
from lex_learning.errors import InvalidConfigError
from lex_learning.pipeline.preparation import prepare
from lex_learning.preprocessing.roles import take_apart
from lex_learning.training.journal import Journal

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from lex_learning.config import PipelineConfig

KILLED = """
import json, os, signal, sys
import pandas as pd
from lex_learning import Pipeline, PipelineConfig

if __name__ == "__main__":
    def kill(update):
        if update.message.startswith("logistic_regression: 3"):
            os.kill(os.getpid(), signal.SIGKILL)
    Pipeline(PipelineConfig.from_json(sys.argv[2]), kill).train(pd.read_csv(sys.argv[1]))
"""


def config_in(folder: Path) -> PipelineConfig:
    return settings(
        "classification", algorithm="logistic_regression", n_trials=6, n_jobs=1, work_dir=str(folder)
    )


def test_a_training_goes_on_where_a_killed_one_was(
    tmp_path: Path, titanic: pd.DataFrame, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    config = replace(config_in(tmp_path / "work"), n_trials=3)
    table = tmp_path / "titanic.csv"
    titanic.to_csv(table, index=False)
    ended = run_python(KILLED, str(table), json.dumps(config.to_dict()))
    assert ended.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "work").glob("*/journal.jsonl"))) == 1
    result = Pipeline(config).train(titanic)
    assert any("finished fits of an earlier training were taken over" in each for each in result.warnings)
    whole = Pipeline(replace(config, work_dir=None)).train(titanic)
    assert result.model_results[0].hyperparameters == whole.model_results[0].hyperparameters
    assert result.model_results[0].fold_scores == pytest.approx(whole.model_results[0].fold_scores)
    assert result.model.predict_batch(titanic).equals(whole.model.predict_batch(titanic))
    assert list((tmp_path / "work").iterdir()) == []


def test_another_table_or_setting_starts_anew(tmp_path: Path, titanic: pd.DataFrame) -> None:
    config = config_in(tmp_path)
    events: list[Any] = []

    def fail_late(update: Any) -> None:
        events.append(update)

    with pytest.raises(BaseException, match="cancelled"):
        Pipeline(config, fail_late).train(titanic, lambda: len(events) > 6)
    assert len(list(tmp_path.iterdir())) == 1
    for other in (titanic.head(900), titanic):
        values = {} if len(other) < len(titanic) else {"random_seed": 5}
        result = Pipeline(replace(config, **values)).train(other)
        assert not any("taken over" in each for each in result.warnings)


def test_a_folder_that_cannot_be_written_is_told_at_once(titanic: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidConfigError, match="work_dir") as caught:
        Pipeline(config_in(tmp_path / "file")).train(titanic)
    assert caught.value.hint


def test_two_trainings_do_not_share_a_folder(tmp_path: Path, carseats: pd.DataFrame) -> None:
    config = settings("regression", algorithm="ridge", n_jobs=1, work_dir=str(tmp_path))
    refused: list[str] = []

    def train_inside(update: Any) -> None:
        if update.current_model and not refused:
            with pytest.raises(InvalidConfigError) as caught:
                Pipeline(config).train(carseats)
            refused.append(caught.value.message)

    # Every second row: a target whose values do not lie side by side.
    assert Pipeline(config, train_inside).train(carseats).warnings == []
    assert "another training" in refused[0]
    assert Pipeline(config).train(carseats.iloc[::2]).warnings == []


def test_another_metric_of_the_same_name_is_another_training(tmp_path: Path, titanic: pd.DataFrame) -> None:
    def fingerprint(factor: int) -> str:
        namespace: dict[str, Any] = {}
        exec(f"def metric(truth, shares):\n    return {factor} * float(shares.mean())", namespace)
        config = replace(config_in(tmp_path), algorithm="decision_tree", metric=namespace["metric"])
        data, _ = prepare(take_apart(titanic, config), config)
        journal = Journal(config, data)
        journal.close()
        return journal.folder.name

    assert fingerprint(1) == fingerprint(1)
    assert fingerprint(1) != fingerprint(2)
