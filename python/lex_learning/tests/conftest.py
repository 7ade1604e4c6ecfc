"""Tables and models that several files share; each model is trained once a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import psutil
import pytest

from lex_learning import Pipeline, PipelineConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lex_learning import TrainingResult

REPOSITORY = Path(__file__).parents[3]
PACKAGE_FOLDER = Path(__file__).parents[1] / "src"


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(REPOSITORY / "tests" / "data" / f"{name}.csv")


def settings(problem_type: str, **values: Any) -> PipelineConfig:
    """A configuration for a quick training in this process."""
    quick = {"cv_folds": 3, "n_trials": 1, "n_jobs": 1, "enable_explainability": False}
    return PipelineConfig(problem_type, **(quick | values))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def titanic() -> pd.DataFrame:
    """1,309 rows; the last column is the target, `died` or `survived`."""
    return read("titanic")


@pytest.fixture(scope="session")
def penguins() -> pd.DataFrame:
    """344 rows; the last column is the target, three species."""
    return read("penguins")


@pytest.fixture(scope="session")
def carseats() -> pd.DataFrame:
    """400 rows; the last column is the target, sales in thousands."""
    return read("carseats")


@pytest.fixture(scope="session")
def titanic_result(titanic: pd.DataFrame) -> TrainingResult:
    config = settings("classification", algorithm="logistic_regression", n_trials=3)
    return Pipeline(config).train(titanic)


@pytest.fixture(scope="session")
def penguins_result(penguins: pd.DataFrame) -> TrainingResult:
    return Pipeline(settings("classification", algorithm="lightgbm")).train(penguins)


@pytest.fixture(scope="session")
def carseats_result(carseats: pd.DataFrame) -> TrainingResult:
    return Pipeline(settings("regression", algorithm="ridge")).train(carseats)


@pytest.fixture
def no_children() -> Any:
    """That the test leaves no process behind."""
    yield
    left = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    assert left == []


@pytest.fixture
def run_python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script in a fresh interpreter that finds the package; returns what it printed."""

    def run(
        text: str, *arguments: str, flags: Sequence[str] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "script.py"
        script.write_text(text, encoding="utf-8")
        variables = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(tmp_path)}
        variables["PYTHONPATH"] = str(PACKAGE_FOLDER)
        return subprocess.run(
            [sys.executable, *flags, str(script), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=variables | environment,
            cwd=tmp_path,
        )

    return run
