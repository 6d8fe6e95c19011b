"""Show tickets from the first message to the end."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from storage.crm import customers
from storage.errors import Ambiguous, Conflict, Invalid, NotFound
from storage.events import TicketChanged, TicketOpened, drain
from storage.records import lifecycle
from storage.records.history import recording, undo
from storage.records.query import parse_query
from storage.support import labels, messages, tickets
from storage.support.tickets import Ticket, TicketStatus
from tests.support.filter_values import Said
from tests.support.received_messages import TS, received


def test_a_ticket_is_new_and_normal_unless_said_otherwise(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    ticket = tickets.add(session, name="Login fails", customer_id=acme.id)
    assert (ticket.reference, ticket.status, ticket.priority, ticket.urgency) == ("T-1", "new", "normal", 3)
    assert ticket.customer is acme
    urgent = tickets.add(session, name="Down", priority="URGENT", category="Bug", assignee_id="UAGENT")
    assert (urgent.urgency, urgent.category) == (1, "bug")
    assert urgent.assignee is not None
    assert [type(fact) for fact in drain(session)][1:] == [TicketOpened, TicketOpened]
    with pytest.raises(Invalid) as caught:
        tickets.add(session, name="Down", priority="asap")
    assert caught.value.params["priorities"] == "low, normal, high, urgent"


def test_a_ticket_is_found_by_reference_subject_and_typo(session: Session) -> None:
    login = tickets.add(session, name="Login fails")
    assert tickets.resolve(session, "T-1") is tickets.resolve(session, "login") is tickets.get(session, 1) is login
    assert tickets.find(session, "lgoin fails") == [login]
    twin = tickets.add(session, name="login FAILS", customer_id=customers.add(session, name="Acme").id)
    assert tickets.likely_duplicates(session, "Login fails") == [login, twin]
    assert tickets.likely_duplicates(session, "Login fails", twin.customer_id) == [twin]
    with pytest.raises(Ambiguous):
        tickets.resolve(session, "Login fails")
    with pytest.raises(NotFound):
        tickets.resolve(session, "T-77")


def test_a_message_opens_a_ticket_and_the_next_of_its_thread_joins_it(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    message = received(session, text="\n  Invoice  4711 is wrong\nPlease check", customer_id=acme.id)
    messages.classified(
        session, message, category="billing", confidence=0.9, reasons=[], model_version="1", abstained=False
    )
    ticket, opened = tickets.open_from_message(session, message)
    assert opened
    assert (ticket.name, ticket.category, ticket.customer_id) == ("Invoice 4711 is wrong", "billing", acme.id)
    assert (ticket.requester_id, ticket.channel_id, ticket.thread_ts) == ("U9", "C1", TS)
    assert message.ticket_id == ticket.id
    assert tickets.by_thread(session, "C1", TS) is ticket
    assert tickets.by_thread(session, "C2", TS) is None
    reply = received(session, "1893492001.000100", thread_ts=TS)
    assert tickets.open_from_message(session, reply) == (ticket, False)
    assert ticket.status == "new"


@pytest.mark.parametrize(
    ("before", "after"), [("open", "open"), ("waiting", "open"), ("resolved", "open"), ("closed", "open")]
)
def test_a_customers_answer_brings_a_ticket_back(session: Session, before: str, after: str) -> None:
    ticket, _ = tickets.open_from_message(session, received(session))
    tickets.set_status(session, ticket, before)
    tickets.open_from_message(session, received(session, "1893492001.000100", thread_ts=TS))
    assert (ticket.status, ticket.resolved_at) == (after, None)


def test_a_message_the_model_was_unsure_of_opens_a_ticket_without_category(session: Session) -> None:
    message = received(session)
    messages.classified(session, message, category="bug", confidence=0.2, reasons=[], model_version="1", abstained=True)
    ticket, _ = tickets.open_from_message(session, message, priority="high", name="Help")
    assert (ticket.category, ticket.priority, ticket.name) == (None, "high", "Help")


def test_what_was_no_request_is_closed_counts_nowhere_and_teaches(session: Session) -> None:
    message = received(session, text="thanks!")
    ticket, _ = tickets.open_from_message(session, message)
    tickets.dismiss(session, ticket, category="other", actor_id="UAGENT")
    assert (ticket.status, ticket.is_request, ticket.category) == ("closed", False, "other")
    assert [label.new_category for label in labels.of_message(session, message)] == ["other"]
    tickets.open_from_message(session, received(session, "1893492001.000100", thread_ts=TS))
    assert ticket.status == "closed"
    tickets.set_status(session, ticket, TicketStatus.OPEN)
    assert ticket.is_request


def test_a_category_by_a_person_is_a_label_of_the_first_message(session: Session) -> None:
    message = received(session)
    ticket, _ = tickets.open_from_message(session, message)
    tickets.set_category(session, ticket, "Billing", actor_id="UAGENT")
    assert (ticket.category, message.category) == ("billing", "billing")
    assert [label.actor_id for label in labels.of_message(session, message)] == ["UAGENT"]
    bare = tickets.add(session, name="By telephone")
    assert tickets.set_category(session, bare, "bug", actor_id="UAGENT").category == "bug"


def test_resolving_keeps_when_and_reopening_forgets_it(session: Session) -> None:
    ticket = tickets.add(session, name="Login fails")
    tickets.set_status(session, ticket, "resolved")
    resolved_at = ticket.resolved_at
    assert resolved_at is not None
    tickets.set_status(session, ticket, "Closed")
    assert (ticket.status, ticket.resolved_at) == ("closed", resolved_at)
    tickets.set_status(session, ticket, "waiting")
    assert ticket.resolved_at is None
    assert isinstance(drain(session)[-1], TicketChanged)
    with pytest.raises(Invalid) as caught:
        tickets.set_status(session, ticket, "done")
    assert caught.value.params["statuses"] == "new, open, waiting, resolved, closed"


def test_who_takes_a_ticket_has_it_until_it_is_assigned_to_another(session: Session) -> None:
    ticket = tickets.add(session, name="Login fails")
    tickets.take(session, ticket, "UAGENT")
    assert (ticket.status, ticket.assignee_id) == ("open", "UAGENT")
    tickets.take(session, ticket, "UAGENT")
    with pytest.raises(Conflict, match="T-1 is already with Agent"):
        tickets.take(session, ticket, "UREP")
    tickets.assign(session, ticket, "UREP")
    assert ticket.assignee is not None
    assert ticket.assignee.name == "Rep"
    tickets.assign(session, ticket, None)
    assert (ticket.assignee_id, ticket.status) == (None, "open")


def test_the_first_answer_is_the_one_that_counts(session: Session) -> None:
    ticket = tickets.add(session, name="Login fails")
    tickets.responded(session, ticket)
    first = ticket.first_response_at
    assert (first is not None, ticket.status) == (True, "open")
    tickets.responded(session, ticket)
    assert ticket.first_response_at == first


def test_fields_change_and_an_undo_takes_them_back(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    ticket = tickets.add(session, name="Login fails")
    with recording(session, actor_id="UAGENT", source="test"):
        values = {"name": "Login is slow", "customer": acme.id, "priority": "low"}
        assert lifecycle.change(session, tickets.TICKET, ticket, values) == []
        tickets.set_priority(session, ticket, "high")
    assert (ticket.name, ticket.customer, ticket.urgency) == ("Login is slow", acme, 2)
    with recording(session, actor_id="UAGENT", source="test"):
        undo(session, "UAGENT")
    assert (ticket.name, ticket.customer_id, ticket.priority, ticket.urgency) == ("Login fails", None, "normal", 3)
    assert tickets.resolve(session, "login fails") is ticket


def test_the_backlog_is_listed_most_urgent_first(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    old = tickets.add(session, name="old", customer_id=acme.id, category="bug")
    urgent = tickets.add(session, name="urgent", priority="urgent", assignee_id="UAGENT")
    done = tickets.add(session, name="done", assignee_id="UAGENT")
    tickets.set_status(session, done, "resolved")
    assert tickets.list_tickets(session) == [urgent, old]
    assert tickets.list_tickets(session, assignee_id="UAGENT") == [urgent]
    assert tickets.list_tickets(session, unassigned=True) == [old]
    assert tickets.list_tickets(session, customer_id=acme.id) == [old]
    assert tickets.list_tickets(session, category="bug") == [old]
    assert tickets.list_tickets(session, done=True) == [done]
    assert tickets.list_tickets(session, limit=1, offset=1) == [old]

    def listed(typed: str, **more: Any) -> list[Ticket]:
        query = parse_query(typed)
        where = query.where(session, tickets.TICKET.filters, Said())
        return tickets.list_tickets(session, *where, order_by=query.order_by(tickets.TICKET.filters), **more)

    assert listed("owner:agent status!=resolved") == [urgent]
    assert listed("priority:urgent,high") == [urgent]
    assert listed("sort:-urgency", done=None) == [done, old, urgent]


@pytest.mark.parametrize(
    ("typed", "subject"),
    [
        ("one\ntwo", "one"),
        ("\u200b\n \n second", "second"),
        ("", "(no text)"),
        ("x" * 500, "x" * 79 + "…"),
        (
            "Hi, our October invoice shows two seats too many and we were charged twice, help!",
            "Hi, our October invoice shows two seats too many and we were charged twice…",
        ),
    ],
)
def test_a_subject_is_the_first_line_with_anything_in_it(typed: str, subject: str) -> None:
    assert tickets.subject_of(typed) == subject


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        ("*Urgent:* the _export_ fails", "Urgent: the export fails"),
        ("*_Both_* at once, ~not this~ and `code`", "Both at once, not this and code"),
        ("2 * 3 * 4 and snake_case_name, __init__", "2 * 3 * 4 and snake_case_name, __init__"),
        ("5*3=15*1", "5*3=15*1"),
    ],
)
def test_a_subject_is_plain(said: str, subject: str) -> None:
    assert tickets.subject_of(said) == subject
