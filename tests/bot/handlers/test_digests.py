"""Digests as managers meet them: set up, sent, explained and stopped."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, update

from bot import blocks as b
from bot.handlers.digests import commands
from sandbox.control import Person
from storage import digests, due
from storage.due import Due
from storage.errors import Invalid, NotFound
from tests.bot.conftest import Company, becomes


def plain(text: str) -> str:
    return text.replace("*", "").replace("_", "")


@pytest.fixture
def business(company: Company, manager: Person) -> Company:
    """Give the company deals, a promise that is overdue, and tickets."""
    company.rep.types("/deal add Small amount:5k stage:proposal")
    company.rep.types("/deal add Big amount:€70k")
    company.rep.types("/deal add Signed amount:12k")
    company.rep.types("/deal won D-3")
    company.agent.types("/ticket add Login fails priority:urgent")
    company.agent.types("/ticket add Slow")
    company.agent.types("/ticket status T-2 resolved")
    return company


def comes_due(company: Company, reference: str = "G-1") -> None:
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Due).where(Due.subject == reference).values(at=func.now()))
    company.bot.clock.materialise()


def test_a_digest_is_seen_at_once_and_each_number_explained(business: Company, manager: Person) -> None:
    shown = plain(manager.types("/digest now").text)
    assert all(part in shown for part in ("Pipeline", "Proposal  1  $5,000  50%", "Lead  1  €70,000  10%"))
    assert "Deals won\n1  $12,000" in shown
    assert "Tickets opened\n2" in shown
    assert "Backlog  1, 1 of them high or urgent" in shown
    assert "Weighted forecast: €7,000, $2,500" in shown
    manager.selects("What is behind…", "Deals won")
    manager.sees("Deals won: 1")
    assert "D-3 Signed  $12,000" in plain(manager.sees("Deals won: 1"))
    manager.selects("What is behind…", "Stalled deals")
    manager.sees("Nothing is behind it.")


def test_a_digest_of_one_part_and_another_period(business: Company, manager: Person) -> None:
    pipeline = manager.types("/digest now pipeline period:month").text
    assert "Pipeline" in pipeline
    assert "Backlog" not in pipeline
    support = manager.types("/digest now support period:day").text
    assert "Backlog" in support
    assert "Pipeline" not in support
    assert "It is of pipeline, support or both." in manager.types("/digest now weather").text
    assert "It is day, week or month." in manager.types("/digest now period:decade").text


def test_explaining_by_word(business: Company, manager: Person) -> None:
    assert "D-3 Signed" in plain(manager.types("/digest explain won").text)
    assert "T-1 Login fails" in plain(manager.types("/digest explain backlog").text)
    assert "Did you mean stalled?" in manager.types("/digest explain staled").text
    assert "They are: open, new, won" in manager.types("/digest explain luck").text


def test_an_empty_company_has_a_digest_too(company: Company, manager: Person) -> None:
    shown = plain(manager.types("/digest now").text)
    assert "No open deals." in shown
    assert "Nothing is open." in shown
    assert "First answer\nnone yet" in shown


def test_a_digest_comes_by_message_at_its_time(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    manager.submits({"Name": "Morning numbers", "At": "08:30"})
    manager.sees("Saved. It comes for the first time")
    manager.sees("Monday to Friday 8:30 AM (Asia/Tokyo), to @Mara Manager")
    with business.database.transaction(business.workspace) as session:
        row = due.get(session, "digest", "G-1")
        assert row is not None
        assert (row.zone, row.target_user) == ("Asia/Tokyo", "UAMANAGER")
    comes_due(business)
    assert "Deals won\n1  $12,000" in plain(manager.sees("Morning numbers", channel="@Rapport"))
    manager.selects("What is behind…", "Tickets opened", channel="@Rapport")
    becomes(lambda: any("T-2" in text and "Slow" in text for text in manager.texts("@Rapport")))


def test_a_weekly_digest_to_a_channel(business: Company, manager: Person) -> None:
    manager.types("/digest")
    manager.submits(
        {"What": "Pipeline", "How often": "Once a week", "On (if once a week)": "Friday", "To a channel": "CGENERAL"}
    )
    manager.sees("Pipeline, every Friday 9:00 AM (Asia/Tokyo), to #general")
    comes_due(business)
    business.rep.sees("Weighted forecast", channel="CGENERAL")
    business.rep.selects("What is behind…", "Deals won", channel="CGENERAL")
    business.rep.sees("D-3", channel="CGENERAL")
    business.agent.does_not_see("Deals won: 1", channel="CGENERAL")


def test_numbers_do_not_go_where_others_read(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    refused = manager.submits({"To a channel": "CSHARED"})
    assert "shared with another organisation" in refused.errors["channel"]
    manager.submits({"To a channel": "CSUPPORT"})
    manager.sees("to #support")


def test_a_digest_counts_whose_records_it_says(business: Company, manager: Person) -> None:
    business.admin.types("/crm role @rep rep manager:@manager")
    business.agent.types("/deal add Theirs amount:1k")
    business.agent.types("/deal won D-4")
    manager.types("/digest new")
    manager.submits({"Name": "Team", "Whose": "My team's"})
    manager.sees("It comes for the first time")
    comes_due(business)
    assert "Deals won\n1  $12,000" in plain(manager.sees("Team", channel="@Rapport"))
    manager.selects("What is behind…", "Deals won", channel="@Rapport")
    manager.sees("Signed", channel="@Rapport")
    manager.does_not_see("Theirs", channel="@Rapport")


def test_a_digest_is_stopped_started_sent_and_deleted(business: Company, manager: Person) -> None:
    assert "No digests yet." in manager.types("/digest list").text
    manager.types("/digest new")
    manager.submits({"Name": "Morning numbers"})
    manager.sees("It comes for the first time")
    manager.clicks("Stop")
    manager.sees("(stopped)")
    comes_due(business)
    manager.clicks("Send now")
    manager.sees("Morning numbers is on its way.")
    manager.sees("Deals won", channel="@Rapport")
    assert len(manager.messages("@Rapport")) == 1
    manager.clicks("Start")
    becomes(lambda: not any("(stopped)" in text for text in manager.texts()))
    with business.database.transaction(business.workspace) as session:
        assert digests.get(session, 1).active
        assert due.get(session, "digest", "G-1") is not None
    manager.clicks("Delete")
    manager.sees("Morning numbers is deleted.")
    assert "No digests yet." in manager.types("/digest list").text
    with business.database.transaction(business.workspace) as session:
        assert due.get(session, "digest", "G-1") is None


def test_a_stale_card_of_a_digest_says_who_was_quicker(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    manager.submits({"Name": "Morning numbers"})
    manager.sees("It comes for the first time")
    business.admin.types("/digest list")
    business.admin.clicks("Stop")
    business.admin.sees("(stopped)")
    manager.clicks("Stop")
    manager.sees("Nothing was done: Ada Admin has changed this meanwhile")


def test_digests_are_for_managers(rep: Person) -> None:
    assert "needs the role manager" in rep.types("/digest list").text
    assert "needs the role manager" in rep.types("/digest now").text


@pytest.mark.parametrize("detail", ["", "won", "won x y", "won 1 nan", "won 1 1e99", "luck 1 2"])
def test_a_menu_that_is_not_ours_explains_nothing(detail: str) -> None:
    with pytest.raises((Invalid, NotFound)):
        commands.behind(b.Control(detail=detail), None, None, datetime.now(UTC), None)  # type: ignore[arg-type]  # refused first
