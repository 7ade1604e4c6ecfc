"""The commands, each from its options to an `Outcome`."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from lex_learning import Pipeline, PipelineConfig, TrainedModel
from lex_learning.cli import text
from lex_learning.cli.outcome import CommandError
from lex_learning.cli.outputs import check_file, make_folder, write_file, write_plots
from lex_learning.cli.tables import check_type, read_table, to_bytes
from lex_learning.cli.terminal import ctrl_c_cancels, progress_bar
from lex_learning.errors import InferenceError
from lex_learning.inference.row import parse_row

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from lex_learning.cli.outcome import Outcome


def train(options: Namespace) -> Outcome:
    """Train on a table; write the model and its plots."""
    options.enable_explainability = options.plots is not None
    config = PipelineConfig(**{field.name: getattr(options, field.name) for field in fields(PipelineConfig)})
    check_file(options.output, options.table)
    if options.plots is not None:
        make_folder(options.plots)
    frame = read_table(options.table)
    bar = nullcontext() if options.json or not sys.stderr.isatty() else progress_bar()
    with ctrl_c_cancels() as is_cancelled, bar as on_progress:
        result = Pipeline(config, on_progress).train(frame, is_cancelled)
    try:
        result.model.save(options.output)
    except InferenceError as error:
        raise CommandError("file.unwritable", error.message, error.hint, **error.context) from error
    plots = write_plots(options.plots, result.plots)
    places = f"\nmodel: {options.output}\n" + (f"plots: {len(plots)} in {options.plots}\n" if plots else "")
    document = result.to_dict() | {"model": str(options.output), "plots": plots}
    return document, text.of_training(result) + places


def predict(options: Namespace) -> Outcome:
    """Predict a table, to a file or standard output, or one row."""
    if options.row is not None:
        if options.output is not None:
            raise CommandError("usage.invalid", "--output is for tables", "Drop it or give TABLE.")
        result = TrainedModel.load(options.model).predict(parse_row(options.row))
        return result.to_dict(), text.of_prediction(result)
    if options.output is not None:
        check_type(options.output)
        check_file(options.output, options.table)
    model = TrainedModel.load(options.model)
    predicted = model.predict_table(read_table(options.table, model))
    frame = predicted.to_frame(model.target)
    facts: dict[str, Any] = {"rows": len(frame), "warnings": predicted.warnings}
    if options.output is not None:
        write_file(options.output, to_bytes(frame, options.output))
        return facts | {"output": str(options.output)}, f"{len(frame)} predictions: {options.output}\n"
    if options.json:
        return facts | {"predictions": frame.to_dict("records")}, ""
    return facts, frame.to_csv(index=False, lineterminator="\n")


def info(options: Namespace) -> Outcome:
    """Show what a model knows about itself."""
    known = TrainedModel.load(options.model).get_info()
    return known.to_dict(), text.of_info(known)


def export(options: Namespace) -> Outcome:
    """Write a model as an ONNX file."""
    check_file(options.output, options.model)
    model = TrainedModel.load(options.model)
    try:
        remarks = model.export_onnx(options.output, leave_out_members=options.leave_out_members)
    except InferenceError as error:
        raise CommandError("file.unwritable", error.message, error.hint, **error.context) from error
    return {"output": str(options.output), "warnings": remarks}, f"model: {options.output}\n"


def explain(options: Namespace) -> Outcome:
    """Explain the prediction of one row, or draw plots of the rows of a table."""
    if options.row is not None:
        return _explain_row(options)
    if options.plot is not None:
        raise CommandError("usage.invalid", "--plot is for a row", "Give --plots FOLDER for a table.")
    if options.plots is None:
        raise CommandError("usage.invalid", "TABLE needs --plots FOLDER", "Give it, or a row by --row.")
    if options.rows < 1:
        raise CommandError("usage.invalid", f"--rows is {options.rows}, expected 1 or more")
    make_folder(options.plots)
    model = TrainedModel.load(options.model)
    frame = read_table(options.table, model)
    plots, remarks = model.explain_table(frame, rows=options.rows, seed=options.seed)
    written = write_plots(options.plots, plots)
    return {"plots": written, "warnings": remarks}, f"plots: {len(written)} in {options.plots}\n"


def _explain_row(options: Namespace) -> Outcome:
    if options.plots is not None:
        raise CommandError("usage.invalid", "--plots is for tables", "Give --plot FILE for a row.")
    plot: Path | None = options.plot
    if plot is not None:
        if plot.suffix.lower() != ".png":
            raise CommandError("usage.invalid", f"--plot is {str(plot)!r}, expected a name that ends in .png")
        check_file(plot, options.model)
    row = parse_row(options.row)
    explanation = TrainedModel.load(options.model).explain(row, seed=options.seed)
    document = explanation.to_dict() | {"plot": None if plot is None else str(plot)}
    if plot is None:
        return document, text.of_explanation(explanation, row)
    write_file(plot, explanation.waterfall)
    return document, text.of_explanation(explanation, row) + f"\nplot: {plot}\n"
