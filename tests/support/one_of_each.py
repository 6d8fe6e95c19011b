"""Put one of each noun into a workspace, with words that nobody else is to read."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from storage.crm import contacts, customers, deals, followups, notes, pipelines
from storage.digests import runs, schedules
from storage.digests.metrics import Metric, Number, Period
from storage.money import Money
from storage.notifications import preferences
from storage.notifications.preferences import Notice
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records.counters import next_ids
from storage.support import categories, channels, labels, messages, model_versions, ratings, replies, tickets
from storage.support.ratings import Rating
from storage.workspace import permissions

SOON, LATE = datetime(2030, 1, 7, 9, tzinfo=UTC), datetime(2035, 1, 7, 9, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TS, LATER, LATEST = "1893492000.000100", "1893492001.000100", "1893492002.000100"
ANSWERED = "1893492003.000100"
HOUR = timedelta(hours=1)
TODAY = Period(datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))


def everything(session: Session) -> SimpleNamespace:
    """Put one of each noun into the workspace."""
    for setting in ("pipeline", "stage", "reply", "category"):
        # Numbers that no other workspace has, as each begins with some of its own.
        next_ids(session, setting, 1_000)
    customer = customers.add(session, name="Secret Customer", domain="secret.example", tier="gold", owner_id="UREP")
    contact = contacts.add(
        session, name="Secret Contact", email="secret@secret.example", customer_id=customer.id, slack_user_id="U9"
    )
    deal = deals.add(session, name="Secret Deal", amount=Money(1, "EUR"), customer_id=customer.id, owner_id="UREP")
    channels.seen(session, "C1", name="secret")
    link = channels.link(session, "C1", customer.id)
    channels.set_triage(session, "C1")
    message = messages.receive(
        session, channel_id="C1", ts=TS, text="Secret Message", author_id="U9", customer_id=customer.id
    )
    assert message is not None
    ticket, _ = tickets.open_from_message(session, message)
    messages.receive(session, channel_id="C1", ts=LATER, text="Secret Thanks", author_id="U9", thread_ts=TS)
    more = messages.receive(session, channel_id="C1", ts=LATEST, text="Secret More", author_id="U9", thread_ts=TS)
    assert more is not None
    more.ticket_id = ticket.id
    tickets.responded(session, tickets.assign(session, ticket, "UAGENT"))
    labels.correct(session, message, "bug", actor_id="UAGENT")
    category = categories.add(session, "Secret Category", ["a", "b", "c"], taken={})
    categories.merge(session, "bug", category.key, taken={"bug": "Bug"})
    _retired, model = (
        model_versions.keep(session, version=name, figures={}, last_label_id=1, weights=b"secret", promote=True)
        for name in ("secret-1", "secret-2")
    )
    followup = followups.add(session, text="Secret Promise", due_at=SOON, zone="UTC", owner_id="UREP", about=deal)
    note = notes.add(session, customer, "Secret Note")
    digest = schedules.add(session, name="Secret Digest", at_time=time(9), zone="UTC", owner_id="UMANAGER")
    number = Number(Metric.DEALS_OPEN, 1)
    run = runs.keep(
        session,
        name="Secret Digest",
        period=TODAY,
        digest=digest,
        target_user="UMANAGER",
        delivery_id=uuid4(),
        numbers=[runs.described(session, "F1", number, TODAY)],
    )
    saved = replies.save(session, "Secret Reply", "Secret Text")
    reply = replies.draft(session, ticket, "Secret Answer", author_id="UAGENT")
    replies.send(session, reply, ticket, renderer="triage.reply")
    replies.draft(session, ticket, "Secret Draft", author_id="UAGENT")
    stage = pipelines.stages(session)[0]
    preferences.set_quiet(session, "UAGENT", (time(18), time(9)))
    preferences.set_budget(session, "C1", 0)
    urgent = tickets.add(session, name="Fire", priority="urgent")
    held, sent = (_delivery(session, urgent.reference) for _ in range(2))
    held.held_by, held.held_at, held.not_before = "budget", SOON, LATE
    sent.state, sent.sent_at = "sent", SOON
    judged = {"category": "billing", "confidence": 0.9, "reasons": [], "model_version": "1", "abstained": False}
    answered = messages.receive(
        session, channel_id="C1", ts=ANSWERED, text="Hidden Bill", author_id="U8", judged=judged
    )
    assert answered is not None
    done = tickets.set_status(session, tickets.open_from_message(session, answered)[0], "resolved")
    rating = Rating(workspace_id=done.workspace_id, ticket_id=done.id, person_id="UMANAGER")
    rating.score, rating.words, rating.answered_at = 1, "Secret Words", SOON
    session.add(rating)
    session.flush()
    permission = permissions.ask(session, "deal", deal.id, "UAGENT", "Secret Why", SOON)
    permissions.decide(session, permission.id, by="UREP", allowed=True, now=SOON)
    ratings.decide(session, asked=True)
    return SimpleNamespace(
        customer=customer, contact=contact, deal=deal, link=link, message=message, ticket=ticket, followup=followup,
        note=note, digest=digest, run=run, stage=stage, category=category, model=model, saved=saved, reply=reply,
        pipeline=pipelines.default(session),
        held=held, urgent=urgent, rating=rating, permission=permission,
    )  # fmt: skip


def _delivery(session: Session, record: str) -> Delivery:
    delivery_id = outbox.enqueue(session, target_channel="C1", renderer="triage.card", record=record)
    found = session.get_one(Delivery, (session.info["workspace"], delivery_id))
    found.notice = Notice.TICKETS
    return found
