"""The arguments of each command."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lex_learning import PipelineConfig, ProblemType, __version__
from lex_learning.cli import commands
from lex_learning.cli.outcome import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lex_learning.cli.outcome import Outcome

_EPILOG = """\
tables:
  .csv      UTF-8, commas, names in the first line. An empty field is a null; so are NA, NaN, null
            and the like in a column of numbers, while in a column of text they are text.
  .parquet  any.

exit codes:
  0    done
  1    training, prediction, export or explanation failed
  2    wrong usage or setting
  3    the table cannot be used as it is
  4    a file is missing, unreadable or cannot be written
  130  cancelled by Ctrl-C

A model file holds plain data and runs no code."""


class _Parser(argparse.ArgumentParser):
    """One for the command, and one for each of its commands."""

    def __init__(self, **settings: Any) -> None:
        layout = argparse.RawDescriptionHelpFormatter
        super().__init__(epilog=_EPILOG, formatter_class=layout, allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        raise CommandError("usage.invalid", message, f"See {self.prog} --help.")


def make_parser() -> argparse.ArgumentParser:
    """A parser whose options hold the command, to be called with them, as `run`."""
    parser = _Parser(prog="lex-learning", description="Automated machine learning for tables.")
    parser.add_argument("--version", action="version", version=f"lex-learning {__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(run: Callable[[argparse.Namespace], Outcome], about: str) -> argparse.ArgumentParser:
        command = subparsers.add_parser(
            run.__name__, help=about, description=f"{about[0].upper()}{about[1:]}."
        )
        command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        command.set_defaults(run=run)
        return command

    _add_training_options(add(commands.train, "train a model on a table"))

    predict = add(commands.predict, "predict the rows of a table, or one row")
    _add_path(predict, "model", "file of the model")
    rows = predict.add_mutually_exclusive_group(required=True)
    _add_path(rows, "table", _TABLE, nargs="?")
    rows.add_argument("--row", metavar="JSON", help="a row as {column: value, ...}, instead of TABLE")
    _add_path(predict, "--output", f"{_TABLE} to write; default: CSV on stdout", metavar="FILE")

    info = add(commands.info, "show what a model knows about itself")
    _add_path(info, "model", "file of the model")

    export = add(commands.export, "write a model as an ONNX file, for programs without Python")
    _add_path(export, "model", "file of the model")
    _add_path(export, "--output", f"file to write{_DEFAULT}", metavar="FILE", default=Path("model.onnx"))
    leave_out = "leave members of an ensemble out that ONNX cannot express; default: refuse"
    export.add_argument("--leave-out-members", action="store_true", help=leave_out)

    explain = add(commands.explain, "explain the prediction of a row, or draw SHAP plots of a table")
    _add_path(explain, "model", "file of the model")
    rows = explain.add_mutually_exclusive_group(required=True)
    _add_path(rows, "table", _TABLE, nargs="?")
    rows.add_argument("--row", metavar="JSON", help="a row as {column: value, ...}, instead of TABLE")
    _add_path(explain, "--plot", "of a row: .png file to write, a waterfall; default: none", metavar="FILE")
    _add_path(explain, "--plots", "of a table: where plots go; required", metavar="FOLDER")
    about = f"of a table: rows to explain{_DEFAULT}"
    explain.add_argument("--rows", metavar="N", type=int, default=100, help=about)
    about = f"same seed, same estimates and plots{_DEFAULT}"
    explain.add_argument("--seed", metavar="N", type=int, default=42, help=about)
    return parser


def _add_path(parser: argparse._ActionsContainer, name: str, about: str, **settings: Any) -> None:
    parser.add_argument(name, type=Path, help=about, **{"metavar": name.upper(), **settings})


def _add_training_options(train: argparse.ArgumentParser) -> None:
    problems = [str(each) for each in ProblemType]
    _add_path(train, "table", _TABLE)
    train.add_argument(
        "--target", dest="target_column", metavar="NAME", required=True, help="column to predict"
    )
    train.add_argument(
        "--problem", dest="problem_type", required=True, choices=problems, help="kind of the target"
    )
    _add_path(train, "--output", f"file to write{_DEFAULT}", metavar="MODEL", default=Path("model.lex"))
    plots = train.add_mutually_exclusive_group()
    _add_path(plots, "--plots", "explain the model, and put plots here", metavar="FOLDER")
    plots.add_argument("--no-explain", action="store_true", help="draw no plots; so without --plots, too")

    defaults = {field.name: field.default for field in fields(PipelineConfig)}
    for flag, name, kind, about in _SETTINGS:
        if kind is bool:
            train.add_argument(flag, dest=name, action="store_false", help=about)
            continue
        text = about + ("" if defaults[name] is None else _DEFAULT)
        metavar = "SECONDS" if name == "time_limit" else _METAVARS[kind]
        train.add_argument(flag, dest=name, type=kind, metavar=metavar, default=defaults[name], help=text)
    weights = 'weight of the classes: balanced, or JSON such as {"yes": 5}'
    train.add_argument("--class-weights", type=_class_weights, metavar="WEIGHTS", help=weights)
    train.add_argument("--allow-missing", action="store_true", help="accept nulls in feature columns")
    refit = "fit the chosen models on all training rows; default: with --time, or --algorithm and no limit"
    train.add_argument("--refit", action=argparse.BooleanOptionalAction, help=refit)


def _class_weights(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


_TABLE = ".csv or .parquet file"
_DEFAULT = "; default %(default)s"
_METAVARS = {int: "N", float: "SHARE", str: "NAME"}
_SETTINGS: tuple[tuple[str, str, type, str], ...] = (
    ("--algorithm", "algorithm", str, "train this one alone, such as lightgbm; default: choose"),
    ("--top-k", "top_k_algorithms", int, "algorithms to try, 1 to 20"),
    ("--n-trials", "n_trials", int, "settings to try for each algorithm, 1 to 10000"),
    ("--cv-folds", "cv_folds", int, "folds of the cross-validation, 2 to 20"),
    ("--test-size", "test_size", float, "share of rows held out, 0.05 to 0.5"),
    ("--seed", "random_seed", int, "same seed and table, same model"),
    ("--jobs", "n_jobs", int, "worker processes, 1 to 1024, or -1 for one a core"),
    ("--shap-max-samples", "shap_max_samples", int, "rows that plots explain, 1 to 10000"),
    ("--time-limit", "time_limit", float, "for all of the training; default: none"),
    ("--preset", "preset", str, "how much work: fast, balanced or best"),
    ("--engine", "engine", str, "address of a Dask cluster that fits; default: this machine"),
    ("--interval", "interval_coverage", float, "share of values between the bounds, 0.5 to 0.999"),
    ("--work-dir", "work_dir", str, "folder that keeps finished fits, to go on from after a crash"),
    ("--weights", "weight_column", str, "column that holds the weight of each row, 0 or more"),
    ("--groups", "group_column", str, "column whose rows of one value stay together in every split"),
    ("--time", "time_column", str, "column by which every split goes from the past to the future"),
    ("--metric", "metric", str, "what models are compared by, such as roc_auc; default: log_loss or rmse"),
    ("--threshold-metric", "threshold_metric", str, "tune the threshold for f1 or balanced_accuracy"),
    ("--no-hold-out", "hold_out", bool, "train on all rows; metrics are then those of the cross-validation"),
    ("--no-optimize", "optimize_hyperparams", bool, "train with default settings, without a search"),
    ("--no-neural-networks", "enable_neural_networks", bool, "leave the neural network out"),
)
