"""Features from YAML on polars frames, computed in Rust.

Example:
    >>> import polars as pl
    >>> from features_pipeline import PipelineSteps
    >>> steps = PipelineSteps.from_yaml('''
    ... steps:
    ...   - type: group_aggregate
    ...     name: average_units
    ...     column: Units Sold
    ...     by: [Country]
    ...     aggregate: mean
    ...   - type: ratio
    ...     name: share_of_average
    ...     numerator: Units Sold
    ...     denominator: average_units
    ... ''')
    >>> training = pl.DataFrame({"Country": ["Chad", "Chad", "Fiji"], "Units Sold": [10, 30, 5]})
    >>> fitted, result = steps.fit_apply(training)
    >>> result["share_of_average"].to_list()
    [0.5, 1.5, 1.0]
    >>> fitted.apply(pl.DataFrame({"Country": ["Fiji"], "Units Sold": [20]}))["share_of_average"].to_list()
    [4.0]
"""

from ._native import FittedFeatures, PipelineSteps
from .errors import FeaturesError, Location

__all__ = ["FeaturesError", "FittedFeatures", "Location", "PipelineSteps"]
