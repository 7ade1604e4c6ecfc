"""CatBoost's binary format, read with suspicion: the library itself trusts most numbers of it.

A model's core is a table of FlatBuffers, and so is each table of statistics of categories behind it. Their
fields have names in the folder `catboost/libs/model/flatbuffers` of the library.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.inference._flatbuffer import Table
from lex_learning.inference.archive import read_json
from lex_learning.models.catboost import MOST_DEPTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Fields of the core, and of its trees.
_VERSION, _TREES, _FACTS, _PARTS = range(4)
_OUTPUTS, _SPLITS, _SIZES, _STARTS, _CATEGORIES, _NUMBERS, _SETS, _STATISTICS, _VALUES, _WEIGHTS = range(10)
_SCALE, _BIASES, _PACKED_SPLITS = 14, 16, 17
_FOREIGN = (10, 11, 12, 13, 18)
"""Trees that are not symmetric, texts and embeddings, of which our models have none."""

_PLAIN_FACTS = frozenset({b"catboost_version_info", b"model_guid", b"train_finish_time"})
_JSON_FACTS = frozenset({b"class_params", b"output_options", b"params", b"training"})
_OF_CLASSES, _OF_COUNTS = 0, 4
"""Kinds of statistics."""
_MOST_SPLITS = 254
"""Of a feature, that share a byte in the library's own table of a row; the others go to further ones."""
_MOST_BYTES = 2**16
_MOST_COMBINED = 16
_MOST_STEPS = 1_000
"""From one empty bucket to the next; a genuine table is half empty, so that 100 are many."""
_EMPTY = 2**64 - 1

_INTEGER, _WORD, _SINGLE, _DOUBLE = (np.dtype(kind) for kind in ("<i4", "<u4", "<f4", "<f8"))
_NUMBER_SPLIT = np.dtype([("column", "<i4"), ("border", "<f4")])
_LEVEL_SPLIT = np.dtype([("column", "<i4"), ("level", "<i4")])
_BUCKET = np.dtype([("hash", "<u8"), ("index", "<u4")])

type _Key = tuple[Any, ...]


@dataclass(frozen=True)
class _Features:
    """What splits look at.

    Args:
        borders: Of each number.
        levels: By category, those that splits ask for.
        is_used: Whether splits ask for a category, or for statistics of it.
        statistics: Those that splits ask for.
    """

    borders: list[NDArray[np.float32]]
    levels: dict[int, NDArray[np.int32]]
    is_used: list[bool]
    statistics: list[Table]

    def splits(self) -> list[NDArray[Any]]:
        """The borders and levels of all features, in the library's order."""
        return [*self.borders, *self.levels.values(), *(each.array(1, _SINGLE) for each in self.statistics)]

    def has(self, column: int) -> bool:
        return 0 <= column < len(self.is_used) and self.is_used[column]


def check(content: bytes, column_count: int) -> None:
    """Refuse a model that could lead the library out of its memory, in circles or to no end.

    Args:
        content: The model.
        column_count: Columns that it was fitted to.

    Raises:
        ValueError: It is so, or not a model that this package makes.
    """
    size = int.from_bytes(content[4:8], "little")
    if content[:4] != b"CBM1" or 8 + size > len(content):
        raise ValueError("it is cut, or no model of CatBoost")
    core = Table(content[8 : 8 + size])
    trees = core.table(_TREES)
    features = _features(trees, column_count)
    tables = _tables(core.texts(_PARTS), content[8 + size :])
    is_sound = (
        core.text(_VERSION) == b"FlabuffersModel_v1"
        and all(trees.is_empty(field) for field in _FOREIGN)
        and _are_trees(trees, features)
        # After the trees: they bound the number of outputs.
        and _are_facts(core, trees.number(_OUTPUTS, "i"))
        and all(_is_statistic(each, tables) for each in features.statistics)
        and all(_is_combination(key, features) for key in tables)
    )
    if not is_sound:
        raise ValueError("its trees are not trees")


