"""Show that names are found as people write them: with other marks and hyphens, without legal form, misspelt."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.crm import customers, deals
from storage.errors import Ambiguous, NotFound
from storage.names import name_key
from storage.records import search
from storage.records.search import How, whole_name

ANY_TEXT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

WORDS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäéîøßşıçñ"), min_size=5, max_size=12)
HYPHENS = "-‐‑‒–—―−﹣－"
APOSTROPHES = "'’‘ʼ`´"


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [
        ("O'Brien & Sons", "O’Brien and Sons"),
        ("Zoë", "zoe"),
        ("Zoe", "Zoe\u0308"),
        ("İstanbul Işık", "istanbul isik"),
        ("ŞOK", "sok"),
        ("Łódź Steel", "Lodz Steel"),
        ("Ørsted A/S", "orsted as"),
        ("Müller Maschinenbau GmbH & Co. KG", "Müller Maschinenbau"),
        ("Acme, Inc.", "ACME"),
        ("Acme S.A.", "Acme SA"),
        ("The Home Depot", "home depot"),
        ("Coca-Cola", "Coca Cola"),
        ("Coca‑Cola", "CocaCola"),
        ("T-1 Mobile", "T1 Mobile"),
        ("AT&T Inc.", "AT & T"),
        ("深圳华为技术有限公司", "深圳华为技术"),
        ("株式会社トヨタ", "トヨタ"),
        ("ПАО Газпром", "Газпром"),
        ("Ёлка", "Елка"),
        ("ＡＣＭＥ", "acme"),
        ("Booking.com", "booking com"),
    ],
)
def test_names_that_people_take_for_the_same_are_the_same(session: Session, written: str, otherwise: str) -> None:
    made = customers.add(session, name=written)
    customers.add(session, name="Globex")
    assert customers.resolve(session, otherwise) is made
    assert customers.likely_duplicates(session, otherwise)[0] is made
    (hit, *_) = search.find(session, otherwise)
    assert (hit.id, hit.how, hit.score) == (made.id, How.SAME, 1.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1&1", "T-1 Mobile"), ("Acme Foods", "Globex Foods"), ("Co", "KG"), ("华为", "华润")],
)
def test_names_that_are_others_are_no_twins(session: Session, one: str, other: str) -> None:
    customers.add(session, name=other)
    assert customers.likely_duplicates(session, one) == []
    assert customers.likely_duplicates(session, f"{one} ") == []


def test_a_name_of_legal_words_or_marks_alone_is_itself(session: Session) -> None:
    for name in ("Co", "The Company", "SA", "!!!", "&", "🦊", "有限公司", "1&1"):
        made = customers.add(session, name=name)
        assert customers.resolve(session, name) is made, name


def test_words_that_two_have_are_asked_about_and_what_is_near_is_offered(session: Session) -> None:
    first = deals.add(session, name="Harbor renewal")
    second = deals.add(session, name="Pilot Harbor")
    with pytest.raises(Ambiguous) as both:
        deals.resolve(session, "harbor")
    assert {one.id for one in both.value.candidates} == {first.id, second.id}
    assert deals.resolve(session, "pilot") is second
    with pytest.raises(NotFound) as near:
        deals.resolve(session, "harbour pilot")
    assert near.value.candidates[0] is second


def test_of_records_of_one_name_all_but_one_come_last(session: Session) -> None:
    for _ in range(8):
        customers.add(session, name="Harbor Foods")
    other = customers.add(session, name="Harbor Foods Berlin")
    assert other.id in [hit.id for hit in search.find(session, "harbor foods", limit=3)]


@ANY_TEXT
@given(name=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=60))
@example("a" * 200)
@example("-_-")
@example("C-1")
@example("% _ ' \\ / $1 {} [x] '; DROP TABLE record; --")
def test_every_name_is_found_by_itself(session: Session, name: str) -> None:
    assume(name_key(name))
    with session.begin_nested() as undone:
        made = customers.add(session, name=name)
        key = session.scalar(select(whole_name(name)))
        assert key
        assert (made.id, How.SAME) in [(hit.id, hit.how) for hit in search.find(session, name)]
        undone.rollback()


@ANY_TEXT
@given(words=st.lists(WORDS, min_size=2, max_size=4, unique=True), data=st.data())
def test_one_wrong_letter_hides_nothing(session: Session, words: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(words) - 1))
    word = words[at]
    place = data.draw(st.integers(1, len(word) - 2))
    wrong = data.draw(
        st.sampled_from(
            (
                word[:place] + word[place + 1 :],
                word[:place] + "q" + word[place:],
                word[:place] + "q" + word[place + 1 :],
                word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            )
        )
    )
    typed = " ".join([*words[:at], wrong, *words[at + 1 :]])
    with session.begin_nested() as undone:
        made = customers.add(session, name=" ".join(words))
        customers.add(session, name="Something Else")
        assert made.id in [hit.id for hit in search.find(session, typed)]
        undone.rollback()


@ANY_TEXT
@given(
    words=st.lists(WORDS, min_size=2, max_size=3), hyphen=st.sampled_from(HYPHENS), mark=st.sampled_from(APOSTROPHES)
)
def test_marks_between_letters_change_nothing(session: Session, words: list[str], hyphen: str, mark: str) -> None:
    plain = session.scalar(select(whole_name(" ".join(words))))
    joined = hyphen.join(words)
    assert session.scalar(select(whole_name(joined))) == plain
    assert session.scalar(select(whole_name(f"{joined[:2]}{mark}{joined[2:]} GmbH"))) == plain
    assert session.scalar(select(whole_name(joined.upper()))) in {plain, session.scalar(select(func.lower(plain)))}
