"""Show what is left of JSON that no database takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.wire.cleaning import DEPTH, DIGITS, clean, parse


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("plain é 😀", "plain é 😀"),
        ("a\x00b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\udfff\ud800", "\ufffd\ufffd"),
        ({"a\x00": [("\x00",)]}, {"a\ufffd": [["\ufffd"]]}),
        (float("nan"), None),
        ([float("inf"), -float("inf"), 1.5], [None, None, 1.5]),
        (True, True),
        (None, None),
        (10**DIGITS - 1, 10**DIGITS - 1),
        (10**DIGITS, None),
        (-(10**DIGITS), None),
    ],
)
def test_what_can_be_stored_is_kept(given: Any, kept: Any) -> None:
    assert clean(given) == kept
    json.dumps(clean(given), allow_nan=False).encode("utf-8")


@pytest.mark.parametrize("make", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["list", "object"])
def test_depth_has_an_end(make: Any) -> None:
    deep: Any = "here"
    for _level in range(DEPTH):
        deep = make(deep)
    assert clean(deep) == deep
    assert "here" not in json.dumps(clean(make(deep)))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"a":', "", "{]", "\ud800"])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_numbers_without_an_end_are_read_as_nothing() -> None:
    assert parse(f"[NaN, Infinity, -Infinity, {'9' * 10_000}, 7]") == [None, None, None, None, 7]
