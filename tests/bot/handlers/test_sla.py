"""Service levels as people meet them: promised, counted, warned of, missed, kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from bot.grammar.entities import decode
from bot.grammar.reading import read_whole
from bot.handlers.sla.wording import SPAN, read_week, span_words, typed_week
from sandbox.control.client import Person
from storage.errors import Invalid
from storage.queues import due
from storage.queues.due import Due
from storage.support import sla, tickets
from storage.support.sla import SlaClock, SlaPause
from storage.support.sla.hours import Hours
from storage.support.tickets import Ticket
from tests.support.company import Company
from tests.support.waiting import until
from tests.support.writing import WRITER

OFFICE = (540, 1020)


@pytest.fixture
def support(company: Company, manager: Person) -> Company:
    """Promise an answer within an hour and a solution within eight, and show the cards in #support."""
    manager.types("/crm triage #support", channel="CGENERAL")
    manager.types("/crm sla set answer:1h resolve:8h", channel="CGENERAL")
    return company


def passes(company: Company, span: timedelta) -> None:
    """Let time pass for every ticket: all that has happened to them was that much earlier."""
    with company.database.transaction(company.workspace) as session:
        for column in (Ticket.created_at, Ticket.first_response_at, Ticket.resolved_at):
            session.execute(update(Ticket).values({column.key: column - span}))
        session.execute(update(SlaPause).values(starts_at=SlaPause.starts_at - span, ends_at=SlaPause.ends_at - span))
        session.execute(update(Due).where(Due.kind.startswith("sla_")).values(at=Due.at - span))
        planned = ("warn_at", "alert_at", "escalate_at", "due_at", "running_since", "started_at", "met_at")
        session.execute(update(SlaClock).values({name: getattr(SlaClock, name) - span for name in planned}))
    company.bot.clock.materialise()


def clocks(company: Company, number: int = 1) -> dict[str, SlaClock]:
    with company.database.transaction(company.workspace) as session:
        return {clock.kind: clock for clock in sla.of_ticket(session, number)}


def said(company: Company) -> int:
    company.settles()
    return len([call for call in company.sandbox.control.calls("chat.postMessage") if "T-1" in str(call)])


def test_a_manager_begins_with_what_is_usual(manager: Person) -> None:
    empty = manager.types("/crm sla").text
    assert "There are no promises yet" in empty
    assert "urgent: answer within 1 hr, solve within 8 hr" in empty.replace("*", "")
    assert "around the clock" in empty
    manager.clicks("Promise this")
    shown = manager.sees("Promises").replace("*", "")
    assert all(line in shown for line in ("urgent: answer within 1 hr", "low: answer within 16 hr", "No clock has"))


def test_promises_are_set_changed_removed_and_undone(manager: Person) -> None:
    made = manager.types("/crm sla set priority:urgent tier:gold answer:1h30m resolve:8h").text.replace("*", "")
    assert "Tier gold, urgent: answer within 1 hr 30 min, solve within 8 hr" in made
    assert "30 min" in manager.types("/crm sla set answer:30min").text
    assert "All other tickets" in manager.types("/crm sla").text
    gone = manager.types("/crm sla remove priority:urgent tier:gold").text
    assert "Tier *gold*, *urgent*: no promise any more." in gone or "gold" in gone
    manager.types("/crm undo")
    assert "gold" in manager.types("/crm sla").text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("/crm sla set priority:urgent", "Say how soon"),
        ("/crm sla set answer:soon", "I do not understand soon as a time."),
        ("/crm sla set answer:2d", "I do not understand 2d as a time."),
        ("/crm sla set priority:soonish answer:1h", "soonish is not a priority."),
        ("/crm sla remove tier:gold", "There is no promise for exactly these tickets."),
        ("/crm hours nine to five", "I do not understand these hours"),
        ("/crm hours mon-fri 17:00-09:00", "begin before they end"),
        ("/crm hours zone:Entenhausen", "There is no time zone called Entenhausen."),
        ("/crm holiday add someday Christmas", "someday is not a date I understand."),
        ("/crm holiday remove 2026-12-25", "2026-12-25 is not a holiday."),
    ],
)
def test_mistakes_are_named_with_an_example(manager: Person, typed: str, sentence: str) -> None:
    assert sentence in manager.types(typed).text


def test_hours_and_holidays_are_shown_and_set(manager: Person) -> None:
    assert "Business hours: around the clock (Europe/Berlin)" in manager.types("/crm hours").text
    saved = manager.types("/crm hours mon-fri 09:00-17:00, sat 10-14 zone:Europe/Berlin").text
    assert "Mon-Fri 9:00 AM-5:00 PM, Sat 10:00 AM-2:00 PM" in saved.replace("–", "-")
    assert "/crm hours always" in saved
    assert (
        "/crm hours mon-fri 09:00-17:00, sat 10:00-14:00 zone:Europe/Berlin" in manager.types("/crm hours always").text
    )
    assert "is a day off: Christmas" in manager.types("/crm holiday add 2030-12-25 Christmas").text
    assert "Christmas" in manager.types("/crm holiday list").text
    assert "Christmas" in manager.types("/crm hours").text
    assert "is already a holiday" in manager.types("/crm holiday add 2030-12-25 Xmas").text
    assert "working day again" in manager.types("/crm holiday remove 2030-12-25").text
    assert "No day is off yet" in manager.types("/crm holiday list").text


