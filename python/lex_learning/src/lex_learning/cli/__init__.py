"""The command `lex-learning`: train, predict, look into, export and explain, from files to files.

Results go to standard output; progress, warnings and errors go to standard error. With `--json`, standard
output holds exactly one JSON document, which is the error if there is one.

Example:
    >>> main(["predict", "no-such-model.lex", "table.csv"])
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
from lex_learning.cli.outcome import CANCELLED, CommandError, failure, show
from lex_learning.errors import Cancelled, LexLearningError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lex_learning.cli.outcome import Outcome

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
        return show(_run(given), as_json="--json" in given)
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)
    except KeyboardInterrupt:
        return CANCELLED
    except OSError as error:
        # The interpreter, at its end, would fail again to write what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader has seen enough
            return 0
        return show(
            failure("file.unwritable", f"standard output cannot be written: {error.strerror}"), as_json=False
        )


def _run(given: list[str]) -> Outcome:
    try:
        options = make_parser().parse_args(given)
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            return options.run(options)  # type: ignore[no-any-return]
    except (Cancelled, KeyboardInterrupt):
        return failure(Cancelled.code, "cancelled")
    except (CommandError, LexLearningError) as error:
        return failure(error.code, error.message, error.hint, error.context)
    except Exception as error:  # noqa: BLE001 - the outermost boundary
        traceback.print_exc()
        hint = "This is a bug of lex_learning. Please report it with the lines above."
        return failure(LexLearningError.code, f"{type(error).__name__}: {error}", hint)