def _are_facts(core: Table, output_count: int) -> bool:
    """Whether the texts are known and none is deep, and the classes are those of the trees."""
    pairs = [(each.text(0), each.text(1)) for each in core.tables(_FACTS)]
    facts = dict(pairs)
    if len(facts) != len(pairs) or not facts.keys() <= _PLAIN_FACTS | _JSON_FACTS:
        return False
    for name in facts.keys() & _JSON_FACTS:
        read_json(facts[name])
    classes = list(range(max(2, output_count)))
    expected = {"classes_count": 0, "class_names": classes, "class_to_label": classes}
    text = json.dumps(expected | {"class_label_type": "Integer"}, separators=(",", ":")).encode()
    return facts[b"class_params"] == text if b"class_params" in facts else output_count == 1


def _features(trees: Table, column_count: int) -> _Features:
    numbers, categories, sets = (trees.tables(field) for field in (_NUMBERS, _CATEGORIES, _SETS))
    places = [(each.number(1, "i", -1), each.number(2, "i", -1)) for each in numbers]
    places += [(each.number(0, "i", -1), each.number(1, "i", -1)) for each in categories]
    found = _Features(
        borders=[each.array(3, _SINGLE) for each in numbers],
        levels={each.number(0, "i", -1): each.array(1, _INTEGER) for each in sets},
        is_used=[each.number(3, "?", default=True) for each in categories],
        statistics=trees.tables(_STATISTICS),
    )
    own = [*range(len(numbers)), *range(len(categories))]
    is_sound = (
        len(own) == column_count
        and places == list(zip(own, range(column_count), strict=True))
        and all(each.number(5, "b") in {0, 1, 2} and each.is_empty(4) for each in numbers)
        and all(each.is_empty(2) for each in (*categories, *sets))
        and len(found.levels) == len(sets)
        and all(found.has(column) for column in found.levels)
    )
    if not is_sound:
        raise ValueError("its columns are not those of the table")
    return found


def _are_trees(trees: Table, features: _Features) -> bool:
    """Whether trees refer to splits that there are, and have a value for each leaf."""
    splits, sizes, starts = (trees.array(field, _INTEGER) for field in (_SPLITS, _SIZES, _STARTS))
    values, weights, biases = (trees.array(field, _DOUBLE) for field in (_VALUES, _WEIGHTS, _BIASES))
    if len(sizes) == 0 or ((sizes < 0) | (sizes > MOST_DEPTH)).any():
        return False
    leaf_count, output_count = int((1 << sizes.astype(np.int64)).sum()), trees.number(_OUTPUTS, "i")
    reals = [trees.number(_SCALE, "d", 1.0), *biases]
    packed = _packed(features)
    # The library makes splits of the borders and levels that trees ask for, and of no others.
    return bool(
        packed is not None
        and np.array_equal(np.unique(splits), np.arange(len(packed)))
        and np.array_equal(trees.array(_PACKED_SPLITS, _WORD), packed[splits])
        and np.array_equal(starts, np.cumsum(sizes) - sizes)
        and sizes.sum() == len(splits)
        and len(biases) == output_count > 0
        and len(values) == leaf_count * output_count
        and len(weights) == leaf_count
        and all(np.isfinite(each).all() for each in (values, weights, reals))
        and (weights >= 0).all()
    )