def test_only_managers_promise(company: Company) -> None:
    for typed in ("/crm sla set answer:1h", "/crm hours always", "/crm holiday add 2030-12-25 Christmas"):
        assert "This needs the role manager" in company.agent.types(typed).text
    assert "There are no promises yet" in company.agent.types("/crm sla").text


def test_nobodys_ticket_is_warned_of_and_missed_in_supports_channel_each_once(support: Company) -> None:
    support.agent.types("/customer add Globex tier:gold")
    support.agent.types("/ticket add Login fails customer:globex")
    support.settles()
    passes(support, timedelta(minutes=50))
    warning = support.agent.sees("is due", channel="CSUPPORT")
    assert all(part in warning for part in ("T-1", "Login fails", "Globex", "gold", "first answer", "in 10 minutes"))
    assert all(button in warning for button in ("Take", "Resolve"))
    passes(support, timedelta(minutes=12))
    breach = support.agent.sees("was due", channel="CSUPPORT")
    assert "2 minutes ago" in breach
    support.bot.clock.materialise()
    assert said(support) == 2
    passes(support, timedelta(minutes=20))
    assert "first answer was due" in support.manager.sees("was due", channel="@Rapport")
    passes(support, timedelta(minutes=20))
    assert len([one for one in support.agent.messages("CSUPPORT") if "first answer" in str(one)]) == 2


def test_the_assignee_is_warned_in_their_own_zone_and_an_answer_ends_it(support: Company) -> None:
    support.agent.types("/ticket add Login fails assignee:me")
    support.settles()
    passes(support, timedelta(minutes=50))
    warning = support.agent.sees("first answer is due", channel="@Rapport")
    assert "Take" not in warning
    with support.database.transaction(support.workspace) as session:
        tickets.responded(session, tickets.get(session, 1), datetime.now(UTC))
        sla.changed(session, tickets.get(session, 1), datetime.now(UTC))
    passes(support, timedelta(minutes=60))
    assert clocks(support)[sla.FIRST_RESPONSE].breached_at is None
    assert said(support) == 1


def test_it_is_taken_and_resolved_where_the_alert_stands(support: Company) -> None:
    support.agent.types("/ticket add Login fails")
    support.settles()
    passes(support, timedelta(minutes=70))
    support.agent.sees("was due", channel="CSUPPORT")
    support.agent.clicks("Take", channel="CSUPPORT")
    support.agent.sees("@Anton Agent has taken it.", channel="CSUPPORT")
    support.agent.clicks("Resolve", channel="CSUPPORT")
    support.agent.sees("has resolved it.", channel="CSUPPORT")
    until(lambda: clocks(support)[sla.RESOLUTION].met_at is not None)
    with support.database.transaction(support.workspace) as session:
        assert session.scalar(select(func.count()).select_from(Due).where(Due.kind.startswith("sla_"))) == 0
    shown = support.manager.types("/crm sla").text.replace("*", "")
    assert "first answer: 0% in time, 1 late (normal 0/1)" in shown
    assert "solution: 100% in time, 0 late (normal 1/1)" in shown


def test_waiting_for_the_customer_says_nothing(support: Company) -> None:
    support.agent.types("/ticket add Login fails")
    support.agent.types("/ticket status T-1 waiting")
    support.settles()
    passes(support, timedelta(hours=9))
    assert said(support) == 0
    support.agent.types("/ticket status T-1 open")
    until(lambda: clocks(support)[sla.RESOLUTION].due_at is not None)
    passes(support, timedelta(minutes=50))
    support.agent.sees("first answer is due", channel="CSUPPORT")


def test_a_tier_that_changes_moves_the_clocks(support: Company) -> None:
    support.manager.types("/crm sla set tier:gold answer:2h resolve:16h")
    support.agent.types("/customer add Globex")
    support.agent.types("/ticket add Login fails customer:globex")
    assert clocks(support)[sla.RESOLUTION].target_minutes == 480
    support.agent.types("/customer show globex")
    support.agent.clicks("Edit")
    support.agent.submits(Tier="gold")
    until(lambda: clocks(support)[sla.RESOLUTION].target_minutes == 960)


