"""Rows for algorithms whose time grows with the square of their number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sample_rows(classes: NDArray[Any] | None, row_count: int, limit: int, seed: int) -> NDArray[np.intp]:
    """All rows, or a random `limit` of them in order; of each class its share, and at least one."""
    if row_count <= limit:
        return np.arange(row_count)
    random = np.random.default_rng(seed)
    if classes is None:
        return np.sort(random.permutation(row_count)[:limit])
    # Every class gets evenly spaced places from 0 to 1; the first ones of all are taken.
    order = random.permutation(row_count)
    order = order[np.argsort(classes[order], kind="stable")]
    counts = np.unique(classes, return_counts=True)[1]
    places = np.concatenate([np.arange(count) / count for count in counts])
    return np.sort(order[np.argsort(places, kind="stable")[:limit]])
