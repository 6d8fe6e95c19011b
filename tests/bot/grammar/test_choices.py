"""A choice is read by its own name, by the words of five languages, and by how either begins."""

from __future__ import annotations

import pytest

from bot.grammar.choices import ChoiceType
from bot.grammar.entities import decode
from bot.grammar.reading import read_whole
from storage.errors import Invalid
from storage.support.tickets import Priority, TicketStatus
from tests.support.writing import WRITER

PRIORITY = ChoiceType("priority", tuple(Priority))
STATUS = ChoiceType("status", tuple(TicketStatus), (("parked", "waiting"),))


@pytest.mark.parametrize(
    ("kind", "typed", "meant"),
    [
        (PRIORITY, "high", "high"),
        (PRIORITY, "HIGH.", "high"),
        (PRIORITY, "ｈｉｇｈ，", "high"),
        (PRIORITY, "hoch", "high"),
        (PRIORITY, "高", "high"),
        (PRIORITY, "haute", "high"),
        (PRIORITY, "alta", "high"),
        (PRIORITY, "URG", "urgent"),
        (PRIORITY, "dringend!", "urgent"),
        (PRIORITY, "紧急。", "urgent"),
        (PRIORITY, "crit", "urgent"),
        (STATUS, "waiting", "waiting"),
        (STATUS, "Waiting on", "waiting"),
        (STATUS, "waiting on customer.", "waiting"),
        (STATUS, "wartet auf Kunde", "waiting"),
        (STATUS, "parked", "waiting"),
        (STATUS, "done", "resolved"),
        (STATUS, "erledigt", "resolved"),
        (STATUS, "已解决", "resolved"),
        (STATUS, "res", "resolved"),
    ],
)
def test_a_word_means_a_value(kind: ChoiceType, typed: str, meant: str) -> None:
    assert read_whole(kind, decode(typed), WRITER, field=None) == meant


@pytest.mark.parametrize(
    ("kind", "text", "left"),
    [
        (PRIORITY, "high cannot print", " cannot print"),
        (PRIORITY, "高，登录失败", "，登录失败"),
        (STATUS, "waiting on customer since monday", " since monday"),
        (STATUS, "open, waiting", ", waiting"),
    ],
)
def test_a_choice_takes_as_many_words_as_it_knows(kind: ChoiceType, text: str, left: str) -> None:
    found = kind.read(decode(text), WRITER)
    assert found
    assert text[found.end :] == left


@pytest.mark.parametrize("typed", ["", "x", "highly", "high-ish", "normalement", "高级的", "<@U1>"])
def test_other_words_are_refused_with_all_values(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_whole(PRIORITY, decode(typed), WRITER, field="priority")
    assert caught.value.field == "priority"
    assert caught.value.params["choices"] == "low, normal, high, urgent"


def test_a_value_of_its_own_name_is_no_word_for_another() -> None:
    kind = ChoiceType("state", ("resolved", "done"))
    assert [read_whole(kind, decode(word), WRITER, field=None) for word in ("done", "solved", "hecho")] == [
        "done",
        "resolved",
        "done",
    ]


def test_of_a_bare_word_no_beginning_is_enough() -> None:
    assert ChoiceType("priority", tuple(Priority), whole=True).read(decode("no"), WRITER) is None
