"""The command `lex-learning`: train, predict, look into and explain, from files to files.

Results go to standard output; progress, warnings and errors go to standard error. With `--json`, standard
output holds exactly one JSON document, which is the error if there is one.

Example:
    >>> main(["predict", "no-such-model.pkl", "table.csv"])
    4
"""

from __future__ import annotations

import io
import os
import sys
import traceback
import warnings
from typing import TYPE_CHECKING

from lex_learning.cli.arguments import make_parser
from lex_learning.cli.outcome import CANCELLED, CommandError, Outcome, failure, show
from lex_learning.errors import Cancelled, LexLearningError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Those after the command's name. Default: of this process.

    Returns:
        The exit code; see `lex-learning --help`.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        outcome = _run(given)
        show(outcome, as_json="--json" in given)
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)
    except KeyboardInterrupt:
        return CANCELLED
    except BrokenPipeError:  # the reader has seen enough
        _silence_output()
        return 0
    except OSError as error:
        _silence_output()
        outcome = failure("file.unwritable", f"standard output cannot be written: {error.strerror}")
        sys.stderr.writelines(f"{line}\n" for line in outcome.remarks)
    return outcome.exit_code


def _run(given: list[str]) -> Outcome:
    try:
        options = make_parser().parse_args(given)
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            outcome: Outcome = options.run(options)
            return outcome
    except (Cancelled, KeyboardInterrupt):
        return failure(Cancelled.code, "cancelled")
    except (CommandError, LexLearningError) as error:
        return failure(error.code, error.message, error.hint, error.context)
    except Exception as error:  # noqa: BLE001 - the outermost boundary
        traceback.print_exc()
        hint = "This is a bug of lex_learning. Please report it with the lines above."
        return failure(LexLearningError.code, f"{type(error).__name__}: {error}", hint)


def _silence_output() -> None:
    """Let the interpreter write nothing more at its end, where it would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
