"""Show that tickets are brought together and taken apart with their messages, and that an undo puts all back."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest
from sqlalchemy.orm import Session

from storage.errors import Conflict, CrmError, Invalid
from storage.records.history import Recorder, recording, undo
from storage.support import labels, messages, replies, tickets
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket
from tests.support.received_messages import said


def opened(session: Session, minute: int, text: str, category: str | None = None) -> tuple[Ticket, IncomingMessage]:
    message = said(session, minute, text)
    message.category = category
    ticket, _ = tickets.open_from_message(session, message)
    return ticket, message


def agent(session: Session) -> AbstractContextManager[Recorder]:
    return recording(session, actor_id="UAGENT", source="/ticket merge")


def test_a_merged_ticket_leads_to_the_other_and_an_undo_brings_it_back(session: Session) -> None:
    first, _ = opened(session, 0, "The login fails", "bug")
    second, message = opened(session, 30, "It still fails", "billing")
    reply = said(session, 31, "Hello?", thread_ts=message.ts)
    tickets.open_from_message(session, reply)
    with agent(session):
        assert tickets.merge(session, second, first) is first
    assert tickets.resolve(session, "T-2") is first
    assert [one.ticket_id for one in (message, reply)] == [1, 1]
    assert (second.status, second.merged_into_id, second.resolved_at is not None) == ("closed", 1, True)
    assert tickets.list_tickets(session) == [first]
    assert [(one.source, one.new_category) for one in labels.of_message(session, message)] == [("merged", "bug")]
    later = said(session, 32, "Anyone?", thread_ts=message.ts)
    assert tickets.open_from_message(session, later) == (first, False)
    with recording(session, actor_id="UAGENT", source="/undo"):
        undo(session, "UAGENT")
    assert [one.ticket_id for one in (message, reply, later)] == [2, 2, 1]
    assert (second.status, second.merged_into_id, second.resolved_at) == ("new", None, None)
    assert (message.category, labels.of_message(session, message)) == ("billing", [])
    assert tickets.resolve(session, "T-2") is second


def test_what_was_answered_goes_with_the_ticket_that_is_merged(session: Session) -> None:
    first, _ = opened(session, 0, "The login fails", "bug")
    second, _ = opened(session, 30, "It still fails", "billing")
    with recording(session, actor_id="UAGENT", source="reply"):
        for ticket in (second, first):
            ours = replies.draft(session, ticket, f"On {ticket.reference}", author_id="UAGENT")
            replies.send(session, ours, ticket, renderer="triage.reply")
    assert [reply.text for reply, _delivery in replies.sent(session, first.id)] == ["On T-1"]
    with agent(session):
        tickets.merge(session, second, first)
    assert {reply.text for reply, _delivery in replies.sent(session, first.id)} == {"On T-1", "On T-2"}
    with recording(session, actor_id="UAGENT", source="/undo"):
        undo(session, "UAGENT")
    assert [reply.text for reply, _delivery in replies.sent(session, first.id)] == ["On T-1"]


def test_an_undo_refuses_once_somebody_worked_on_what_was_merged(session: Session) -> None:
    first, _ = opened(session, 0, "The login fails")
    second, _ = opened(session, 30, "It still fails")
    with agent(session):
        tickets.merge(session, second, first)
        tickets.set_priority(session, first, "high")
    with recording(session, actor_id="UREP", source="test"):
        tickets.set_status(session, first, "resolved")
        tickets.set_priority(session, first, "low")
    with recording(session, actor_id="UAGENT", source="/undo"), pytest.raises(CrmError, match="changed"):
        undo(session, "UAGENT")


def test_nothing_is_merged_into_itself(session: Session) -> None:
    ticket, _ = opened(session, 0, "The login fails")
    with pytest.raises(Invalid, match="into itself"):
        tickets.merge(session, ticket, ticket)


def test_answers_of_both_count(session: Session) -> None:
    first, one = opened(session, 0, "The login fails")
    second, two = opened(session, 30, "It still fails")
    tickets.responded(session, first, two.at)
    tickets.responded(session, second, one.at)
    with agent(session):
        tickets.merge(session, second, first)
    assert first.first_response_at == one.at


def test_a_message_is_split_off_with_what_was_answered_to_it(session: Session) -> None:
    ticket, first = opened(session, 0, "The login fails")
    second = said(session, 1, "And the invoice is wrong")
    second.ticket_id = ticket.id
    reply = said(session, 2, "Which one?", thread_ts=second.ts)
    tickets.open_from_message(session, reply)
    assert reply.ticket_id == ticket.id
    with agent(session):
        own = tickets.split(session, second)
    assert (own.name, own.thread_ts) == ("And the invoice is wrong", second.ts)
    assert [one.ticket_id for one in (first, second, reply)] == [ticket.id, own.id, own.id]
    assert tickets.of_thread(session, "C1", second.ts) is own
    assert tickets.of_thread(session, "C1", first.ts) is ticket
    with recording(session, actor_id="UAGENT", source="/undo"):
        undo(session, "UAGENT")
    session.expire_all()
    assert [one.ticket_id for one in messages.of_ticket(session, ticket.id)] == [ticket.id] * 3


def test_a_merged_ticket_stands_for_itself_again_when_what_it_began_with_is_split_off(session: Session) -> None:
    first, _ = opened(session, 0, "The login fails")
    second, message = opened(session, 30, "The invoice is wrong")
    with agent(session):
        tickets.merge(session, second, first)
    with agent(session):
        own = tickets.split(session, message)
    assert (own.id, own.merged_into_id, own.status, own.resolved_at) == (second.id, None, "open", None)
    assert (message.ticket_id, tickets.get(session, second.id)) == (second.id, second)
    with recording(session, actor_id="UAGENT", source="/undo"):
        undo(session, "UAGENT")
    session.expire_all()
    assert (second.merged_into_id, message.ticket_id) == (first.id, first.id)


def test_what_a_ticket_began_with_is_not_split_off(session: Session) -> None:
    _, message = opened(session, 0, "The login fails")
    with pytest.raises(Conflict, match="T-1 began with this message"):
        tickets.split(session, message)
    with pytest.raises(Invalid, match="belongs to no ticket"):
        tickets.split(session, said(session, 5))