def _packed(features: _Features) -> NDArray[np.uint32] | None:
    """What the library makes of each split: byte, mask and least value; None if they are in no order."""
    splits = features.splits()
    number_count, set_count = len(features.borders), len(features.levels)
    if not all(map(len, splits[number_count:])) or not all((each[1:] > each[:-1]).all() for each in splits):
        return None
    counts = np.array([len(each) for each in splits])
    byte_counts = -(-counts // _MOST_SPLITS)
    if byte_counts.sum() > _MOST_BYTES:
        return None
    own = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    byte = np.repeat(np.cumsum(byte_counts) - byte_counts, counts) + own // _MOST_SPLITS
    feature = np.repeat(np.arange(len(counts)), counts)
    is_level = (feature >= number_count) & (feature < number_count + set_count)
    least = own % _MOST_SPLITS + 1
    mask_and_least = np.where(is_level, (~least & 255) << 16 | 255 << 24, least << 24)
    packed: NDArray[np.uint32] = (byte | mask_and_least).astype(np.uint32)
    return packed


def _is_statistic(statistic: Table, tables: dict[_Key, int]) -> bool:
    """Whether its table is there, and the border between classes in it."""
    found = statistic.table(0)
    key, border = _key(found.table(0)), found.number(1, "i")
    reals = [found.number(field, "f", default) for field, default in enumerate((0, 1, 0, 1), 2)]
    return key in tables and 0 <= border < max(1, tables[key] - 1) and bool(np.isfinite(reals).all())


def _is_combination(key: _Key, features: _Features) -> bool:
    """Whether all that a table of statistics looks at is there."""
    columns, numbers, levels, *_ = key
    return (
        len(columns) > 0
        and all(features.has(column) for column in columns)
        and all(0 <= column < len(features.borders) for column, _ in numbers)
        and all(border in features.borders[column] for column, border in numbers)
        and all(level in features.levels.get(column, ()) for column, level in levels)
    )


def _tables(parts: list[bytes], content: bytes) -> dict[_Key, int]:
    """The classes that each table of statistics counts, by what it looks at."""
    if parts not in ([], [b"static_provider_v1"]):
        raise ValueError("it has parts that no model needs")
    found: dict[_Key, int] = {}
    place = 4 * len(parts)
    count = int.from_bytes(content[:place], "little")
    while len(found) < count:
        start = place + 4
        place = start + int.from_bytes(content[place:start], "little")
        table = Table(content[start:place])
        key = _key(table.table(0))
        if key in found:
            raise ValueError("a table of statistics is there twice")
        found[key] = _classes(table)
    if place != len(content):
        raise ValueError("it is cut, or there is more after its end")
    return found


def _key(base: Table) -> _Key:
    """What a statistic looks at (columns, splits of numbers, splits on levels), its kind, and its target."""
    combination, kinds = base.table(0), (_INTEGER, _NUMBER_SPLIT, _LEVEL_SPLIT)
    looked_at = [combination.array(field, kind) for field, kind in enumerate(kinds)]
    if any(len(each) > _MOST_COMBINED for each in looked_at):
        raise ValueError("a statistic is of too many columns")
    return (*(tuple(each.tolist()) for each in looked_at), base.number(1, "b"), base.number(2, "i"))


def _classes(table: Table) -> int:
    """The classes that a table of statistics counts, 0 for one that counts rows alone.

    Raises:
        ValueError: Its hashes lead out of it, or a search for one might not end.
    """
    kind, row_count, class_count = table.table(0).number(1, "b"), table.number(3, "i"), table.number(4, "i")
    raw, counts = table.array(1, np.dtype(np.uint8)), table.array(2, np.dtype(np.uint8))
    if kind not in {_OF_CLASSES, _OF_COUNTS} or len(raw) % _BUCKET.itemsize:
        raise ValueError("its statistics are none")
    buckets = raw.view(_BUCKET)
    empty = np.flatnonzero(buckets["hash"] == _EMPTY)
    size = 4 * (class_count if kind == _OF_CLASSES else 1)
    is_sound = (
        len(empty) > 0
        and len(buckets) & (len(buckets) - 1) == 0
        and np.diff(empty, append=empty[0] + len(buckets)).max() <= _MOST_STEPS
        and row_count >= 0
        and (class_count >= 2 if kind == _OF_CLASSES else class_count == 0)
        and len(counts) % size == 0
        # Of empty ones as well: the library goes to their places when it writes.
        and (buckets["index"] < len(counts) // size).all()
    )
    if not is_sound:
        raise ValueError("its statistics are none")
    return int(class_count)
