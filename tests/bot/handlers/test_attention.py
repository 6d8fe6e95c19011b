"""Quiet hours and limits as people meet them: set, felt, looked up and taken back."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from bot.handlers.attention.wording import read_days, read_hours, read_kind
from sandbox.control.client import Person
from storage.crm.followups import Followup
from storage.digests import schedules
from storage.errors import Invalid
from storage.notifications import preferences
from storage.notifications.preferences import Held, Notice
from storage.queues import outbox
from storage.queues.due import Due
from storage.queues.outbox import Delivery
from tests.support.company import Company
from tests.support.waiting import until


def plain(text: str) -> str:
    return text.replace("*", "").replace("_", "")


def deliveries(company: Company, **which: Any) -> list[Delivery]:
    with company.database.transaction(company.workspace) as session:
        return list(session.scalars(select(Delivery).filter_by(**which).order_by(Delivery.seq)))


def comes_due(company: Company, reference: str = "F-1") -> None:
    """Let the time of a follow-up come, and the clock tick."""
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Due).where(Due.subject == reference).values(at=func.now()))
        session.execute(update(Followup).where(Followup.id == int(reference[2:])).values(due_at=func.now()))
    company.bot.clock.materialise()


def around_now(company: Company, person: Person, *, ends_in: timedelta = timedelta(hours=2)) -> None:
    """Begin a person's quiet hours an hour ago, by their clock."""
    zone = company.bot.people.find(company.workspace, person.id).member.zone
    assert zone is not None
    here = datetime.now(ZoneInfo(zone))
    typed = f"{here - timedelta(hours=1):%H:%M}-{here + ends_in:%H:%M}"
    assert "Quiet now, until" in person.types(f"/crm quiet {typed}").text


def test_wishes_are_set_shown_changed_and_taken_back(rep: Person) -> None:
    assert "No quiet hours for you." in rep.types("/crm quiet").text
    assert "Quiet for you: 6:00 PM to 9:00 AM and all of Saturday, Sunday" in plain(
        rep.types("/crm quiet 18:00-09:00 off:sat,sun").text
    )
    assert "Quiet for you: 10:00 PM to 7:00 AM and all of Saturday" in plain(rep.types("/crm quiet 10pm-7am").text)
    assert "10:00 PM to 7:00 AM and all of Friday" in plain(rep.types("/crm quiet off:fri").text)
    assert "Muted: news" in plain(rep.types("/crm mute news").text)
    assert "Muted: new tickets, news" in plain(rep.types("/crm mute tickets").text)
    assert "Muted: new tickets" in plain(rep.types("/crm unmute news").text)
    assert "Quiet from" not in rep.types("/crm undo").text
    assert "Muted: new tickets, news" in plain(rep.types("/crm quiet").text)
    assert "No quiet hours for you." in rep.types("/crm quiet off").text
    assert "Muted" not in plain(rep.types("/crm unmute").text)
    assert "None of these is muted" in rep.types("/crm unmute").text


def test_an_undo_says_what_it_set_back(rep: Person) -> None:
    rep.types("/crm quiet 18:00-09:00 off:sat,sun")
    undone = plain(rep.types("/crm undo").text)
    assert all(part in undone for part in ("quiet hours and limits", "6:00 PM → –", "Days off: Saturday, Sunday → –"))
    assert "No quiet hours for you." in rep.types("/crm quiet").text


def test_what_is_not_understood_says_how(rep: Person) -> None:
    assert "I do not understand these hours: late" in rep.types("/crm quiet late").text
    assert "/crm quiet 18:00-09:00" in rep.types("/crm quiet 25:00-09:00").text
    assert "days of the week" in rep.types("/crm quiet 18:00-09:00 off:someday").text
    assert "nothing would ever arrive" in rep.types("/crm quiet off:mon-sun").text
    assert "Did you mean reminders?" in rep.types("/crm mute remainders").text
    assert "There are tickets, replies" in rep.types("/crm mute xyzzy").text


