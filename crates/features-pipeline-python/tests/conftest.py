"""What the tests share. `make test-features-wheel` runs them on the wheel."""

import os
from pathlib import Path

import polars as pl
import pytest

REPOSITORY = Path(__file__).parents[3]
RUST_TESTS = REPOSITORY / "crates/features-pipeline/tests/features"


@pytest.fixture(scope="session")
def titanic() -> pl.DataFrame:
    return pl.read_csv(REPOSITORY / "tests/data/titanic.csv")


@pytest.fixture(scope="session")
def every_kind() -> Path:
    """A YAML file with all kinds of features, for the Titanic's passengers."""
    return RUST_TESTS / "titanic.yaml"


@pytest.fixture(scope="session")
def command() -> str:
    """The binary `features-pipeline`, of the same sources."""
    return os.environ["FEATURES_PIPELINE"]
