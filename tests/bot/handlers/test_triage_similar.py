"""What a card shows beside a ticket: the like before, who handles these, and what is at stake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.handlers.triage.card import similar
from bot.handlers.triage.incidents import folding
from bot.handlers.triage.incidents.vectors import MessageVector
from bot.kit.categories import own
from ml.starter import load_examples
from ml.text.encoder import installed
from ml.text.features import TextFeatures
from ml.text.meaning import encoder, packed
from storage.crm import customers, deals
from storage.meaning import vectors
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
    return str([block.to_dict() for block in similar.blocks(session, ticket, message, model, "en-US", own(session))])


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
    assert similar.blocks(session, ticket, message, model, "en-US", own(session)) == []
    assert similar.blocks(session, ticket, message, None, "en-US", own(session)) == []


def test_a_ticket_of_the_same_number_is_told_from_one_that_was_read_before(session: Session, model: Any) -> None:
    reading = MessageVector("T1", model)
    started = datetime(2026, 1, 1, tzinfo=UTC)
    one, other = (TicketEnding(1, "", started + timedelta(hours=hours), started, None) for hours in (0, 1))
    assert reading.known(one) is None
    read = reading.remember(one, "The export fails")
    assert reading.known(one) is read
    assert reading.known(other) is None
    assert reading.read("The export fails") is not reading.read("The invoice is wrong")


@pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")
def test_what_means_the_same_in_another_language_is_the_like_too(session: Session, model: Any) -> None:
    said = ["The invoice has a wrong address", "My parcel has not arrived", "My parcel has still not arrived"]
    for number, text in enumerate(said):
        past, _message = opened(session, text, 20 + number)
        tickets.set_status(session, past, "resolved")
    ticket, message = opened(session, "我的包裹还没有到", 29)
    encoder.cache_clear()
    assert "Reads like" not in shown(session, ticket, message, model)
    missing = vectors.missing(session, since=None, limit=10)
    kept = packed(encoder().vectors([one.text for one in missing]))
    vectors.keep(session, [(one, *both) for one, both in zip(missing, kept, strict=True)])
    for _again in range(2):
        text = shown(session, ticket, message, model)
        assert "Reads like 2 Bug or outage tickets of yours, such as T-2:" in text
        assert "T-2 My parcel" in text and "T-3 My parcel" in text and "invoice" not in text


@pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")
def test_reports_in_two_languages_come_under_one_card(session: Session, model: Any) -> None:
    for number, text in enumerate(["Nobody of us can log in to your website since this morning", "发票上的地址是错的"]):
        first, begun = opened(session, text, 40 + number, customers.add(session, name=f"Acme {number}").id)
        first.card_channel_id, first.created_at = "C9", begun.at
    ticket, message = opened(
        session, "从今天早上开始我们所有人都无法登录你们的网站", 42, customers.add(session, name="Ba").id
    )
    encoder().vectors(["so that it is loaded"])
    assert not folding.fold(session, ticket, message, model, "C9")
    missing = vectors.missing(session, since=None, limit=10)
    kept = packed(encoder().vectors([one.text for one in missing]))
    vectors.keep(session, [(one, *both) for one, both in zip(missing, kept, strict=True)])
    assert folding.fold(session, ticket, message, model, "C9")
    session.refresh(ticket)
    assert ticket.incident_id is not None
    assert tickets.get(session, ticket.id - 2).incident_id == ticket.incident_id
