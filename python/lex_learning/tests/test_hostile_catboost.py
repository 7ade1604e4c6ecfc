"""Forged files of CatBoost: the library is not asked to read what it would trust. See test_hostile_files."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.inference._flatbuffer import Table
from lex_learning.inference.state import State, from_state, to_state
from lex_learning.models import model_class

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from lex_learning.models.base import Model

WHOLE, REAL = np.dtype("<i4"), np.dtype("<f8")
BUCKET = np.dtype([("hash", "<u8"), ("index", "<u4")])


@dataclass
class Fitted:
    """A model whose trees ask for numbers, levels, statistics of a category and of combinations."""

    X: NDArray[Any]
    model: Model
    state: State

    @property
    def content(self) -> bytes:
        return next(iter(self.state.files.values()))

    def load(self, content: bytes) -> Model:
        files = dict.fromkeys(self.state.files, content)
        tree = copy.deepcopy(self.state.tree)
        loaded: Model = from_state(tree, self.state.arrays, files, self.X.shape[1])
        return loaded


@pytest.fixture(scope="module", params=[0, 2, 3], ids=["regression", "binary", "multiclass"])
def fitted(carseats: pd.DataFrame, request: pytest.FixtureRequest) -> Fitted:
    class_count: int = request.param
    names = ["Age", "Education", "ShelveLoc", "US"]
    codes = carseats[names].apply(lambda column: column.astype("category").cat.codes)
    X = np.column_stack([carseats[["Price", "Income"]], codes]).astype(float)
    X[::7, 1] = X[::9, 3] = np.nan
    y = carseats["Sales"].to_numpy()
    levels = {2 + place: carseats[name].nunique() for place, name in enumerate(names)}
    if class_count:
        y = np.digitize(y, np.quantile(y, np.arange(1, class_count) / class_count))
    kind = ProblemType.CLASSIFICATION if class_count else ProblemType.REGRESSION
    problem = Problem(kind, len(X), X.shape[1], class_count, levels)
    algorithm = model_class("catboost")
    settings = {"rounds": 40, "one_hot_max_size": 2, "max_ctr_complexity": 4}
    model = algorithm(problem, algorithm.defaults(problem) | settings, seed=0, threads=1)
    model.fit(X, y)
    return Fitted(X, model, to_state(model))


def test_statistics_of_combinations_are_read(fitted: Fitted) -> None:
    _, tables = parts(fitted.content)
    looked_at = [table.table(0).table(0) for table in tables]
    # Of categories, together with borders of numbers, and with levels.
    assert max(len(each.array(0, WHOLE)) for each in looked_at) > 1
    assert not all(each.is_empty(1) for each in looked_at)
    assert not all(each.is_empty(2) for each in looked_at)
    loaded = fitted.load(fitted.content)
    np.testing.assert_array_equal(loaded.predict(fitted.X), fitted.model.predict(fitted.X))


def parts(content: bytes) -> tuple[Table, list[Table]]:
    """The trees, and the tables of statistics."""
    end = 8 + int.from_bytes(content[4:8], "little")
    place, tables = end + 4, []
    for _ in range(int.from_bytes(content[end:place], "little")):
        size = int.from_bytes(content[place : place + 4], "little")
        tables.append(Table(content[place + 4 : place + 4 + size]))
        place += 4 + size
    return Table(content[8:end]).table(1), tables


def put(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


def forgeries(content: bytes) -> dict[str, bytes]:
    """By what is wrong in them."""
    trees, tables = parts(content)
    splits, sizes, starts = (trees.array(field, WHOLE) for field in (1, 2, 3))
    values, weights, packed = trees.array(8, REAL), trees.array(9, REAL), trees.array(17, WHOLE)
    buckets = tables[0].array(1, np.dtype(np.uint8)).view(BUCKET)
    full, outside, unused = buckets.copy(), buckets.copy(), buckets.copy()
    is_empty = buckets["hash"] == 2**64 - 1
    full["hash"][is_empty] = 1
    outside["index"][~is_empty] += len(buckets)
    unused["index"][is_empty] += len(buckets)
    changed = {
        "splits before the first": (splits, splits - 1),
        "splits behind the last": (splits, splits + 1),
        "trees of other sizes": (sizes, sizes[::-1]),
        "trees of 2^31 leaves": (sizes, np.where(sizes == sizes.max(), 31, sizes)),
        "trees of less than a leaf": (sizes, -sizes),
        "trees that overlap": (starts, np.maximum(starts - 1, 0)),
        "bytes of a row that are none": (packed, packed | 0xFFFF),
        "values that are none": (values, values * np.nan),
        "no bucket that is empty": (buckets, full),
        "buckets that lead nowhere": (buckets, outside),
        "empty buckets that lead nowhere": (buckets, unused),
    }
    forged = {}
    for name, (old, new) in changed.items():
        forged[name] = put(content, old.tobytes(), new.astype(old.dtype).tobytes())
    for name, array in (("fewer values", values), ("fewer weights", weights)):
        counts = [count.to_bytes(4, "little") for count in (len(array), len(array) - 1)]
        forged[name] = put(content, *(count + array.tobytes() for count in counts))
    if b'"class_to_label"' in content:
        forged["classes that are none"] = put(content, b'"class_to_label":[0,', b'"class_to_label":[9,')
        forged["more classes"] = put(content, b'{"classes_count":0', b'{"classes_count":9')
    text = b'{"detailed_profile":false,"boosting_options"'
    forged["deep texts"] = put(content, text, b"[" * len(text))
    for name, size in (("a size behind the end", len(content)), ("a size of all memory", 2**32 - 1)):
        forged[name] = content[:4] + size.to_bytes(4, "little") + content[8:]
    return forged


def test_forgeries_are_refused(fitted: Fitted) -> None:
    for name, content in forgeries(fitted.content).items():
        try:
            fitted.load(content)
        except ValueError as error:
            assert "catboost" not in str(error), name  # noqa: PT017 - not by the library
        else:
            pytest.fail(name)


def test_what_is_not_of_our_making_is_refused(fitted: Fitted) -> None:
    content = fitted.content
    for cut in (0, 3, 8, 100, len(content) - 1):
        with pytest.raises(ValueError, match=r"cut|nowhere"):
            fitted.load(content[:cut])
    with pytest.raises(ValueError, match="more after its end"):
        fitted.load(content + b"\0")
    with pytest.raises(ValueError, match="columns"):
        from_state(fitted.state.tree, fitted.state.arrays, fitted.state.files, fitted.X.shape[1] + 1)


def test_mutations_do_no_harm(fitted: Fitted) -> None:
    # A crash ends the tests; what is no model is refused, and what is one predicts and explains.
    source = random.Random(0)
    end = 8 + int.from_bytes(fitted.content[4:8], "little")
    for _ in range(300):
        changed = bytearray(fitted.content)
        for _ in range(source.choice((1, 1, 2, 5))):
            # Statistics are little of it, and read without any check by the library itself.
            place = source.randrange(*source.choice(((0, end), (end, len(changed)))))
            size = source.choice((1, 2, 4))
            number = source.choice((0, 1, -1, 2**31 - 1, source.getrandbits(32)))
            changed[place : place + size] = (number % 256**size).to_bytes(size, "little")
        try:
            model = fitted.load(bytes(changed))
            model.predict(fitted.X[:50])
            model.contributions(fitted.X[:5])
        except Exception:  # noqa: BLE001 - any, but the process goes on
            continue
