"""The executor: results in order, dead workers cost one task, nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from multiprocessing import shared_memory
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

import worker_tasks as work
from lex_learning.core.machine import core_count
from lex_learning.errors import Cancelled
from lex_learning.training.executor import Failure, TaskRunner

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("no_children")

TESTS = str(Path(__file__).parent)
SLEEP_SECONDS = 60
"""What ends sooner was ended."""


def run(tasks: list[Any], workers: int = 2) -> list[Any]:
    with TaskRunner(workers, lambda: None) as runner:
        return runner.run(tasks)


def doubles(count: int) -> list[Any]:
    return [(work.double, (value,)) for value in range(count)]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_results_come_in_order_and_exceptions_as_failures(workers: int) -> None:
    tasks = [(work.double, (1, 0.3)), (work.fail, ("no",)), (work.double, (3,)), (work.double, (4,))]
    assert run(tasks, workers) == [2, Failure("ValueError: no"), 6, 8]


def test_inline_tasks_run_in_this_process_and_others_do_not() -> None:
    assert run([(work.process_id, ())], 0) == [os.getpid()]
    assert run([(work.process_id, ())], 1) != [os.getpid()]


def test_results_come_as_they_end_and_say_which_they_are() -> None:
    with TaskRunner(2, lambda: None) as runner:
        runner.run(doubles(4))
        ended = list(
            runner.run_unordered([(work.double, (1, 0.8)), (work.double, (2,)), (work.double, (3,))])
        )
    assert sorted(ended) == [(0, 2), (1, 4), (2, 6)]
    assert ended[-1] == (0, 2)


def test_the_pool_is_kept_between_batches() -> None:
    with TaskRunner(1, lambda: None) as runner:
        assert runner.run([(work.process_id, ())]) == runner.run([(work.process_id, ())])


def test_no_tasks_no_workers() -> None:
    assert run([]) == []


@pytest.mark.parametrize("killer", [work.kill_itself, work.leave])
def test_a_worker_that_dies_costs_its_own_task_alone(killer: Callable[[], None]) -> None:
    with TaskRunner(2, lambda: None) as runner:
        results = runner.run([*doubles(3), (killer, ()), *doubles(3)])
        assert results[:3] == results[4:] == [0, 2, 4]
        assert isinstance(results[3], Failure)
        assert "died" in results[3].reason
        assert runner.run(doubles(3)) == [0, 2, 4]


def test_two_workers_that_die_cost_two_tasks() -> None:
    results = run([(work.kill_itself, ()), *doubles(2), (work.leave, ())])
    assert [isinstance(each, Failure) for each in results] == [True, False, False, True]
    assert results[1:3] == [0, 2]


def test_the_innocent_share_a_new_worker_after_a_death() -> None:
    # A worker costs a second and more; one for each task that waited would take minutes.
    results = run([(work.leave, ()), *[(work.process_id, (0.1,))] * 20])
    assert isinstance(results[0], Failure)
    assert len(set(results[1:])) <= 3


def test_a_task_that_finds_no_memory_fails_with_the_reason() -> None:
    resource = pytest.importorskip("resource")
    assert resource
    result = run([(work.take_memory, (2**33,)), *doubles(2)], 1)
    assert result[0] == Failure("MemoryError: ")
    assert result[1:] == [0, 2]


def test_an_exception_that_cannot_travel_is_still_told() -> None:
    assert run([(work.fail_unpicklably, ()), *doubles(2)]) == [Failure("NeedsTwoError: 1 and 2"), 0, 2]


def test_a_typed_error_travels() -> None:
    assert run([(work.fail_with_a_typed_error, ())]) == [Failure("ExplainabilityError: no plots. Try again.")]


def test_an_argument_that_cannot_travel_costs_its_own_task_alone() -> None:
    results = run([(work.double, (threading.Lock(),)), *doubles(2)])
    assert isinstance(results[0], Failure)
    assert results[1:] == [0, 2]


def cancelled_after(seconds: float) -> Callable[[], None]:
    started = time.monotonic()

    def checkpoint() -> None:
        if time.monotonic() - started > seconds:
            raise Cancelled

    return checkpoint


@pytest.mark.parametrize("moment", [0.0, 0.1, 0.4, 2.5])
def test_cancelling_ends_tasks_at_once(moment: float) -> None:
    started = time.monotonic()
    with pytest.raises(Cancelled), TaskRunner(2, cancelled_after(moment)) as runner:
        runner.run([(time.sleep, (SLEEP_SECONDS,))] * 5)
    assert time.monotonic() - started < SLEEP_SECONDS / 2
    assert psutil.Process().children(recursive=True) == []
    assert run(doubles(2)) == [0, 2]


def test_cancelling_works_while_suspects_run_alone() -> None:
    tasks = [(work.leave, ()), *[(time.sleep, (SLEEP_SECONDS,))] * 2]
    started = time.monotonic()
    with pytest.raises(Cancelled), TaskRunner(2, cancelled_after(4)) as runner:
        runner.run(tasks)
    assert time.monotonic() - started < SLEEP_SECONDS / 2


def test_two_runners_in_two_threads_do_not_disturb_each_other() -> None:
    results: dict[str, Any] = {}

    def worker(name: str, tasks: list[Any]) -> None:
        results[name] = run(tasks)

    killed = [(work.kill_itself, ()), *doubles(2)]
    threads = [
        threading.Thread(target=worker, args=("calm", [(work.double, (value, 0.2)) for value in range(10)])),
        threading.Thread(target=worker, args=("wild", killed)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results["calm"] == [2 * value for value in range(10)]
    assert [isinstance(each, Failure) for each in results["wild"]] == [True, False, False]


def test_a_runner_that_cancels_leaves_another_alone() -> None:
    results: list[Any] = []
    thread = threading.Thread(
        target=lambda: results.extend(run([(work.double, (1, 2.0)), (work.double, (2, 2.0))]))
    )
    thread.start()
    with pytest.raises(Cancelled), TaskRunner(2, cancelled_after(0.5)) as runner:
        runner.run([(time.sleep, (60,))] * 2)
    thread.join(60)
    assert results == [2, 4]


def test_shared_memory_of_the_user_survives() -> None:
    # The tracker that serves it is the process's, not the pool's, to stop.
    from multiprocessing import resource_tracker

    memory = shared_memory.SharedMemory(create=True, size=100)
    try:
        assert run(doubles(2)) == [0, 2]
        shared_memory.SharedMemory(memory.name).close()
    finally:
        memory.close()
        memory.unlink()
        resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]


def test_library_warnings_of_workers_are_silent(capfd: pytest.CaptureFixture[str]) -> None:
    assert run([(work.library_warning, ())]) == [1]
    assert capfd.readouterr() == ("", "")


def test_core_count() -> None:
    assert core_count(3) == 3
    assert 1 <= core_count(-1) <= (os.cpu_count() or 1)


SILENT = """
import sys, time
sys.path.insert(0, sys.argv[1])
import worker_tasks as work
from lex_learning.training.executor import TaskRunner

