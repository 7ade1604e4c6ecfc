"""Boosters in their libraries' own formats."""

from __future__ import annotations

from typing import Any

from lex_learning.inference import _catboost_file, _lightgbm_text, _xgboost_file

_CLASS_NAMES = {
    "lightgbm.basic.Booster": "lightgbm",
    "xgboost.core.Booster": "xgboost",
    "catboost.core.CatBoost": "catboost",
}


def library_of(value: object) -> str | None:
    """The library whose booster this is, or None if it is none."""
    return _CLASS_NAMES.get(f"{type(value).__module__}.{type(value).__name__}")


def dump(library: str, booster: Any) -> tuple[str, bytes]:
    """A name for the file, and its content."""
    if library == "lightgbm":
        return "lightgbm.txt", booster.model_to_string().encode()
    if library == "xgboost":
        return "xgboost.ubj", bytes(booster.save_raw("ubj"))
    return "catboost.cbm", bytes(booster._serialize_model())


def load(library: str, content: bytes, column_count: int) -> Any:
    """The reverse of `dump`, for a model of so many columns.

    Raises:
        Exception: Of any kind, if the content does not come from there.
    """
    if library == "lightgbm":
        import lightgbm

        return lightgbm.Booster(model_str=_lightgbm_text.checked(content.decode("ascii"), column_count))
    if library == "xgboost":
        import xgboost

        _xgboost_file.check(content)
        return xgboost.Booster(model_file=bytearray(content))
    if library == "catboost":
        import catboost

        _catboost_file.check(content, column_count)
        return catboost.CatBoost().load_model(blob=content)
    raise ValueError(f"it names the library {library!r}")
