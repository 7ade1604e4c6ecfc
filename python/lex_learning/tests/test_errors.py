"""Errors: one code each, the same in Rust, and messages that stay readable."""

from __future__ import annotations

import json
import pickle
import re

import pytest

from conftest import REPOSITORY
from lex_learning import api, errors
from lex_learning.errors import Cancelled, InvalidDataError, LexLearningError, error_codes, shown

ONLY_RUST = {"runtime.init", "arrow.serialize", "arrow.deserialize"}


def rust_codes() -> set[str]:
    source = (REPOSITORY / "src/error.rs").read_text(encoding="utf-8")
    found = re.search(r"pub const CODES: \[&str; (\d+)\] = \[(.*?)\];", source, re.DOTALL)
    assert found
    codes = re.findall(r'"([a-z_.]+)"', found[2])
    assert len(codes) == int(found[1])
    return set(codes)


def test_rust_and_python_have_the_same_codes() -> None:
    assert rust_codes() - error_codes() == ONLY_RUST
    assert error_codes() - rust_codes() == set()


def test_no_two_errors_share_a_code() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "code")]
    assert len({each.code for each in classes}) == len(classes) > 10


def test_the_hint_follows_the_message() -> None:
    error = InvalidDataError("column 'a' holds 3 nulls", hint="Drop them.", column="a")
    assert str(error) == "column 'a' holds 3 nulls. Drop them."
    assert str(InvalidDataError("bare")) == "bare"


def test_cancelling_is_not_an_error() -> None:
    assert not issubclass(Cancelled, Exception)


def test_rust_gets_code_message_and_context() -> None:
    error = InvalidDataError("column 'a' is bad", hint="Drop it.", column="a", nulls=3)
    assert json.loads(api.describe_error(error)) == {
        "code": "data.invalid",
        "message": "column 'a' is bad. Drop it.",
        "context": {"column": "a", "nulls": 3},
    }


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ZeroDivisionError("by nought"), "ZeroDivisionError: by nought"),
        (SystemExit(3), "SystemExit: 3"),  # it has a `code` of its own
        (KeyboardInterrupt(), "KeyboardInterrupt: "),
    ],
)
def test_any_other_exception_is_a_python_error(error: BaseException, message: str) -> None:
    described = json.loads(api.describe_error(error))
    assert described == {"code": "python.error", "message": message, "context": {}}


def test_a_context_that_is_not_json_is_described_as_text() -> None:
    described = json.loads(api.describe_error(InvalidDataError("x", values={1, 2}, path=REPOSITORY)))
    assert described["context"]["path"] == str(REPOSITORY)


def test_cancelled_crosses_the_border() -> None:
    described = json.loads(api.describe_error(Cancelled("Training was cancelled")))
    assert (described["code"], described["message"]) == ("training.cancelled", "Training was cancelled")


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, 10**5000, list(range(10_000)), "🦄" * 1000],
    ids=["text", "number", "list", "emoji"],
)
def test_a_long_value_is_cut_in_messages(value: object) -> None:
    assert len(shown(value)) <= errors.SHOWN_CHARACTERS


def test_a_short_value_is_shown_as_in_code() -> None:
    assert [shown("a\n'b"), shown(5), shown(None), shown("x\0")] == ['"a\\n\'b"', "5", "null", "'x\\x00'"]


def test_errors_keep_code_and_text_when_pickled() -> None:
    error = pickle.loads(pickle.dumps(LexLearningError("message", hint="Hint.")))
    assert (error.code, str(error)) == ("python.error", "message. Hint.")
