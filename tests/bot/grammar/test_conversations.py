"""What people type after real commands, and what the commands are given of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.grammar import Args
from bot.grammar import parse as parse_for
from bot.registry import Registry, load
from storage.errors import Invalid
from storage.money import Money
from tests.support.writing import BERLIN, WRITER


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def typed(registry: Registry, line: str, locale: str = "en-US") -> Args:
    slash, _, text = line.partition(" ")
    command, rest = registry.command(slash, text)
    assert command is not None
    return parse_for(rest, registry.usages[command.words], replace(WRITER, locale=locale))


def eur(major: float, currency: str = "EUR") -> Money:
    return Money(round(major * 100), currency)


AMOUNTS = {
    "amount:12 000": ("", eur(12_000)),
    "amount:500 USD": ("", eur(500, "USD")),
    "amount:1.5 million": ("", eur(1_500_000)),
    'amount:"2,5 Mio. €"': ("", eur(2_500_000)),
    "amount:2,5 Mio. €": ("", eur(2_500_000)),
    'amount:"CHF 500.-"': ("", eur(500, "CHF")),
    "amount:CHF 500.- renewal": ("renewal", eur(500, "CHF")),
    "amount:12k": ("", eur(12_000)),
    "amount:5k, renewal": ("renewal", eur(5_000)),
    "amount:€ 1.200,50": ("", eur(1_200.5)),
    "amount:₹12,34,567": ("", eur(1_234_567, "INR")),
    "amount:1万": ("", eur(10_000)),
    "amount:3.5万元": ("", eur(35_000, "CNY")),
    "amount:3.5万元的合同": ("的合同", eur(35_000, "CNY")),
    "amount:12 2026 renewal": ("2026 renewal", eur(12)),
    "amount:12 000 000 for 2026": ("for 2026", eur(12_000_000)),
    "amount:500 licences": ("licences", eur(500)),
    "amount:500 all hands": ("all hands", eur(500)),
    "amount:500 ALL": ("", Money(500, "ALL")),
    "amount:500 top customer:harbor": ("", eur(500, "TOP")),
    "amount:5 m wide": ("m wide", eur(5)),
    "amount:5 m": ("", eur(5_000_000)),
    "amount:12k GBP renewal": ("renewal", eur(12_000, "GBP")),
    "amount:1 million dollars, signed": ("signed", eur(1_000_000, "USD")),
    "amount: 12k": ("", eur(12_000)),
    "(amount:5k)": ("", eur(5_000)),
    "(amount:5k, customer:harbor)": ("", eur(5_000)),
    "amount:5k.": ("", eur(5_000)),
    "amount:5k!": ("", eur(5_000)),
    "amount:12 Tsd. EUR Rahmenvertrag": ("Rahmenvertrag", eur(12_000)),
    "amount:120万，续约": ("续约", eur(1_200_000)),
}


@pytest.mark.parametrize(("words", "meant"), AMOUNTS.items())
def test_an_amount_takes_the_words_that_belong_to_it(registry: Registry, words: str, meant: tuple[str, Money]) -> None:
    args = typed(registry, f"/deal add Beta {words}", "zh-CN" if "元" in words else "en-US")
    assert (args["name"], args.amount("amount")) == (f"Beta {meant[0]}".strip(), meant[1])


TIMES = {
    "when:tomorrow 3pm call back": ("call back", "2026-11-26 15:00"),
    "call back when:tomorrow 3pm": ("call back", "2026-11-26 15:00"),
    "call when:tomorrow 3pm, about pricing": ("call about pricing", "2026-11-26 15:00"),
    "when:tomorrow at 3:30 call": ("call", "2026-11-26 15:30"),
    "when:tonight 8pm call": ("call", "2026-11-25 20:00"),
    "when: friday 9am call": ("call", "2026-11-27 09:00"),
    'when:"friday 9am" 10 licences': ("10 licences", "2026-11-27 09:00"),
    "when:friday 10 licences": ("10 licences", "2026-11-27 09:00"),
    "10 licences when:friday 10": ("10 licences", "2026-11-27 10:00"),
    "when:15h call": ("call", "2026-11-25 15:00"),
    "when:every 3rd thursday send the numbers": ("send the numbers", "2026-12-17 09:00"),
    "when:every monday 9am call": ("call", "2026-11-30 09:00"),
    "when:in 2 hours call": ("call", "2026-11-25 13:00"),
    "when:end of month, invoice": ("invoice", "2026-11-30 09:00"),
    "when:morgen um 15 Uhr anrufen": ("anrufen", "2026-11-26 15:00"),
    "anrufen when:nächsten Montag": ("anrufen", "2026-11-30 09:00"),
    "when:jeden Freitag um halb vier Bericht schicken": ("Bericht schicken", "2026-11-27 15:30"),
    "when:明天下午3点给客户打电话": ("给客户打电话", "2026-11-26 15:00"),
    "打电话 when：下周五上午9点": ("打电话", "2026-12-04 09:00"),
    "when:每周一上午9点，开会": ("开会", "2026-11-30 09:00"),
    "when:2026-12-24T10:30 call": ("call", "2026-12-24 10:30"),
    "(when:friday) call": ("call", "2026-11-27 09:00"),
    "call when:friday?": ("call", "2026-11-27 09:00"),
    "call Carla tomorrow at 3pm": ("call Carla", "2026-11-26 15:00"),
    "friday 3pm call back": ("call back", "2026-11-27 15:00"),
    "tomorrow": (None, "2026-11-26 09:00"),
    "ask 3 people, every monday 9am.": ("ask 3 people", "2026-11-30 09:00"),
    "call on friday": ("call", "2026-11-27 09:00"),
    "send 10 licences by monday": ("send 10 licences", "2026-11-30 09:00"),
    "anrufen morgen um 15 Uhr": ("anrufen", "2026-11-26 15:00"),
    "明天下午3点给客户打电话": ("给客户打电话", "2026-11-26 15:00"),
    "tell <@U0CARLA> in 2 hours": ("tell @U0CARLA", "2026-11-25 13:00"),
}


@pytest.mark.parametrize(("words", "meant"), TIMES.items())
def test_a_time_takes_the_words_that_belong_to_it(
    registry: Registry, words: str, meant: tuple[str | None, str]
) -> None:
    args = typed(registry, f"/followup add D-1 {words}")
    when = args.when("when")
    assert when
    assert (args.get("text"), f"{when.at.astimezone(BERLIN):%Y-%m-%d %H:%M}") == meant


@pytest.mark.parametrize(
    "words", ["", "call back", "order 12", "renewal 2027", "may I call?", "3 of 10", "note a monday lunch"]
)
def test_words_without_a_time_are_no_time(registry: Registry, words: str) -> None:
    with pytest.raises(Invalid, match="when: is missing"):
        typed(registry, f"/followup add D-1 {words}")


def test_a_time_among_the_words_that_has_passed_is_refused(registry: Registry) -> None:
    with pytest.raises(Invalid, match="passed"):
        typed(registry, "/followup add D-1 call back yesterday 3pm")


DAYS = {
    "/deal add Beta close:december": date(2026, 12, 31),
    "/deal add Beta close:next friday amount:5k": date(2026, 12, 4),
    "/deal add Beta close:24 Dec, renewal": date(2026, 12, 24),
    "/deal add Beta close:Ende Dezember": date(2026, 12, 31),
    "/deal add Beta close:下个月十五号": date(2026, 12, 15),
    "/deal add Beta close:24.12.": date(2026, 12, 24),
    "/deal add Beta close:3/4": date(2027, 3, 4),
}


@pytest.mark.parametrize(("line", "day"), DAYS.items())
def test_a_day_takes_the_words_that_belong_to_it(registry: Registry, line: str, day: date) -> None:
    assert typed(registry, line).date("close") == day


def test_a_day_of_other_commands_takes_its_words_too(registry: Registry) -> None:
    away = typed(registry, "/crm away until:next monday").moment("until")
    assert away
    assert f"{away.astimezone(BERLIN):%Y-%m-%d %H:%M}" == "2026-11-30 09:00"
    assert typed(registry, "/crm renewal add harbor on:March 1").date("on") == date(2027, 3, 1)
    assert typed(registry, "/crm renewal add on:1. März harbor").text == "harbor"


TEXTS: dict[str, dict[str, Any]] = {
    "/deal note D-1 They want to share: logs": {"deal": "D-1", "note": "They want to share: logs"},
    "/deal note D-1 They want to share:logs": {"note": "They want to share:logs"},
    "/deal note D-1 Shares:up 5%": {"note": "Shares:up 5%"},
    "/ticket add Customer: cannot log in": {"name": "Customer: cannot log in", "customer": None},
    "/ticket add Customer: cannot log in customer:harbor": {"name": "Customer: cannot log in", "customer": "harbor"},
    "/ticket add Priority: high": {"name": "Priority: high", "priority": None},
    "/ticket add Login fails customer:harbor, priority:High,": {
        "name": "Login fails",
        "customer": "harbor",
        "priority": "High",
    },
    "/ticket add Login fails, priority:high": {"name": "Login fails", "priority": "high"},
    "/ticket add Anmeldung geht nicht (customer:harbor)": {"name": "Anmeldung geht nicht", "customer": "harbor"},
    "/ticket add 登录失败，customer:harbor": {"name": "登录失败，customer:harbor", "customer": None},
    "/ticket add 登录失败 priority:高，": {"name": "登录失败", "priority": "高"},
    "/deal add Beta stage:negotiation.": {"name": "Beta", "stage": "negotiation"},
    "/customer add Beta tier:gold, domain:beta.com;": {"name": "Beta", "tier": "gold", "domain": "beta.com"},
    '/customer add Acme customer:"Acme Inc."': {"name": 'Acme customer:"Acme Inc."'},
    '/deal add Beta customer:"Acme Inc."': {"customer": "Acme Inc."},
    "/followup add D-1 then:call them when:2026-12-01": {"text": "then:call them"},
    "/followup add D-1 Ask when: they sign, when:2026-12-01.": {"text": "Ask when: they sign"},
    '/followup add D-1 they wrote "when:friday" when:2026-12-01': {"text": 'they wrote "when:friday"'},
    "/crm holiday add 24 Dec Christmas Eve": {"name": "Christmas Eve"},
}


@pytest.mark.parametrize(("line", "given"), TEXTS.items())
def test_a_key_word_in_a_text_is_text(registry: Registry, line: str, given: dict[str, Any]) -> None:
    args = typed(registry, line)
    assert {name: args.get(name) for name in given} == given


def test_a_day_at_the_beginning_takes_its_words(registry: Registry) -> None:
    assert typed(registry, "/crm holiday add 24 Dec Christmas Eve").date("day") == date(2026, 12, 24)


REFUSED = {
    "/deal add Beta amount:lots": "lots is not an amount I understand",
    "/deal add Beta amount:": "amount: has no value",
    "/deal add Beta amount:1.234": "can be read in more than one way",
    "/deal add Beta amount:$5 EUR": "is not an amount I understand",
    "/deal add Beta amount:-5 EUR": "cannot be negative",
    "/deal add Beta amount:12-13k": "12-13k is not an amount",
    "/deal add Beta amuont:12k": "I do not know amuont:",
    "/deal add Beta costumer:acme": "I do not know costumer:",
    "/followup add D-1 when:someday": "someday is not a time",
    "/followup add D-1 when:tomorrow 25:00 call": "tomorrow is not a time",
    "/followup add D-1 when:past friday call": "past friday has passed",
    "/followup add D-1 when:8h call": "8h can be read in more than one way",
    "/followup add D-1 when:every second friday call": "can be read in more than one way",
    "/deal add Beta close:friday-ish": "friday-ish is not a date",
    "/followup add D-1 wehn:friday": "I do not know wehn:",
}


@pytest.mark.parametrize(("line", "sentence"), REFUSED.items())
def test_what_cannot_be_read_is_named(registry: Registry, line: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=None) as caught:
        typed(registry, line)
    assert sentence in str(caught.value)
    assert caught.value.typed
