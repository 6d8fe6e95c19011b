"""Show that a reference is read however a telephone writes it."""

from __future__ import annotations

import pytest

from storage.references import Noun, parse_reference, reference


@pytest.mark.parametrize("noun", Noun)
def test_a_reference_is_read_back(noun: Noun) -> None:
    assert parse_reference(reference(noun, 88)) == (noun, 88)
    assert reference(str(noun), 88) == f"{noun.prefix}-88"


@pytest.mark.parametrize(
    "typed", ["d-88", " D-88 ", "D–88", "Ｄ－88", "d−088", "D-88.", "(D-88)", "“d-88”,", "D-88。", "D-88?!"]
)
def test_spellings_of_a_reference(typed: str) -> None:
    assert parse_reference(typed) == (Noun.DEAL, 88)


@pytest.mark.parametrize("typed", ["", "D88", "X-1", "D-", "D-0", "D-1.5", "D--1", "D-٣", "D-1 2", "D-" + "9" * 19])
def test_what_is_no_reference(typed: str) -> None:
    assert parse_reference(typed) is None


def test_other_things_have_no_references() -> None:
    with pytest.raises(ValueError, match="member"):
        reference("member", 1)
