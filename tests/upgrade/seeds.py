"""Make records, and of each message that Rapport sends by itself one that waits to be sent."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.plugins.renewals.tables import Renewal
from storage.crm import customers, deals, followups, notes
from storage.digests import schedules
from storage.notifications import preferences
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records import history
from storage.support import messages, model_versions, replies, sla, tickets
from storage.support.incidents import Incident
from storage.support.tickets import Ticket

ADMIN, AGENT, MANAGER, REP = "UAADMIN", "UAAGENT", "UAMANAGER", "UAREP"
SUPPORT, NEWS, SHARED, GENERAL = "CSUPPORT", "CNEWS", "CSHARED", "CGENERAL"
_STAMP = itertools.count(int(datetime.now(UTC).timestamp()) - 90_000)


@dataclass(frozen=True)
class Seeded:
    """Hold references of what was made together, a saved reply's number, and a ticket under another's card."""

    refs: dict[str, str]
    saved: str
    folded: str = ""


def ticket_of(session: Session, text: str, *, customer_id: int | None, abstained: bool = False) -> Ticket:
    """Open a ticket from a message that a customer wrote a day ago."""
    came = messages.receive(
        session,
        channel_id=SHARED,
        ts=f"{next(_STAMP)}.000100",
        text=text,
        author_id="UBCARLA",
        author_name="Carla Customer",
        customer_id=customer_id,
    )
    assert came is not None
    messages.classified(
        session,
        came,
        category="bug",
        confidence=0.5,
        reasons=["fails"],
        model_version="1",
        abstained=abstained,
        second="billing" if abstained else None,
    )
    ticket, _opened = tickets.open_from_message(session, came)
    return ticket


def records(session: Session, name: str, *, due_in: timedelta = timedelta(hours=1)) -> Seeded:
    """Add a record of every kind with this name."""
    now = datetime.now(UTC)
    customer = customers.add(session, name=name, tier="gold", owner_id=ADMIN)
    deal = deals.add(session, name=f"{name} renewal", customer_id=customer.id, owner_id=ADMIN, close_on=now.date())
    notes.add(session, deal, "They asked for a quote")
    followup = followups.add(session, text=f"Call {name}", due_at=now + due_in, zone="UTC", owner_id=ADMIN, about=deal)
    digest = schedules.add(
        session, name=f"{name} digest", at_time=now.time(), zone="UTC", owner_id=ADMIN, frequency="daily"
    )
    ticket = ticket_of(session, f"The export of {name} fails", customer_id=customer.id)
    saved = replies.save(session, f"Thanks {name}", "Hello {contact}, thank you.")
    refs = {
        "customers": customer.reference,
        "deals": deal.reference,
        "followups": followup.reference,
        "digests": digest.reference,
        "tickets": ticket.reference,
        "triage": ticket.reference,
    }
    return Seeded(refs, str(saved.id))


def messages_of_all_kinds(session: Session, name: str, renderers: set[str], *, late: bool = True) -> Seeded:
    """Leave one message of every renderer to be sent; `late` says that a ticket is that nobody has taken."""
    now = datetime.now(UTC)
    made = records(session, name)
    customer = customers.resolve(session, made.refs["customers"])
    ticket = tickets.resolve(session, made.refs["tickets"])
    tickets.assign(session, ticket, AGENT)
    tickets.set_priority(session, ticket, "urgent")
    sla.opened(session, ticket, now)
    incident = Incident(workspace_id=ticket.workspace_id, started_at=now - timedelta(minutes=9), last_at=now)
    session.add(incident)
    session.flush()
    lead, second, third = (
        ticket_of(session, "Everything is down", customer_id=one) for one in (customer.id, None, None)
    )
    lead.incident_id = second.incident_id = third.incident_id = incident.id
    unsure = ticket_of(session, "Hmm, about that thing", customer_id=customer.id, abstained=True)
    gone, into, done = (ticket_of(session, f"Ticket {n}", customer_id=customer.id) for n in (1, 2, 3))
    if late:
        tickets.set_priority(session, lead, "urgent")
        sla.opened(session, lead, now)
    session.flush()
    written = messages.of_ticket(session, ticket.id)[0]
    written.wants_to_cancel = True
    again = {"message": [written.id, written.at.isoformat()]}
    change = history.current_change(session)
    assert change is not None
    given = {"change": change.id, "records": {ticket.reference: "given"}}
    answer = replies.draft(session, ticket, "We are looking into it.", author_id=AGENT)
    refused = outbox.enqueue(session, target_user=REP, renderer="digests.digest", record=made.refs["digests"])
    session.execute(update(Delivery).where(Delivery.id == refused).values(state="dead", reason="user_not_found"))
    learned = _learned(session, name)
    renewal = Renewal.new(session, name=name, customer_id=customer.id, on_date=now.date() + timedelta(days=9))
    preferences.set_budget(session, NEWS, 3)
    session.flush()
    wanted: dict[str, tuple[dict[str, Any], str | None, dict[str, Any]]] = {
        "attention.spent": ({"target_channel": NEWS}, None, {}),
        "deliveries.undelivered": ({"target_user": ADMIN}, None, {"delivery": str(refused)}),
        "digests.digest": ({"target_user": ADMIN}, made.refs["digests"], {"due_at": now.isoformat(), "asked": True}),
        "followups.handed_over": ({"target_user": ADMIN}, REP, {"followups": [made.refs["followups"]]}),
        "followups.reminder": ({"target_user": ADMIN}, made.refs["followups"], {}),
        "history.yours": ({"target_user": AGENT}, ticket.reference, given),
        "learning.learned": ({"target_channel": SUPPORT}, None, {"version_id": learned}),
        "renewals.reminder": ({"target_user": MANAGER}, str(renewal.id), {}),
        "sla.alert": ({"target_user": AGENT}, f"{ticket.reference}/resolution", {"rung": "sla_warning"}),
        "triage.card": ({"target_channel": SUPPORT}, ticket.reference, {}),
        "triage.greeting": ({"target_user": REP}, None, {}),
        "triage.incident": ({"target_channel": SUPPORT}, lead.reference, {"incident": incident.id}),
        "triage.leaving": ({"target_user": MANAGER}, customer.reference, again),
        "triage.pointer": ({"target_channel": GENERAL}, ticket.reference, {}),
        "triage.reply": ({"target_channel": SHARED}, ticket.reference, {"reply": answer.id}),
        "triage.wrote_again": ({"target_user": AGENT}, ticket.reference, again),
    }
    sent = {
        renderer: outbox.enqueue(session, **where, renderer=renderer, record=record, payload=payload)
        for renderer, (where, record, payload) in wanted.items()
    }
    nobodys = f"{lead.reference}/resolution"
    outbox.enqueue(
        session, target_channel=SUPPORT, renderer="sla.alert", record=nobodys, payload={"rung": "sla_warning"}
    )
    ticket.card_delivery_id = sent["triage.card"]
    tickets.set_status(session, done, "resolved")
    for one in (lead, unsure, gone, into, done):
        one.card_delivery_id = outbox.enqueue(
            session, target_channel=SUPPORT, renderer="triage.card", record=one.reference, stays=True
        )
    session.flush()
    tickets.merge(session, gone, into)
    assert gone.card_delivery_id is not None
    outbox.enqueue(session, kind="update", edits=gone.card_delivery_id, renderer="triage.merged", record=gone.reference)
    assert {*wanted, "triage.merged"} == renderers, "a renderer has no message here"
    return replace(made, folded=third.reference)


def many(session: Session) -> None:
    """Add more deals, tickets and digests than one page shows."""
    for number in range(8):
        deals.add(session, name=f"Many {number}", owner_id=ADMIN)
        tickets.add(session, name=f"Many {number}", assignee_id=ADMIN)
    for number in range(4):
        digest = schedules.add(session, name=f"Many {number}", at_time=time(9), zone="UTC", owner_id=ADMIN)
        schedules.stop(session, digest)
    outbox.enqueue(session, target_user=REP, renderer="renewals.reminder", record="1", payload={})


def _learned(session: Session, name: str) -> int:
    worth = {"right": 0.8, "coverage": 0.7, "precision": 0.9, "ece": 0.02, "confusion": [["bug", "billing", 3]]}
    figures = {"method": "held-out", "labels": 40, "judged": 25, "current_version": "starter-1"}
    figures |= {"current": worth, "candidate": worth}
    kept = model_versions.keep(
        session, version=f"model-{name}", figures=figures, last_label_id=0, weights=None, promote=False
    )
    return kept.id
