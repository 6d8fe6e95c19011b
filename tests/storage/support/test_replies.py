"""Show that answers are drafted, confirmed and sent once, and that saved ones are kept under one name each."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.errors import Duplicate, Invalid, NotFound
from storage.queues.outbox import Delivery
from storage.support import replies, tickets
from storage.support.tickets import Ticket
from tests.support.received_messages import received


def opened(session: Session) -> Ticket:
    return tickets.open_from_message(session, received(session))[0]


def test_an_answer_is_sent_once_to_the_thread_it_belongs_to(session: Session) -> None:
    ticket = opened(session)
    draft = replies.draft(session, ticket, "  Hello  ", author_id="UAGENT")
    assert (draft.text, draft.delivery_id) == ("Hello", None)
    assert replies.sent(session, ticket.id) == []
    replies.send(session, draft, ticket, renderer="triage.reply")
    replies.send(session, draft, ticket, renderer="triage.reply")
    (delivery,) = session.scalars(select(Delivery))
    assert (delivery.target_channel, delivery.thread_ts) == (ticket.channel_id, ticket.thread_ts)
    assert (delivery.payload, delivery.record) == ({"reply": draft.id}, ticket.reference)
    assert replies.sent(session, ticket.id) == [(draft, delivery)]
    assert replies.draft_of(session, ticket, "UAGENT") is None


def test_a_draft_takes_the_place_of_the_one_before(session: Session) -> None:
    ticket = opened(session)
    first = replies.draft(session, ticket, "One", author_id="UAGENT")
    theirs = replies.draft(session, ticket, "Theirs", author_id="UMANAGER")
    second = replies.draft(session, ticket, "Two", author_id="UAGENT")
    session.expire_all()
    assert replies.draft_of(session, ticket, "UAGENT") is second
    assert replies.draft_of(session, ticket, "UMANAGER") is theirs
    assert replies.get(session, second.id) is second
    assert first not in session or replies.get(session, second.id - 2) is None


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "x" * 3001, "a\x00b", "\ud800"])
def test_what_cannot_be_sent_is_given_back(session: Session, text: str) -> None:
    ticket = opened(session)
    with pytest.raises(Invalid) as caught:
        replies.draft(session, ticket, text, author_id="UAGENT")
    assert (caught.value.field, caught.value.typed) == ("text", text)


def test_a_ticket_from_nowhere_is_answered_nowhere(session: Session) -> None:
    ticket = tickets.add(session, name="By phone")
    draft = replies.draft(session, ticket, "Hello", author_id="UAGENT")
    with pytest.raises(Invalid, match="did not come from a channel"):
        replies.send(session, draft, ticket, renderer="triage.reply")


def test_placeholders_are_filled_in_once(session: Session) -> None:
    known = {"customer": "Globex {agent}", "contact": "Carla", "ticket": "T-1", "agent": None}
    text = "Hi { Contact } of {CUSTOMER}, {ticket}: {0} {} {unknown} {customer.__class__}"
    assert replies.fill(text, known) == "Hi Carla of Globex {agent}, T-1: {0} {} {unknown} {customer.__class__}"
    with pytest.raises(Invalid, match=r"\{agent\} has no value"):
        replies.fill("— {agent}", known)


def test_saved_replies_have_one_name_each(session: Session) -> None:
    logs = replies.save(session, " Asking for logs ", "The log, please")
    hello = replies.save(session, "A greeting", "Hello {contact}")
    assert [one.name for one in replies.saved(session)] == ["A greeting", "Asking for logs"]
    assert replies.called(session, "asking FOR logs") is logs
    with pytest.raises(Duplicate):
        replies.save(session, "ASKING for logs", "Again")
    with pytest.raises(Duplicate):
        replies.change(session, hello, name="asking for logs", text="Hello")
    session.rollback()


def test_a_saved_reply_is_changed_and_forgotten(session: Session) -> None:
    saved = replies.save(session, "Hello", "Hello")
    replies.change(session, saved, name="HELLO", text="Hi")
    assert (replies.called(session, "hello").text, saved.name) == ("Hi", "HELLO")
    replies.remove(session, saved)
    with pytest.raises(NotFound):
        replies.called(session, "hello")
    session.expunge(saved)
    with pytest.raises(NotFound):
        replies.get_saved(session, saved.id)


def test_a_menu_shows_a_hundred_and_no_more_are_kept(session: Session) -> None:
    for number in range(replies.SAVED_LIMIT):
        replies.save(session, f"Reply {number}", "Hello")
    with pytest.raises(Invalid, match="the most a menu can show"):
        replies.save(session, "One too many", "Hello")