if __name__ == "__main__":
    tasks = {
        "normal": [(work.double, (1,))] * 4,
        "death": [(work.double, (1,)), (work.leave, ()), (work.double, (1, 0.2))],
        "cancel": [(time.sleep, (60,))] * 4,
        "exit": [(work.double, (1,))] * 4,
    }[sys.argv[2]]
    started = time.monotonic()
    def checkpoint():
        if sys.argv[2] == "cancel" and time.monotonic() - started > 1:
            raise KeyboardInterrupt
    try:
        with TaskRunner(2, checkpoint) as runner:
            runner.run(tasks)
            if sys.argv[2] == "exit":
                sys.exit(0)  # with the pool open
    except KeyboardInterrupt:
        pass
    print("done")
"""


@pytest.mark.parametrize("case", ["normal", "death", "cancel", "exit"])
def test_nothing_is_printed_also_at_exit(
    case: str, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    for _ in range(1 if case in {"normal", "exit"} else 2):
        ended = run_python(SILENT, TESTS, case)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout == ("" if case == "exit" else "done\n")


FOLLOWED = """
import sys
sys.path.insert(0, sys.argv[1])
import worker_tasks as work
from lex_learning.training.executor import TaskRunner

if __name__ == "__main__":
    with TaskRunner(2, lambda: None) as runner:
        runner.run([(work.write_process_id, (sys.argv[2], 60))] * 2)
"""


def is_running(process: psutil.Process) -> bool:
    try:
        # Nobody may be there to fetch what an orphan returned.
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    import sys

    from conftest import PACKAGE_FOLDER

    script, folder = tmp_path / "script.py", tmp_path / "ids"
    folder.mkdir()
    script.write_text(FOLLOWED)
    environment = os.environ | {"PYTHONPATH": str(PACKAGE_FOLDER)}
    parent = subprocess.Popen([sys.executable, str(script), TESTS, str(folder)], env=environment)
    try:
        deadline = time.monotonic() + 30
        while len(list(folder.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = [int(path.name) for path in folder.iterdir()]
        assert Counter(psutil.pid_exists(worker) for worker in workers) == {True: 2}
        family = psutil.Process(parent.pid).children(recursive=True)
    finally:
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + SLEEP_SECONDS / 2
    while any(is_running(process) for process in family) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [process for process in family if is_running(process)] == []


def test_ending_a_pool_does_not_disturb_other_threads() -> None:
    # Python's collector must not hand out tuples that another thread is still building.
    done = threading.Event()
    errors: list[Exception] = []

    def build_tuples() -> None:
        while not done.is_set():
            try:
                tuple(value for value in range(100_000))
            except SystemError as error:
                errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    builder = threading.Thread(target=build_tuples)
    builder.start()
    try:
        run(doubles(2))
    finally:
        done.set()
        builder.join()
        sys.setswitchinterval(interval)
    assert errors == []
