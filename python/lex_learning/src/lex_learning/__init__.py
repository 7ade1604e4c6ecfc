"""Automated machine learning for tables.

Example:
    >>> from lex_learning import PipelineConfig, ProblemType
    >>> config = PipelineConfig.builder().problem_type(ProblemType.CLASSIFICATION).build()
    >>> config.target_column is None
    True
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # importing `typing` for it would cost an embedding app a tenth of its start

if TYPE_CHECKING:
    from lex_learning.config import PipelineConfig, Preset, ProblemType, ThresholdMetric
    from lex_learning.core.metrics import ClassMetrics, Metrics
    from lex_learning.core.results import (
        ClassExplanation,
        Explanation,
        ModelInfo,
        ModelResult,
        PredictionResult,
        TrainingResult,
    )
    from lex_learning.errors import Cancelled, LexLearningError
    from lex_learning.inference.model import TrainedModel
    from lex_learning.pipeline.orchestrator import Pipeline
    from lex_learning.progress import ProgressUpdate, TrainingStage

__version__ = "0.1.0"
__all__ = [
    "Cancelled",
    "ClassExplanation",
    "ClassMetrics",
    "Explanation",
    "LexLearningError",
    "Metrics",
    "ModelInfo",
    "ModelResult",
    "Pipeline",
    "PipelineConfig",
    "PredictionResult",
    "Preset",
    "ProblemType",
    "ProgressUpdate",
    "ThresholdMetric",
    "TrainedModel",
    "TrainingResult",
    "TrainingStage",
]

_HOMES = {
    "Cancelled": "errors",
    "ClassExplanation": "core.results",
    "ClassMetrics": "core.metrics",
    "Explanation": "core.results",
    "LexLearningError": "errors",
    "Metrics": "core.metrics",
    "ModelInfo": "core.results",
    "ModelResult": "core.results",
    "Pipeline": "pipeline.orchestrator",
    "PipelineConfig": "config",
    "PredictionResult": "core.results",
    "Preset": "config",
    "ProblemType": "config",
    "ProgressUpdate": "progress",
    "ThresholdMetric": "config",
    "TrainedModel": "inference.model",
    "TrainingResult": "core.results",
    "TrainingStage": "progress",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: an embedding app starts without numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
