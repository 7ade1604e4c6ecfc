"""What a Rust host calls first: workers run the bundled interpreter whatever the environment says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import PACKAGE_FOLDER
from lex_learning._bootstrap import worker_environment

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    type Run = Callable[..., subprocess.CompletedProcess[str]]

TESTS = str(Path(__file__).parent)


def test_outside_a_host_workers_inherit_the_environment_as_it_is() -> None:
    assert worker_environment() == {}


def test_nothing_happens_at_import(run_python: Run) -> None:
    ended = run_python(
        "import os, sys, signal\n"
        "before = sys.executable, dict(os.environ), signal.getsignal(signal.SIGINT)\n"
        "import lex_learning._bootstrap\n"
        "print(before == (sys.executable, dict(os.environ), signal.getsignal(signal.SIGINT)),"
        " 'multiprocessing' in sys.modules)\n"
    )
    assert ended.stdout == "True False\n"


HOST = """
import os, sys
real = sys.executable
# As in a host: the executable is not Python, and the host's own path does not reach the workers.
sys.path[:0] = [sys.argv[1], sys.argv[2]]
sys.executable = sys._base_executable = "/bin/false"
os.environ |= {
    "PYTHONHOME": "/bad",
    "PYTHONPATH": os.path.abspath("bad"),
    "PYTHONSTARTUP": "/bad",
    "PYTHONSAFEPATH": "",
    "PYTHONWARNINGS": "error",
    "PYTHONINSPECT": "1",
    "PYTHONVERBOSE": "2",
    "PYTHONUSERBASE": "/bad",
    "PYTHONIOENCODING": "ascii",
    "__PYVENV_LAUNCHER__": "/bad",
}
from lex_learning._bootstrap import bootstrap, worker_environment

if __name__ == "__main__":
    bootstrap(real, sys.argv[1])
    assert sys.executable == sys._base_executable == real
    import worker_tasks as work
    from lex_learning.training.executor import TaskRunner
    with TaskRunner(2, lambda: None) as runner:
        print(runner.run([(work.double, (value,)) for value in range(4)]))
        print(runner.run([(work.environment_of_worker, ())]))
"""


def test_workers_start_in_a_hostile_environment(run_python: Run, tmp_path: Path) -> None:
    for folder in (tmp_path / "bad", tmp_path):
        folder.mkdir(exist_ok=True)
        for name in ("joblib.py", "numpy.py", "sitecustomize.py", "usercustomize.py"):
            (folder / name).write_text("raise SystemExit('the wrong file')\n")
    ended = run_python(HOST, str(PACKAGE_FOLDER), TESTS, flags=["-I"])
    assert ended.stderr == ""
    lines = ended.stdout.splitlines()
    assert lines[0] == "[0, 2, 4, 6]"
    assert f"'executable': {sys.executable!r}" in lines[1]
    assert "'safe_path': True" in lines[1]
    assert "'no_user_site': 1" in lines[1]
    assert "'utf8_mode': 1" in lines[1]
    assert "'dont_write_bytecode': True" in lines[1]


def test_missing_standard_streams_are_replaced(run_python: Run) -> None:
    ended = run_python(
        "import sys\n"
        "from lex_learning._bootstrap import bootstrap\n"
        "out = sys.stdout\n"
        "sys.stdout = sys.stderr = None\n"
        "bootstrap(sys.executable)\n"
        "print('nowhere'); sys.stderr.write('nowhere')\n"
        "out.write('done')\n"
    )
    assert (ended.stdout, ended.stderr) == ("done", "")


def test_the_host_keeps_ctrl_c(run_python: Run) -> None:
    text = (
        "import signal, sys\n"
        "from lex_learning._bootstrap import bootstrap\n"
        "{before}\n"
        "bootstrap(sys.executable)\n"
        "print(signal.getsignal(signal.SIGINT) is {after})\n"
    )
    assert run_python(text.format(before="", after="signal.SIG_DFL")).stdout == "True\n"
    kept = text.format(before="signal.signal(signal.SIGINT, handler := lambda *_: None)", after="handler")
    assert run_python(kept).stdout == "True\n"


def test_workers_are_spawned_never_forked(run_python: Run) -> None:
    ended = run_python(
        "import multiprocessing, os, sys\n"
        "from lex_learning._bootstrap import bootstrap\n"
        "bootstrap(sys.executable)\n"
        "from multiprocessing.spawn import get_executable\n"
        "print(multiprocessing.get_start_method(), os.fsdecode(get_executable()) == sys.executable)\n"
    )
    assert ended.stdout == "spawn True\n"


def test_another_version_of_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from lex_learning._bootstrap import bootstrap

    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    with pytest.raises(RuntimeError, match=r"needs 3\.12"):
        bootstrap(sys.executable)


def test_a_relative_variable_of_the_package_folder_reaches_the_workers(run_python: Run) -> None:
    ended = run_python(
        "import sys, pathlib\n"
        "from lex_learning._bootstrap import bootstrap, worker_environment\n"
        "bootstrap(pathlib.Path(sys.executable), pathlib.Path('/some/folder'))\n"
        "found = worker_environment()\n"
        "print(found['PYTHONPATH'], found['PYTHONHOME'] == '', found['PYTHONTRACEMALLOC'] == '')\n",
        PYTHONTRACEMALLOC="0",
    )
    assert ended.stdout == "/some/folder True True\n"
