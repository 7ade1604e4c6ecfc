"""Automated machine learning for tables.

Example:
    >>> config = PipelineConfig.builder().problem_type(ProblemType.CLASSIFICATION).build()
    >>> config.target_column is None
    True
"""

from __future__ import annotations

from lex_learning.config import PipelineConfig, ProblemType
from lex_learning.core.metrics import ClassMetrics, Metrics
from lex_learning.core.results import ModelInfo, ModelResult, PredictionResult, TrainingResult
from lex_learning.errors import Cancelled, LexLearningError
from lex_learning.inference.model import TrainedModel
from lex_learning.pipeline.orchestrator import Pipeline
from lex_learning.progress import ProgressUpdate, TrainingStage

__version__ = "0.1.0"
__all__ = [
    "Cancelled",
    "ClassMetrics",
    "LexLearningError",
    "Metrics",
    "ModelInfo",
    "ModelResult",
    "Pipeline",
    "PipelineConfig",
    "PredictionResult",
    "ProblemType",
    "ProgressUpdate",
    "TrainedModel",
    "TrainingResult",
    "TrainingStage",
]
