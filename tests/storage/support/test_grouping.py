"""Show which messages become one ticket, and that nothing somebody works on is moved by what comes late."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.records.history import recording
from storage.support import answers, messages, tickets
from storage.support.channels import Grouping
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket
from tests.support.received_messages import BASE, received, said
from tests.support.waiting import PATIENCE_S

TEN = timedelta(minutes=10)


def window(session: Session, message: IncomingMessage, *, asks: bool = True) -> Ticket | None:
    ticket, _ = tickets.group(session, message, asks=asks, grouping=Grouping.WINDOW, within=TEN)
    return ticket


def test_what_somebody_writes_within_minutes_is_one_ticket(session: Session) -> None:
    ticket = window(session, said(session, 0))
    assert window(session, said(session, 9)) is ticket
    assert window(session, said(session, 19)) is ticket
    assert window(session, said(session, 30)) is not ticket
    other = messages.receive(session, channel_id="C1", ts=f"{BASE + 60}.000200", text="Me too", author_id="U8")
    assert other is not None
    assert window(session, other) is not ticket


def test_a_thread_under_any_message_of_a_ticket_is_part_of_it(session: Session) -> None:
    ticket = window(session, said(session, 0))
    second = said(session, 5)
    assert window(session, second) is ticket
    assert window(session, said(session, 50, thread_ts=second.ts)) is ticket
    assert tickets.of_thread(session, "C1", second.ts) is ticket


@pytest.mark.parametrize(("grouping", "number"), [(Grouping.THREAD, 2), (Grouping.MESSAGE, 3), (Grouping.WINDOW, 1)])
def test_each_way_of_grouping(session: Session, grouping: Grouping, number: int) -> None:
    first = said(session, 0)
    for message in (first, said(session, 1), said(session, 2, thread_ts=first.ts)):
        tickets.group(session, message, grouping=grouping, within=TEN)
        assert message.ticket_id is not None
    assert session.scalar(select(func.count()).select_from(Ticket)) == number


def test_a_resolved_ticket_is_not_joined_by_what_is_written_next_to_it(session: Session) -> None:
    ticket = window(session, said(session, 0))
    assert ticket is not None
    tickets.set_status(session, ticket, "resolved")
    assert window(session, said(session, 3)) is not ticket
    assert ticket.status == "resolved"


def test_a_late_message_brings_two_tickets_together(session: Session) -> None:
    with recording(session, actor_id="U9", source="message"):
        first, last = window(session, said(session, 0, "First")), window(session, said(session, 16, "Last"))
        assert first is not last
        assert window(session, said(session, 8, "Between")) is first
    assert [message.text for message in messages.of_ticket(session, 1)] == ["First", "Between", "Last"]
    assert tickets.get(session, 2) is first


def test_what_somebody_works_on_stays_a_ticket_of_its_own(session: Session) -> None:
    with recording(session, actor_id="U9", source="message"):
        first, last = window(session, said(session, 0)), window(session, said(session, 16))
    assert first is not None
    assert last is not None
    with recording(session, actor_id="UAGENT", source="triage.take"):
        tickets.take(session, last, "UAGENT")
    with recording(session, actor_id="U9", source="message"):
        assert window(session, said(session, 8)) is last
    assert (first.merged_into_id, last.merged_into_id) == (1 if first is last else 2, None)


def test_an_earlier_message_becomes_the_first_one(session: Session) -> None:
    ticket = window(session, said(session, 5, "And the invoice is wrong"))
    assert ticket is not None
    assert window(session, said(session, 0, "The login fails")) is ticket
    assert ticket.name == "The login fails"


def test_thanks_belong_to_what_was_asked_before(session: Session) -> None:
    hello = said(session, 0, "Hello")
    assert window(session, hello, asks=False) is None
    ticket = window(session, said(session, 1))
    thanks = said(session, 2, "Thanks")
    assert window(session, thanks, asks=False) is ticket
    assert hello.ticket_id is None


def test_an_answer_that_came_before_its_question_counts(session: Session) -> None:
    question = said(session, 0)
    early, late = question.at - timedelta(hours=1), question.at + timedelta(minutes=3)
    for at in (early, late, late):
        answers.note(session, "C1", question.ts, at)
    ticket = window(session, question)
    assert ticket is not None
    assert (ticket.first_response_at, ticket.status) == (late, "open")
    assert tickets.answered(session, "C1", question.ts, question.at + timedelta(minutes=1)) == [ticket]
    assert ticket.first_response_at == question.at + timedelta(minutes=1)
    assert tickets.answered(session, "C1", "1.0", late) == []


def test_an_answer_answers_all_that_was_asked_in_the_thread_before_it(session: Session) -> None:
    root = said(session, 0)
    asked = [root, said(session, 1, thread_ts=root.ts), said(session, 5, thread_ts=root.ts)]
    first, second, third = (tickets.group(session, one, grouping=Grouping.MESSAGE)[0] for one in asked)
    answer = root.at + timedelta(minutes=3)
    assert tickets.answered(session, "C1", root.ts, answer) == [first, second]
    assert third is not None
    assert third.first_response_at is None


def test_an_edit_heard_of_after_the_answer_still_changes_the_name(session: Session) -> None:
    question = said(session, 0, "Ttypo")
    ticket = window(session, question)
    tickets.answered(session, "C1", question.ts, question.at + timedelta(minutes=2))
    messages.edited(session, question, "Typo", question.at + timedelta(minutes=1))
    assert ticket is not None
    assert tickets.settle(session, ticket).name == "Typo"
    messages.deleted(session, question, question.at + timedelta(minutes=3))
    assert tickets.settle(session, ticket).is_request


def test_a_ticket_of_which_nothing_is_left_is_no_request_until_somebody_asks_again(session: Session) -> None:
    first, second = said(session, 0), said(session, 1)
    ticket = window(session, first)
    assert ticket is not None
    assert window(session, second) is ticket
    messages.deleted(session, first, first.at)
    assert tickets.settle(session, ticket).is_request
    messages.deleted(session, second, second.at)
    assert not tickets.settle(session, ticket).is_request
    assert (ticket.status, ticket.resolved_at is not None) == ("closed", True)
    assert window(session, said(session, 2, "Still broken")) is ticket
    assert (ticket.is_request, ticket.status, ticket.resolved_at, ticket.name) == (True, "new", None, "Still broken")


def test_two_messages_at_once_are_one_ticket(database: Database, workspace: str) -> None:
    ready = threading.Barrier(2, timeout=PATIENCE_S)

    def write(second: int) -> None:
        with database.transaction(workspace) as session:
            ready.wait()
            tickets.lock(session, "C1")
            message = received(session, f"{BASE + second}.000100")
            tickets.group(session, message, grouping=Grouping.WINDOW, within=TEN)

    threads = [threading.Thread(target=write, args=(second,)) for second in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    with database.transaction(workspace) as session:
        live = select(func.count()).select_from(Ticket).where(Ticket.merged_into_id.is_(None))
        assert session.scalar(live) == 1
