"""`python -m lex_learning.experiments --to sqlite:///mlflow.db`: what `features-pipeline mlflow-export` runs.

Standard output holds one JSON document, which is the error if there is one.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import TYPE_CHECKING

from lex_learning.experiments.errors import ExperimentError
from lex_learning.experiments.mlflow_export import export_runs

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = ArgumentParser(prog="python -m lex_learning.experiments", description="Runs, written to MLflow.")
    parser.add_argument("--to", required=True, metavar="URI", help="such as sqlite:///mlflow.db")
    parser.add_argument("--experiments", default="experiments", metavar="FOLDER", help="default: experiments")
    parser.add_argument("--name", help="of one experiment; default: all")
    parser.add_argument("--artifacts", metavar="URI", help="where MLflow keeps files of new experiments")
    options = parser.parse_args(arguments)
    try:
        report = export_runs(options.to, options.experiments, options.name, options.artifacts)
    except ExperimentError as error:
        document: dict[str, object] = {"error": {"message": error.message, "hint": error.hint}}
    else:
        document = {"to": options.to, **asdict(report)}
    # ASCII: an escaped character survives any pipe.
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return 1 if "error" in document else 0


if __name__ == "__main__":
    sys.exit(main())
