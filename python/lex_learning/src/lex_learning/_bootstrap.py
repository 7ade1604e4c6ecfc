"""What an embedded interpreter needs before anything else is imported; called once, by the Rust host."""

from __future__ import annotations

import os
import sys

_worker_environment: dict[str, str] = {}


def bootstrap(
    executable: str | os.PathLike[str],
    package_folder: str | os.PathLike[str] | None = None,
    cache_folder: str | os.PathLike[str] | None = None,
) -> None:
    """Make worker processes run the bundled interpreter, whatever the host's environment says.

    Args:
        executable: The bundled interpreter.
        package_folder: Where workers find this package, if not in the runtime's own site-packages.
        cache_folder: For what libraries keep between runs, such as the list of fonts.

    Raises:
        RuntimeError: The running interpreter, started by the host, is not CPython 3.12.
    """
    if sys.version_info[:2] != (3, 12):
        raise RuntimeError(f"the host runs Python {sys.version.split()[0]}, lex_learning needs 3.12")
    # Environment variables of the host override them even in isolated mode.
    sys.executable = sys._base_executable = os.fspath(executable)  # type: ignore[attr-defined]
    # A windowed host has none, and libraries write to them unasked.
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115

    # Imported here first, on the thread that is to be Python's main one.
    import multiprocessing
    import signal
    import threading
    import warnings

    warnings.simplefilter("ignore")
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Importing `signal` took Ctrl-C away from the host.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    multiprocessing.set_executable(sys.executable)
    multiprocessing.set_start_method("spawn", force=True)
    # Goes to the trackers of workers' locks, which after a crash would tell the terminal of every one.
    sys.warnoptions.append("ignore")
    _worker_environment.update(_environment(package_folder))
    if cache_folder is not None:
        _worker_environment["MPLCONFIGDIR"] = os.path.join(cache_folder, "matplotlib")  # noqa: PTH118


def worker_environment() -> dict[str, str]:
    """Environment variables for worker processes, over the host's own.

    Workers start without the isolation of the host's interpreter, so each of its `PYTHON*` variables is
    emptied, which means unset. Outside a Rust host there is nothing to guard against, and none is given.
    """
    return dict(_worker_environment)


def _environment(package_folder: str | os.PathLike[str] | None) -> dict[str, str]:
    emptied = {name: "" for name in os.environ if name.startswith(("PYTHON", "__PYVENV_LAUNCHER__"))}
    return emptied | {
        "PYTHONPATH": os.fspath(package_folder) if package_folder is not None else "",
        "PYTHONHOME": "",
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
