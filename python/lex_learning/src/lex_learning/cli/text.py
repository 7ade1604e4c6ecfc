"""Results as text for people: names and numbers, below each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lex_learning import Explanation, ModelInfo, PredictionResult, TrainingResult
    from lex_learning.core.metrics import Metrics

_FACTS = ("problem_type", "target_column", "best_model_name", "training_rows", "library_version", "created")


def of_training(result: TrainingResult) -> str:
    """The leaderboard, metrics and importance."""
    metric = result.model_results[0].metric
    board = [
        [each.name, each.score, each.trials, f"{each.seconds:.1f}", each.failure or ""]
        for each in result.model_results
    ]
    return (
        f"leaderboard ({metric} of the cross-validation, lower is better)\n"
        + _aligned([["algorithm", "score", "trials", "seconds", ""], *board])
        + _of_metrics(result.metrics)
        + _section("importance", result.feature_importance)
    )


def of_prediction(result: PredictionResult) -> str:
    """The prediction for one row."""
    shares = [[f"probability_{label}", share] for label, share in result.probabilities.items()]
    return f"prediction: {result.value if result.label is None else result.label}\n" + _aligned(shares)


def of_info(info: ModelInfo) -> str:
    """What a model knows about itself."""
    return (
        _aligned([name, getattr(info, name)] for name in _FACTS)
        + _of_settings(info.hyperparameters)
        + _of_metrics(info.metrics)
        + _section("importance", info.feature_importance)
        + _section("columns", ([each["name"], each["kind"], _range(each)] for each in info.schema))
    )


def of_explanation(explanation: Explanation, row: Mapping[str, object]) -> str:
    """What each column of a row adds, the strongest first, from the base to the output."""
    what = f"{explanation.space} of {explanation.label}" if explanation.label is not None else "prediction"
    estimated = ", estimated" if explanation.approximate else ""
    columns = sorted(explanation.contributions.items(), key=lambda each: -abs(each[1]))
    return f"{what}{estimated}\n" + _aligned(
        [
            ["column", "value", "contribution"],
            ["base", "", f"{explanation.base: .4f}"],
            *([name, _as_given(row[name]), f"{value:+.4f}"] for name, value in columns),
            ["output", "", f"{explanation.output: .4f}"],
        ]
    )


def _as_given(value: object) -> str | None:
    return None if value is None else str(value)


def _of_settings(settings: dict[str, Any]) -> str:
    """An ensemble's members below each other; other settings by name."""
    members = settings.get("members")
    if not isinstance(members, list):
        return _section("hyperparameters", ([name, str(value)] for name, value in settings.items()))
    rows = [[each["name"], each["weight"], each["models"], _in_a_line(each["params"])] for each in members]
    return _section("members", [["algorithm", "weight", "models", "settings"], *rows])


def _in_a_line(settings: dict[str, Any]) -> str:
    values = (f"{value:.4g}" if isinstance(value, float) else value for value in settings.values())
    return ", ".join(f"{name}={value}" for name, value in zip(settings, values, strict=True)) or "-"


def _of_metrics(metrics: Metrics) -> str:
    values = metrics.to_dict().items()
    text = _section("metrics on held-out rows", [each for each in values if isinstance(each[1], float)])
    if metrics.per_class:
        classes = [
            [each.label, each.precision, each.recall, each.f1, each.support] for each in metrics.per_class
        ]
        text += _section("classes", [["label", "precision", "recall", "f1", "rows"], *classes])
    return text


def _section(title: str, rows: Iterable[Sequence[object]]) -> str:
    return f"\n{title}\n{_aligned(rows)}"


def _aligned(rows: Iterable[Sequence[object]]) -> str:
    lines = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "".join(f"  {'  '.join(map(str.ljust, line, widths)).rstrip()}\n" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else " ".join(str(value).split())


def _range(column: dict[str, Any]) -> str:
    levels = column["levels"]
    if levels:
        return ", ".join(levels[:8]) + (f" and {len(levels) - 8} more" if len(levels) > 8 else "")
    return f"{column['minimum']:g} to {column['maximum']:g}"
