"""Show that a customer's message is kept once, with what the model made of it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.crm import customers
from storage.database.engine import Database
from storage.events import MessageReceived, drain
from storage.support import messages, tickets
from storage.support.messages import IncomingMessage
from tests.support.received_messages import TS, received
from tests.support.waiting import PATIENCE_S


def test_a_message_is_stored_once_under_slacks_time(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    message = received(session, customer_id=acme.id, author_name="Jane")
    assert message.at == datetime(2030, 1, 1, 10, 0, 0, 100, tzinfo=UTC)
    assert messages.receive(session, channel_id="C1", ts=TS, text="again", author_id="U9") is None
    assert messages.by_ts(session, "C1", TS) is messages.get(session, message.id, message.at) is message
    assert messages.by_ts(session, "C2", TS) is None
    assert message.customer is acme
    assert [type(fact) for fact in drain(session)][-1:] == [MessageReceived]


def test_a_message_that_two_processes_store_at_once_is_stored_by_one(database: Database, workspace: str) -> None:
    stored: list[bool] = []
    looked = threading.Barrier(2, timeout=PATIENCE_S)

    def store() -> None:
        with database.transaction(workspace) as session:
            assert messages.by_ts(session, "C1", TS) is None
            looked.wait()
            stored.append(messages.receive(session, channel_id="C1", ts=TS, text="hello", author_id="U9") is not None)

    threads = [threading.Thread(target=store) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sorted(stored) == [False, True]
    with database.transaction(workspace) as session:
        assert session.scalar(select(func.count()).select_from(IncomingMessage)) == 1


def test_what_no_database_stores_is_replaced_and_what_is_too_long_cut(session: Session) -> None:
    assert received(session, text="a\x00b\ud800c").text == "a\ufffdb?c"
    assert len(received(session, "1893492001.000100", text="x" * 50_000).text) == messages.TEXT_LIMIT


@pytest.mark.parametrize("ts", ["", "yesterday", "1e400", "NaN"])
def test_what_is_no_slack_time_is_refused(session: Session, ts: str) -> None:
    with pytest.raises(ValueError, match="not a Slack timestamp"):
        received(session, ts)


def test_what_the_model_made_of_a_message_stays_on_it(session: Session) -> None:
    message = received(session)
    messages.classified(
        session,
        message,
        category="bug",
        confidence=0.93,
        reasons=["not work"],
        model_version="starter-1",
        abstained=False,
    )
    session.refresh(message)
    assert (message.category, message.confidence, message.reasons) == ("bug", 0.93, ["not work"])
    assert (message.model_version, message.abstained) == ("starter-1", False)
    assert message.classified_at is not None


def test_messages_are_listed_by_ticket_and_by_customer(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    first = received(session, customer_id=acme.id)
    second = received(session, "1893492002.000100", customer_id=acme.id, thread_ts=TS)
    assert (first.thread, second.thread) == (TS, TS)
    ticket, _ = tickets.open_from_message(session, first)
    tickets.open_from_message(session, second)
    assert messages.of_ticket(session, ticket.id) == [first, second]