def test_only_a_manager_decides_for_a_channel(company: Company, rep: Person, manager: Person) -> None:
    for typed in ("quiet #support 20:00-08:00", "mute news #support", "unmute #support"):
        assert "Only a manager" in rep.types(f"/crm {typed}").text
    assert "needs the role manager" in rep.types("/crm budget #support 5").text
    assert "Quiet for #support: 8:00 PM to 8:00 AM" in plain(manager.types("/crm quiet #support 20:00-08:00").text)
    assert "Muted: news" in plain(manager.types("/crm mute news #support").text)
    assert "Budget: 5 messages a day, 0 today" in plain(manager.types("/crm budget #support 5").text)
    assert "Budget: 5" in plain(manager.types("/crm budget #support").text)
    assert "is not a number" in manager.types("/crm budget #support many").text
    assert "between 0 and 1000" in manager.types("/crm budget #support 5000").text
    assert "Budget" not in plain(manager.types("/crm budget #support off").text)
    assert [row.target for row in _wishes(company)] == ["CSUPPORT"]


def _wishes(company: Company) -> list[preferences.Attention]:
    with company.database.transaction(company.workspace) as session:
        return list(session.scalars(select(preferences.Attention)))


def test_one_is_quiet_and_the_other_is_not(company: Company) -> None:
    around_now(company, company.rep)
    company.rep.types("/deal add Acme renewal")
    company.rep.types('/followup add D-1 when:"in 3 days" water the plants')
    company.agent.types('/followup add D-1 when:"in 3 days" call home')
    comes_due(company, "F-1")
    comes_due(company, "F-2")
    company.agent.sees("call home", channel="@Rapport")
    until(lambda: deliveries(company, record="F-1")[0].held_by == Held.QUIET)
    assert company.rep.messages("@Rapport") == []
    listed = plain(company.rep.types("/crm held").text)
    assert "Reminders · F-1 water the plants · until" in listed
    assert "Nothing is held back from you." in company.agent.types("/crm held").text
    # The newest wish holds.
    company.rep.types("/crm quiet off")
    reminder = company.rep.sees("water the plants", channel="@Rapport")
    assert "held until your quiet hours ended" in reminder
    assert "Nothing is held back from you." in company.rep.types("/crm held").text


def test_what_is_held_can_be_had_now_by_its_receiver_alone(company: Company) -> None:
    around_now(company, company.rep)
    company.rep.types("/deal add Acme renewal")
    company.rep.types('/followup add D-1 when:"in 3 days" water the plants')
    comes_due(company)
    until(lambda: deliveries(company, record="F-1")[0].held_by == Held.QUIET)
    company.rep.types("/crm held")
    company.rep.clicks("Send now")
    company.rep.sees("water the plants", channel="@Rapport")


def test_an_answer_is_never_held_back(company: Company) -> None:
    around_now(company, company.rep)
    with company.database.transaction(company.workspace) as session:
        payload = {"text": "Here is what you asked for", "blocks": []}
        outbox.enqueue(session, target_user="UAREP", renderer="core.answer", record=None, payload=payload)
    company.rep.sees("Here is what you asked for", channel="@Rapport")


@pytest.fixture
def crowded(company: Company, manager: Person) -> Company:
    """Give #support a budget of one, and three tickets of which the last is urgent."""
    manager.types("/crm budget #support 1")
    wanted = (("Printer broken", "normal", "sent"), ("Login loop", "normal", "pending"), ("Fire", "urgent", "sent"))
    for number, (name, priority, state) in enumerate(wanted, start=1):
        company.agent.types(f"/ticket add {name} priority:{priority}")
        comes(company, "triage.card", f"T-{number}", state)
    return company


def comes(company: Company, renderer: str, reference: str, state: str) -> None:
    """Have a message about a ticket sent to #support, and wait until it was, or was held back."""
    with company.database.transaction(company.workspace) as session:
        outbox.enqueue(session, target_channel="CSUPPORT", renderer=renderer, record=reference)

    def settled() -> bool:
        (row,) = deliveries(company, renderer=renderer, record=reference)
        return row.state == state and (state == "sent" or row.held_at is not None)

    until(settled)


