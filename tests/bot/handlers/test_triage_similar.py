"""What a card shows beside a ticket: the like before, who handles these, and what is at stake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.handlers.triage.card import similar
from bot.handlers.triage.incidents.vectors import MessageVector
from ml.starter import load_examples
from ml.text.features import TextFeatures
from storage.crm import customers, deals
from storage.money import Money
from storage.support import messages, tickets
from storage.support.experience import TicketEnding
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket


@pytest.fixture(scope="module")
def model() -> Any:
    """Stand for a classifier by its vocabulary, which is all that is asked of it here."""
    return SimpleNamespace(features_=TextFeatures().fit(load_examples().texts), version_="starter-1")


def opened(session: Session, text: str, number: int, customer_id: int | None = None) -> tuple[Ticket, IncomingMessage]:
    message = messages.receive(
        session, channel_id="C1", ts=f"170000{number:04}.000100", text=text, author_id="U9", customer_id=customer_id
    )
    assert message is not None
    messages.classified(
        session, message, category="bug", confidence=0.9, reasons=[], model_version="1", abstained=False
    )
    return tickets.open_from_message(session, message)[0], message


def shown(session: Session, ticket: Ticket, message: IncomingMessage, model: Any) -> str:
    return str([block.to_dict() for block in similar.blocks(session, ticket, message, model, "en-US")])


def test_the_like_before_who_handles_these_and_what_is_at_stake(session: Session, model: Any) -> None:
    acme = customers.add(session, name="Acme")
    deals.add(session, name="Renewal <2027>", amount=Money(1_200_000, "EUR"), customer_id=acme.id)
    for number, text in enumerate(("Dashboard shows 502 bad gateway", "The export to CSV has no header row")):
        past, _message = opened(session, text, number)
        tickets.take(session, past, "UAGENT")
        tickets.set_status(session, past, "resolved")
        assert past.resolved_at is not None
        past.created_at = past.resolved_at - timedelta(hours=3)
        session.flush()
    ticket, message = opened(session, "Hi,\ndashboard won't load: 502 bad gateway", 9, acme.id)
    for _again in range(2):
        text = shown(session, ticket, message, model)
        assert "T-1 Dashboard shows 502 bad gateway: resolved by <@UAGENT> in 3 hours" in text
        assert "export" not in text
        assert "Usually handled by <@UAGENT> (2)" in text
        assert "D-1 Renewal &lt;2027&gt;, €12,000" in text


def test_there_may_be_nothing_to_show(session: Session, model: Any) -> None:
    ticket, message = opened(session, "please call me back", 1)
    assert similar.blocks(session, ticket, message, model, "en-US") == []
    assert similar.blocks(session, ticket, message, None, "en-US") == []


def test_a_ticket_of_the_same_number_is_told_from_one_that_was_read_before(session: Session, model: Any) -> None:
    reading = MessageVector("T1", model)
    started = datetime(2026, 1, 1, tzinfo=UTC)
    one, other = (TicketEnding(1, "", started + timedelta(hours=hours), started, None) for hours in (0, 1))
    assert reading.known(one) is None
    read = reading.remember(one, "The export fails")
    assert reading.known(one) is read
    assert reading.known(other) is None
    assert reading.read("The export fails") is not reading.read("The invoice is wrong")
