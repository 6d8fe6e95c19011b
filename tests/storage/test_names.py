"""Show which texts are the same name, and which cannot be stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import Invalid
from storage.names import (
    KEY_LIMIT,
    NAME_LIMIT,
    NOTE_LIMIT,
    check_email,
    check_name,
    check_note,
    check_text,
    email_key,
    name_key,
)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("  Acme   Corp ", "acme corp"),
        ("ＡＣＭＥ", "acme"),
        ("Ac\u200bme\u200e", "acme"),
        ("Straße", "strasse"),
        ("ﬁne", "fine"),
        ("阿里巴巴", "阿里巴巴"),
        ("a\nb\tc\x00d", "a b c d"),
        ("a\ud800b", "ab"),
        ("❤\ufe0f", "❤"),
        ("İ", "i̇"),
        ("\u200b\u200d", ""),
    ],
)
def test_names_are_the_same_however_they_are_typed(typed: str, key: str) -> None:
    assert name_key(typed) == key


@given(st.text(st.characters(), max_size=300))
def test_a_key_is_its_own_key_short_and_storable(text: str) -> None:
    key = name_key(text)
    assert name_key(key) == key
    assert len(key) <= KEY_LIMIT
    check_text(key)


def test_a_key_fits_an_index_page_whatever_was_typed() -> None:
    assert len(name_key("\ufdfa" * NAME_LIMIT)) <= KEY_LIMIT
    assert len(name_key("\U0001f600" * NAME_LIMIT).encode()) < 2704


def test_addresses_are_the_same_whatever_their_case() -> None:
    assert email_key(" Ann@Example.COM ") == "ann@example.com"


def test_what_is_stored_is_what_was_typed() -> None:
    assert check_name("  <!channel> *b* \u202e  ") == "<!channel> *b* \u202e"
    assert check_note(" two\nlines ") == "two\nlines"
    assert check_email(" Ann@Example.com ") == "Ann@Example.com"


@pytest.mark.parametrize("typed", ["", "  ", "\u200b", "a\x00b", "a\ud800", "x" * (NAME_LIMIT + 1)])
def test_a_name_that_cannot_be_is_given_back(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_name(typed)
    assert (caught.value.typed, caught.value.field) == (typed, "name")
    assert str(caught.value)


@pytest.mark.parametrize("typed", ["", " \n", "a\x00b", "x" * (NOTE_LIMIT + 1)])
def test_a_note_that_cannot_be_is_given_back(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_note(typed, field="note")
    assert (caught.value.typed, caught.value.field) == (typed, "note")
    assert str(caught.value)


def test_the_longest_name_and_note_are_kept() -> None:
    assert len(check_name("名" * NAME_LIMIT)) == NAME_LIMIT
    assert len(check_note("x" * NOTE_LIMIT)) == NOTE_LIMIT


@pytest.mark.parametrize("typed", ["", "ann", "a b@c.d", "a@b@c", "<a@b.c>", "a@" + "b" * 400, "a\x00@b.c"])
def test_an_address_that_is_none_is_given_back(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_email(typed)
    assert (caught.value.typed, caught.value.field) == (typed, "email")
