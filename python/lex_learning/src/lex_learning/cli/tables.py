"""Tables in files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from lex_learning.cli.outcome import CommandError
from lex_learning.errors import InvalidDataError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from lex_learning import TrainedModel

TABLE_TYPES = (".csv", ".parquet")


def check_type(path: Path) -> None:
    """Refuse a file that is no table by its name."""
    if path.suffix.lower() not in TABLE_TYPES:
        message = f"{str(path)!r} ends with {path.suffix!r}, expected {' or '.join(TABLE_TYPES)}"
        raise CommandError("file.unreadable", message, "Convert or rename it.", path=str(path))


def read_table(path: Path, model: TrainedModel | None = None) -> pd.DataFrame:
    """Read a table; text columns of the model are read as text, though all their values be digits."""
    import pandas as pd

    check_type(path)
    schema = model.get_info().schema if model else []
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(io.BytesIO(data))
        return _parse_csv(data, {column["name"] for column in schema if column["levels"]})
    except FileNotFoundError:
        raise CommandError("file.not_found", f"there is no file {str(path)!r}", path=str(path)) from None
    except (OSError, ValueError, OverflowError, NotImplementedError) as error:
        message = f"{str(path)!r} cannot be read as a table: {error}"
        hint = "Give a whole Parquet file, or UTF-8 text with names in its first line, and commas."
        raise CommandError("file.unreadable", message, hint, path=str(path)) from error


def _parse_csv(data: bytes, text: set[str]) -> pd.DataFrame:
    import pandas as pd

    def parse(**settings: Any) -> pd.DataFrame:
        frame: pd.DataFrame = pd.read_csv(
            io.BytesIO(data), encoding="utf-8-sig", low_memory=False, **settings
        )
        return frame

    as_text = {"dtype": str, "keep_default_na": False, "na_values": [""]}
    _check_names(parse(header=None, nrows=1, **as_text).iloc[0].dropna().tolist())
    frame = parse()
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("its rows have more fields than its first line")
    # In text, "None" and "NA" are values like any other: Namibia has a country code.
    names = [name for name in frame if name in text or pd.api.types.is_string_dtype(frame[name])]
    return frame.assign(**parse(usecols=names, **as_text)) if names and len(frame) else frame


def _check_names(names: list[str]) -> None:
    if len(names) == 1 and any(separator in names[0] for separator in ";\t|"):
        raise ValueError(f"it has one column, {names[0]!r}")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidDataError(
            f"two columns are named {twice!r}", hint="Rename or drop one of them.", column=twice
        )


def to_bytes(frame: pd.DataFrame, path: Path) -> bytes:
    """The content of a file of the type of `path`."""
    if path.suffix.lower() == ".csv":
        return frame.to_csv(index=False, lineterminator="\n").encode("utf-8", "backslashreplace")
    return frame.to_parquet(index=False)
