"""What is written about the package holds."""

import doctest
import inspect
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import features_pipeline
from features_pipeline import FittedFeatures, PipelineSteps, errors

CRATE = Path(__file__).parents[1]


def documented() -> dict[str, str]:
    found = {"features_pipeline": inspect.getdoc(features_pipeline)}
    for owner in [FittedFeatures, PipelineSteps, errors.FeaturesError, errors.Location]:
        found[owner.__name__] = inspect.getdoc(owner)
        members = {name: member for name, member in vars(owner).items() if not name.startswith("_")}
        found |= {f"{owner.__name__}.{name}": inspect.getdoc(member) for name, member in members.items()}
    return {name: text or "" for name, text in found.items()}


@pytest.mark.parametrize("name", documented())
def test_everything_public_is_documented_and_its_examples_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = documented()[name]
    assert text, name
    monkeypatch.chdir(tmp_path)
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert doctest.DocTestRunner().run(example).failed == 0


def test_the_first_run_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (CRATE / "README.md").read_text()
    blocks = re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL)
    Path("features.yaml").write_text(next(text for kind, text in blocks if kind == "yaml"))
    session = "".join(text for kind, text in blocks if kind == "python")
    example = doctest.DocTestParser().get_doctest(session, {}, "README.md", None, None)
    assert len(example.examples) > 5
    assert doctest.DocTestRunner().run(example).failed == 0


def test_the_stubs_say_what_there_is() -> None:
    command = [sys.executable, "-P", "-m", "mypy.stubtest", "features_pipeline"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_version_is_that_of_the_crate() -> None:
    manifest = (CRATE / "Cargo.toml").read_text()
    assert f'\nversion = "{version("features-pipeline")}"\n' in manifest