def test_a_promise_reaches_open_tickets_and_the_home_page(company: Company, manager: Person) -> None:
    company.agent.types("/ticket add Login fails")
    passes(company, timedelta(hours=3))
    manager.types("/crm sla set answer:1h resolve:8h")
    until(lambda: set(clocks(company)) == {sla.FIRST_RESPONSE, sla.RESOLUTION})
    # What was missed before anybody promised it is told nobody.
    company.bot.clock.materialise()
    assert said(company) == 0
    assert "2 hours ago" in manager.types("/crm sla").text
    company.agent.opens_home()
    home = company.agent.sees("Running late")
    assert all(part in home for part in ("T-1", "Login fails", "first answer was due", "2 hours ago"))
    with company.database.transaction(company.workspace) as session:
        row = due.get(session, f"job:{sla.RECOUNT}", sla.RECOUNT)
    assert row is not None
    assert row.recurrence


def test_nothing_late_is_no_part_of_the_home_page(support: Company) -> None:
    support.agent.types("/ticket add Login fails")
    support.agent.opens_home()
    assert "Running late" not in support.agent.sees("Rapport")


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("1h", 60),
        ("90m", 90),
        ("1h30m", 90),
        ("1.5h", 90),
        ("2 hours", 120),
        ("45 min", 45),
        ("30分钟", 30),
        ("2小时", 120),
        ("1 hour 30 minutes", 90),
        ("1 Stunde und 30 Minuten", 90),
        ("1,5 Std.", 90),
        ("2 heures", 120),
        ("2个小时30分钟", 150),
    ],
)
def test_spans_are_read_and_said(typed: str, minutes: int) -> None:
    assert read_whole(SPAN, decode(typed), WRITER, field="answer") == minutes
    assert span_words(150, "en-US") == "2 hr 30 min"


def test_a_span_takes_the_words_that_belong_to_it(manager: Person) -> None:
    assert "answer within 1 hr 30 min" in manager.types("/crm sla set answer:1 hour 30 minutes priority:urgent").text
    assert "answer within 45 min" in manager.types("/crm sla set answer:45 min, priority:dringend").text


@pytest.mark.parametrize("typed", ["", "h", "1", "2d", "-1h", "1h soon"])
def test_what_is_no_span_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        read_whole(SPAN, decode(typed), WRITER, field="answer")


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("mon-fri 09:00-17:00", "01234"),
        ("Monday – Friday 9-17", "01234"),
        ("mon, wed and fri 9:00-17:00", "024"),
        ("sat-mon 09.00-17.00", "056"),
        ("周一至周五 9:00-17:00", "01234"),
        ("mon 9-17; thu 9-17", "03"),
    ],
)
def test_weeks_are_read(typed: str, days: str) -> None:
    week = read_week(typed)
    assert "".join(str(day) for day in range(7) if week[day] == OFFICE) == days


@pytest.mark.parametrize(
    "typed", ["mon", "9-17", "mon-fri-sat 9-17", "t 9-17", "mon 9-25", "mon 9:70-17", "mon 9-17 x", "and 9-17"]
)
def test_what_are_no_hours_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="hours"):
        read_week(typed)


def test_a_week_is_written_as_it_is_typed() -> None:
    week = tuple(read_week("mon-thu 09:00-17:00, fri 09:00-15:30, sun 00:00-24:00"))
    assert tuple(read_week(typed_week(Hours("UTC", week)))) == week
    assert read_week(typed_week(Hours())) == [None] * 7


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/crm sla set urgent 1h 8h", "*urgent*: answer within 1 hr, solve within 8 hr"),
        ("/crm sla urgent 1h, 8h", "*urgent*: answer within 1 hr, solve within 8 hr"),
        ("/crm sla set urgent answer 30m", "*urgent*: answer within 30 min"),
        ("/crm sla gold resolve within 8 hours", "Tier *gold*: solve within 8 hr"),
        ("/crm sla set high gold 1h 4h", "Tier *gold*, *high*: answer within 1 hr, solve within 4 hr"),
        ("/crm sla set urgent answer:1h", "*urgent*: answer within 1 hr"),
        ("/crm sla set answer:2h resolve:9h", "*All other tickets*: answer within 2 hr, solve within 9 hr"),
        ("/crm sla set purple 1h", "purple is neither a priority, a tier nor a time."),
        ("/crm sla urgent 1h 2h 3h", "Which time is for what?"),
        ("/crm sla", "There are no promises yet"),
    ],
)
def test_a_promise_is_made_in_the_order_people_say_it(company: Company, manager: Person, typed: str, said: str) -> None:
    company.rep.types("/customer add Acme tier:gold")
    assert said in manager.types(typed).text


def test_of_one_time_it_is_asked_what_it_is_for(company: Company, manager: Person) -> None:
    asked = manager.types("/crm sla set urgent 1h").text
    assert "Is 1 hr for the first answer, or for the solution?" in asked
    assert "There are no promises yet" in manager.types("/crm sla").text
    manager.clicks("Solution", message="Is 1 hr for")
    manager.sees("*urgent*: solve within 1 hr")
    assert "This needs the role" in company.agent.types("/crm sla urgent 1h 8h").text
