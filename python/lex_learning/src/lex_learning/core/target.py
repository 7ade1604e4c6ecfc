"""The target column: classes to codes and back, or plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Target:
    """Name and classes of the target; `classes` is empty for regression.

    Args:
        name: The column's name.
        classes: Sorted class values, of the type that the column had (text, integer, float or boolean).

    Example:
        >>> import pandas as pd
        >>> target = Target.from_series(pd.Series(["no", "yes", "no"], name="survived"))
        >>> target.labels, target.encode(pd.Series(["yes", "no"]))
        (['no', 'yes'], array([1, 0], dtype=int32))
    """

    name: str
    classes: tuple[str | int | float | bool, ...] = ()

    @classmethod
    def from_series(cls, series: pd.Series[Any]) -> Self:
        """Read the classes off the training column."""
        values = series.astype(str) if series.dtype == "category" else series
        return cls(str(series.name), tuple(sorted(value for value in values.unique().tolist())))

    @property
    def labels(self) -> list[str]:
        """The classes as text, for people and for JSON keys."""
        return [_label(value) for value in self.classes]

    def encode(self, series: pd.Series[Any]) -> NDArray[Any]:
        """Class codes (int32), or float64 values for regression."""
        import pandas as pd

        if not self.classes:
            return series.to_numpy(dtype=np.float64)
        values = series.astype(str) if series.dtype == "category" else series
        codes, present = pd.factorize(values)
        position = {value: index for index, value in enumerate(self.classes)}
        return np.array([position[value] for value in present.tolist()], dtype=np.int32)[codes]

    def decode(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Class values for class codes, of the type that the target had."""
        kind: Any = type(self.classes[0])
        if kind is str:
            kind = object  # NumPy's own text type would drop NULs at the end
        elif kind is int and self.classes[-1] > np.iinfo(np.int64).max:  # type: ignore[operator]
            kind = np.uint64
        return np.take(np.array(self.classes, dtype=kind), codes)


def _label(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