def test_a_budget_is_spent_by_urgency_and_nothing_is_lost(crowded: Company) -> None:
    states = {row.record: row.state for row in deliveries(crowded, renderer="triage.card")}
    assert states == {"T-1": "sent", "T-2": "pending", "T-3": "sent"}
    told = crowded.agent.sees("This channel has used up its budget of 1 messages a day", channel="#support")
    assert "until" in told
    assert "8:00" in told
    crowded.gives("rep", "viewer")
    listed = plain(crowded.rep.types("/crm held #support").text)
    assert "New tickets · T-2 Login loop · until" in listed
    assert "Send now" not in listed
    crowded.agent.types("/crm held #support")
    crowded.agent.clicks("Send now")
    crowded.agent.sees("T-2", channel="#support")
    until(lambda: deliveries(crowded, record="T-2", renderer="triage.card")[0].state == "sent")


def test_a_ticket_that_becomes_urgent_waits_no_longer(crowded: Company) -> None:
    crowded.agent.types("/ticket show T-2")
    crowded.agent.clicks("Edit")
    crowded.agent.submits(Priority="urgent")
    until(lambda: deliveries(crowded, record="T-2", renderer="triage.card")[0].state == "sent")


def test_the_digest_says_what_was_held_back(crowded: Company, manager: Person) -> None:
    manager.types("/crm mute incidents #support")
    comes(crowded, "triage.incident", "T-1", "held")
    with crowded.database.transaction(crowded.workspace) as session:
        given = {"at_time": time(9), "zone": "UTC", "owner_id": "UAMANAGER", "target_channel": "CSUPPORT"}
        schedules.add(session, name="Daily", frequency="daily", **given)  # type: ignore[arg-type]  # by name
        session.execute(update(Due).where(Due.kind == "digest").values(at=func.now()))
    crowded.bot.clock.materialise()
    digest = plain(crowded.agent.sees("Held back", channel="#support"))
    assert "New tickets  1  T-2" in digest
    assert "Incidents  1  T-1" in digest


def test_home_shows_the_wishes(company: Company) -> None:
    company.rep.opens_home()
    company.rep.sees("You get everything at once")
    company.rep.types("/crm quiet 18:00-09:00")
    company.rep.opens_home()
    company.rep.sees("Quiet: 6:00 PM to 9:00 AM")


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("sat,sun", [5, 6]),
        ("Weekend", [5, 6]),
        ("fri-mon", [0, 4, 5, 6]),
        ("Saturdays and sundays", [5, 6]),
        ("周六 周日", [5, 6]),
        ("周末", [5, 6]),
        ("none", []),
    ],
)
def test_days_are_read(typed: str, days: list[int]) -> None:
    assert read_days(typed) == days


@pytest.mark.parametrize("typed", ["", "xday", "t", "mon-wed-fri"])
def test_no_days(typed: str) -> None:
    with pytest.raises(Invalid):
        read_days(typed)


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("18:00-09:00", "18:00 09:00"),
        ("6pm-9am", "18:00 09:00"),
        ("12am – 7.30", "00:00 07:30"),
        ("22~24", "22:00 00:00"),
    ],
)
def test_hours_are_read(typed: str, hours: str) -> None:
    assert " ".join(f"{at:%H:%M}" for at in read_hours(typed)) == hours


@pytest.mark.parametrize("typed", ["", "18", "18:61-9", "13pm-4pm", "9-25", "9:00"])
def test_no_hours(typed: str) -> None:
    with pytest.raises(Invalid):
        read_hours(typed)


def test_kinds_are_read() -> None:
    assert [read_kind(one) for one in ("News", "remind", "sla", "cards")] == [
        Notice.NEWS,
        Notice.REMINDERS,
        Notice.WARNINGS,
        Notice.TICKETS,
    ]
