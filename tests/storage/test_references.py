"""Show that a reference is read however a telephone writes it."""

from __future__ import annotations

import pytest

from storage.references import DECLARED, Letters, parse_reference, reference


def test_a_reference_is_read_back() -> None:
    assert {"customer": "C", "deal": "D", "followup": "F"}.items() <= DECLARED.items()
    for noun, letter in DECLARED.items():
        assert reference(noun, 88) == f"{letter}-88"
        assert parse_reference(reference(noun, 88)) == (noun, 88)


def test_a_workspaces_letters_come_after_the_programs() -> None:
    letters = Letters({**DECLARED, "vendor": "V", "drone": "D", "опрос": "О"})
    assert parse_reference("v-3", letters) == ("vendor", 3)
    assert parse_reference("о-3", letters) == ("опрос", 3)
    assert reference("vendor", 3, letters) == "V-3"
    assert parse_reference("D-3", letters) == ("deal", 3)
    assert "drone" not in letters
    assert parse_reference("V-3") is None


@pytest.mark.parametrize("letter", ["", "v", "VVV", "Vv", "1", "ß"])
def test_a_letter_is_one_capital(letter: str) -> None:
    with pytest.raises(ValueError, match="capital"):
        Letters({"vendor": letter})


@pytest.mark.parametrize(
    "typed", ["d-88", " D-88 ", "D–88", "Ｄ－88", "d−088", "D-88.", "(D-88)", "“d-88”,", "D-88。", "D-88?!"]
)
def test_spellings_of_a_reference(typed: str) -> None:
    assert parse_reference(typed) == ("deal", 88)


@pytest.mark.parametrize("typed", ["", "D88", "X-1", "D-", "D-0", "D-1.5", "D--1", "D-٣", "D-1 2", "D-" + "9" * 19])
def test_what_is_no_reference(typed: str) -> None:
    assert parse_reference(typed) is None


def test_other_things_have_no_references() -> None:
    with pytest.raises(ValueError, match="member"):
        reference("member", 1)
