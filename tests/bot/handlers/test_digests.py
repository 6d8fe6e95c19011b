"""Digests as managers meet them: set up, sent, explained and stopped."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from bot.handlers.digests import lists
from bot.kit import blocks as b
from sandbox.control.client import Person
from storage.digests import schedules
from storage.digests.runs import DigestRun
from storage.errors import Invalid, NotFound
from storage.queues import due
from storage.queues.due import Due
from storage.queues.outbox import Delivery
from storage.support import tickets
from tests.support.company import Company
from tests.support.waiting import until


def plain(text: str) -> str:
    return text.replace("*", "").replace("_", "").replace("\u00a0", " ")


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


def a_week_ago(company: Company) -> None:
    """Have the digests that were shown be of a week ago, or a little more."""
    with company.database.transaction(company.workspace) as session:
        session.execute(update(DigestRun).values(until=DigestRun.until - timedelta(days=7, minutes=1)))


def test_a_digest_is_seen_at_once_and_each_number_explained(business: Company, manager: Person) -> None:
    shown = plain(manager.types("/digest now").text)
    assert all(part in shown for part in ("Pipeline", "Proposal  1  $5,000  50%", "Lead  1  €70,000  10%"))
    assert "Deals won\n1  $12,000" in shown
    assert "Tickets opened\n2" in shown
    assert "Backlog  1, 1 of them high or urgent" in shown
    assert "Weighted forecast: €7,000, $2,500" in shown
    manager.selects("Behind the numbers…", "F5 Deals won")
    assert "D-3 Signed  $12,000" in plain(manager.sees("F5 Deals won: 1"))
    manager.selects("Behind the numbers…", "F6 Deals lost")
    manager.sees("There are no records behind it.")


def test_a_digest_of_one_part_and_another_period(business: Company, manager: Person) -> None:
    pipeline = manager.types("/digest now pipeline period:month").text
    assert "Pipeline" in pipeline
    assert "Backlog" not in pipeline
    support = manager.types("/digest now support period:day").text
    assert "Backlog" in support
    assert "Pipeline" not in support
    assert "Choose pipeline, support, team or both." in manager.types("/digest now weather").text
    assert "Write day, week, month, quarter or year." in manager.types("/digest now period:decade").text


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


def test_a_number_is_explained_by_its_key_as_it_was_counted(business: Company, manager: Person) -> None:
    assert "No digest came here or to you yet." in business.rep.types("/digest explain F1").text
    manager.types("/digest now pipeline")
    business.rep.types("/deal move D-1 qualified")
    business.rep.types("/deal won D-2")
    shown = plain(manager.types("/digest explain f3").text)
    assert "F3 Open deals: Proposal: 1" in shown
    assert "D-1 Small  $5,000" in shown
    manager.types("/digest now support")
    assert "T-1 Login fails" in plain(manager.types("/digest explain F1").text)
    assert "D-1 Small" in plain(manager.types("/digest explain F3 of:pipeline").text)
    assert "has the numbers F1 to F6" in manager.types("/digest explain F9").text
    assert "No digest called “luck”" in manager.types("/digest explain F1 of:luck").text


def test_numbers_say_how_they_changed(business: Company, manager: Person) -> None:
    assert "Deals won\n1  $12,000  ▲ 1" in plain(manager.types("/digest now pipeline").text)
    a_week_ago(business)
    business.rep.types("/deal add Another amount:1k stage:proposal")
    business.rep.types("/deal lost D-2 price")
    shown = plain(manager.types("/digest now pipeline").text)
    assert "2 open  ±0" in shown
    assert "Proposal  2  $6,000  50%  ▲ 1" in shown
    assert "Weighted forecast: $3,000  ▲ $500" in shown
    assert "Lost because of: price 1" in shown
    assert "Proposal  2  $6,000  50%  ▲ 1" in plain(manager.types("/digest now pipeline").text), (
        "looking changes nothing"
    )
    assert "▲ 1" in plain(manager.types("/digest now pipeline period:quarter").text)


def test_the_backlog_names_what_it_leaves_out(business: Company, manager: Person) -> None:
    with business.database.transaction(business.workspace) as session:
        for number in range(10):
            tickets.add(session, name=f"Ticket {number}", category=f"category {number}")
    shown = plain(manager.types("/digest now support").text)
    assert "Backlog  11" in shown
    assert "Other  3" in shown


def test_missed_digests_come_as_one_that_says_so(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    manager.submits({"Name": "Morning numbers"})
    manager.sees("It comes for the first time")
    with business.database.transaction(business.workspace) as session:
        ago = func.now() - timedelta(days=3)
        session.execute(update(Due).where(Due.subject == "G-1").values(at=ago))
    business.bot.clock.materialise()
    assert "Late by 3 days: Rapport was not running when this was due." in plain(
        manager.sees("Morning numbers", channel="@Rapport")
    )
    assert "Deals won\n1" in plain(manager.sees("Morning numbers", channel="@Rapport"))
    business.bot.clock.materialise()
    business.settles()
    assert len(manager.messages("@Rapport")) == 1


def test_digests_that_quiet_hours_held_come_as_one(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    manager.submits({"Name": "Morning numbers", "What": ["Pipeline"]})
    manager.sees("It comes for the first time")
    here = datetime.now(ZoneInfo("Asia/Tokyo"))
    manager.types(f"/crm quiet {here - timedelta(hours=1):%H:%M}-{here + timedelta(hours=2):%H:%M}")
    for _day in range(2):
        comes_due(business)
    business.settles()
    assert manager.messages("@Rapport") == []
    with business.database.transaction(business.workspace) as session:
        waiting = session.scalars(
            select(Delivery).where(Delivery.renderer == schedules.RENDERER).order_by(Delivery.seq)
        )
        for days, row in zip((2, 1), waiting, strict=True):
            ago = datetime.now(UTC) - timedelta(days=days)
            row.created_at, row.payload = ago, row.payload | {"due_at": ago.isoformat()}
    manager.types("/crm quiet off")
    shown = plain(manager.sees("Morning numbers", channel="@Rapport"))
    assert "Late by 2 days: it was held back until quiet hours were over." in shown
    business.settles()
    assert len(manager.messages("@Rapport")) == 1
    comes_due(business)
    until(lambda: len(manager.messages("@Rapport")) == 2)


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
    manager.selects("Behind the numbers…", "F8 Tickets opened", channel="@Rapport")
    until(lambda: any("T-2" in text and "Slow" in text for text in manager.texts("@Rapport")))


def test_a_weekly_digest_to_a_channel(business: Company, manager: Person) -> None:
    manager.types("/digest")
    manager.submits(
        {"What": ["Pipeline"], "How often": "Once a week", "On (if once a week)": "Friday", "To a channel": "CGENERAL"}
    )
    manager.sees("Pipeline, every Friday 9:00 AM (Asia/Tokyo), to #general")
    comes_due(business)
    business.rep.sees("Weighted forecast", channel="CGENERAL")
    business.rep.selects("Behind the numbers…", "F5 Deals won", channel="CGENERAL")
    business.rep.sees("D-3", channel="CGENERAL")
    business.agent.does_not_see("Deals won: 1", channel="CGENERAL")


def test_numbers_do_not_go_where_others_read(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    refused = manager.submits({"To a channel": "CSHARED"})
    assert "shared with another organisation" in refused.errors["channel"]
    manager.submits({"To a channel": "CSUPPORT"})
    manager.sees("to #support")


def test_numbers_do_not_go_where_others_read_by_now(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    manager.submits({"Name": "Numbers", "What": ["Pipeline"], "To a channel": "CGENERAL"})
    manager.sees("to #general")
    business.sandbox.control.admin("shares", channel="CGENERAL", team="TB")
    comes_due(business)
    manager.sees("A digest G-1 for #general", channel="@Rapport")
    manager.sees("others than your own people read that channel by now", channel="@Rapport")
    comes_due(business)
    business.settles()
    assert len(manager.messages("@Rapport")) == 1
    business.rep.does_not_see("Deals won", channel="CGENERAL")


def test_a_digest_counts_whose_records_it_says(business: Company, manager: Person) -> None:
    business.admin.types("/crm role @rep rep manager:@manager")
    business.agent.types("/deal add Theirs amount:1k")
    business.agent.types("/deal won D-4")
    manager.types("/digest new")
    manager.submits({"Name": "Team", "Whose": "A team's"})
    manager.sees("It comes for the first time")
    comes_due(business)
    assert "Deals won\n1  $12,000" in plain(manager.sees("Team", channel="@Rapport"))
    manager.selects("Behind the numbers…", "F5 Deals won", channel="@Rapport")
    manager.sees("Signed", channel="@Rapport")
    manager.does_not_see("Theirs", channel="@Rapport")


def test_a_digest_is_stopped_started_sent_and_deleted(business: Company, manager: Person) -> None:
    assert "No digests yet." in manager.types("/digest list").text
    manager.types("/digest new")
    manager.submits({"Name": "Morning numbers"})
    manager.sees("It comes for the first time")
    manager.clicks("Pause")
    manager.sees("(paused)")
    comes_due(business)
    manager.clicks("Send now")
    manager.sees("Morning numbers is on its way.")
    manager.sees("Deals won", channel="@Rapport")
    assert len(manager.messages("@Rapport")) == 1
    manager.clicks("Resume")
    until(lambda: not any("(paused)" in text for text in manager.texts()))
    with business.database.transaction(business.workspace) as session:
        assert schedules.get(session, 1).active
        assert due.get(session, "digest", "G-1") is not None
    manager.clicks("Delete")
    manager.sees("Morning numbers is deleted.")
    assert "No digests yet." in manager.types("/digest list").text
    with business.database.transaction(business.workspace) as session:
        assert due.get(session, "digest", "G-1") is None


def test_every_digest_is_on_a_page_of_the_list(company: Company, manager: Person) -> None:
    with company.database.transaction(company.workspace) as session:
        for number in range(1, 9):
            schedules.add(session, name=f"Number {number} {'x' * 60}", at_time=time(9), zone="UTC", owner_id=manager.id)
    first = plain(manager.types("/digest list").text)
    assert "Digests: 1 to 6" in first
    assert "Number 6" in first
    assert "Number 7" not in first
    manager.clicks("More")
    manager.sees("Number 8")
    assert "Number 6" not in manager.texts()[-1]
    manager.clicks("Back")
    assert "Digests: 1 to 6" in plain(manager.sees("Number 1"))


def test_a_digest_is_edited_previewed_and_left(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    manager.submits(
        {"Name": "Numbers", "What": ["Team", "Renewals"], "If there is nothing to report": ["Send nothing"]}
    )
    assert "Team, Renewals, Monday to Friday" in plain(manager.sees("It comes for the first time"))
    manager.clicks("Preview")
    assert "Rita Rep  won 1  ▲ 1" in plain(manager.sees("A preview."))
    assert "Pipeline" not in manager.texts()[-1]
    manager.clicks("Edit")
    manager.submits({"Name": "Pipeline only", "What": ["Pipeline"], "At": "10:30", "Time zone": "Europe/Paris"})
    assert "Pipeline, Monday to Friday 10:30 AM (Europe/Paris)" in plain(manager.sees("Pipeline only"))
    comes_due(business)
    assert "Deals won" in manager.sees("Pipeline only", channel="@Rapport")
    manager.clicks("Unsubscribe", channel="@Rapport")
    manager.sees("Pipeline only no longer comes.", channel="@Rapport")
    with business.database.transaction(business.workspace) as session:
        assert due.get(session, "digest", "G-1") is None
    manager.types("/crm undo")
    with business.database.transaction(business.workspace) as session:
        assert due.get(session, "digest", "G-1") is not None


def test_a_preview_is_no_digest_that_went_out(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    manager.submits({"Name": "Numbers", "What": ["Pipeline"]})
    manager.sees("It comes for the first time")
    comes_due(business)
    manager.sees("2 open", channel="@Rapport")
    business.rep.types("/deal add Another amount:1k stage:proposal")
    manager.clicks("Preview")
    manager.sees("A preview.")
    comes_due(business)
    assert "3 open  ▲ 1" in plain(manager.sees("3 open", channel="@Rapport"))


def test_a_channels_digest_is_left_by_managers_only(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    refused = manager.submits({"What": [], "To a channel": "CGENERAL", "Time zone": "Mars"})
    assert refused.errors
    manager.submits({"What": ["Pipeline"], "Time zone": "Asia/Tokyo"})
    manager.sees("to #general")
    comes_due(business)
    business.rep.sees("Deals won", channel="CGENERAL")
    business.rep.clicks("Unsubscribe", channel="CGENERAL")
    business.rep.sees("This digest goes to others too.", channel="CGENERAL")
    manager.clicks("Unsubscribe", channel="CGENERAL")
    manager.sees("no longer comes", channel="CGENERAL")


def test_a_digest_with_nothing_to_say_is_skipped_if_so_chosen(company: Company, manager: Person) -> None:
    company.rep.types("/deal add Quiet amount:5k")
    company.rep.types("/digest explain open")
    manager.types("/digest new")
    manager.submits({"Name": "Quiet", "What": ["Support"], "If there is nothing to report": ["Send nothing"]})
    manager.sees("It comes for the first time")
    comes_due(company)
    company.settles()
    assert manager.messages("@Rapport") == []
    manager.clicks("Preview")
    manager.sees("nothing would be sent")
    company.agent.types("/ticket add Login fails")
    comes_due(company)
    manager.sees("Tickets opened", channel="@Rapport")


def test_a_stale_card_of_a_digest_says_who_was_quicker(business: Company, manager: Person) -> None:
    manager.types("/digest new")
    manager.submits({"Name": "Morning numbers"})
    manager.sees("It comes for the first time")
    business.admin.types("/digest list")
    business.admin.clicks("Pause")
    business.admin.sees("(paused)")
    manager.clicks("Pause")
    manager.sees("Nothing was done: Ada Admin has changed this meanwhile")


def test_digests_are_for_managers(rep: Person) -> None:
    assert "needs the role manager" in rep.types("/digest list").text
    assert "needs the role manager" in rep.types("/digest now").text


@pytest.mark.parametrize("detail", ["", "won", "won x y", "won 1 nan", "won 1 1e99", "luck 1 2"])
def test_a_menu_that_is_not_ours_explains_nothing(detail: str) -> None:
    with pytest.raises((Invalid, NotFound)):
        lists.behind(b.Control(detail=detail), None, None, None)  # type: ignore[arg-type]  # refused first
