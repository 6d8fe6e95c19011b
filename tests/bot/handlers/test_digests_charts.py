"""The charts of digests: drawn, delivered with the digest, and left out where they cannot be."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.handlers.digests.drawing import charts, words
from sandbox.control.client import Person
from storage.digests.metrics import Day
from tests.support.company import Company

PNG = b"\x89PNG\r\n\x1a\n"


def test_charts_are_pictures_also_of_what_the_font_lacks() -> None:
    rows = [("Lead", 3), ("\u5546\u673a", 2), ("$x^2$ & <b> with a very long name", 0)]
    assert charts.bars("\u9500\u552e", rows, 2).startswith(PNG)
    days = [Day(date(2026, 11, 1) + timedelta(number), number % 3, 0) for number in range(14)]
    assert charts.lines("Tickets", ("opened", "\u5df2\u89e3\u51b3"), days).startswith(PNG)
    assert charts.drawable("Qualified")
    assert not charts.drawable("\u5546\u673a")


@pytest.fixture
def digest(company: Company, manager: Person) -> Company:
    company.rep.types("/deal add Small amount:5k stage:proposal")
    company.rep.types("/deal add Big amount:70k")
    company.agent.types("/ticket add Login fails")
    manager.types("/digest new")
    manager.submits({"Name": "Numbers"})
    manager.sees("It comes for the first time")
    return company


def test_a_digest_comes_with_its_charts(digest: Company, manager: Person) -> None:
    manager.clicks("Send now")
    manager.sees("Numbers", channel="@Rapport")
    (message,) = manager.messages("@Rapport")
    images = [block for block in message["blocks"] if block["type"] == "image"]
    assert [bool(block["slack_file"]["id"]) for block in images] == [True, True]
    assert images[0]["alt_text"] == "Open deals by stage: Lead 1, Proposal 1"
    assert "1/0" in images[1]["alt_text"]
    assert message["blocks"][message["blocks"].index(images[0]) + 1]["type"] == "divider"


def test_a_digest_comes_without_charts_that_slack_does_not_take(digest: Company, manager: Person) -> None:
    digest.sandbox.control.fault("error", method="files.completeUploadExternal", code="internal_error")
    manager.clicks("Send now")
    manager.sees("Numbers", channel="@Rapport")
    digest.settles()
    (message,) = manager.messages("@Rapport")
    assert not [block for block in message["blocks"] if block["type"] == "image"]


def test_what_only_one_sees_has_its_charts_in_characters(company: Company, manager: Person) -> None:
    company.rep.types("/deal add Acme amount:12k", channel="CGENERAL")
    company.rep.types("/deal add Globex amount:5k", channel="CGENERAL")
    company.rep.types("/deal add Initech stage:proposal", channel="CGENERAL")
    company.rep.types("/ticket add Login fails", channel="CGENERAL")
    shown = manager.types("/digest now", channel="CGENERAL").text
    assert "Lead      ████████████ 2" in shown
    assert "Proposal  ██████ 1" in shown
    assert "Tickets per day, the last 14 days" in shown
    assert "opened    ·············█  1" in shown


@pytest.mark.parametrize(
    ("counts", "most", "drawn"),
    [([0, 1, 4, 8], 8, "·▁▄█"), ([0, 0], 1, "··"), ([3], 3, "█"), ([1, 1000], 1000, "▁█")],
)
def test_columns_are_as_high_as_the_numbers(counts: list[int], most: int, drawn: str) -> None:
    assert words.columns(counts, most) == drawn


def test_a_bar_that_is_not_empty_shows_something() -> None:
    assert [len(words.bar(count, 1000)) for count in (0, 1, 500, 1000)] == [0, 1, 6, 12]
