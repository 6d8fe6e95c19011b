"""Fold what several customers report at about the same time under the card of the first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.events import ALERT_PRIORITY, refresh
from bot.handlers.triage.incidents.vectors import MessageVector
from bot.kit import blocks as b
from bot.kit import fields
from bot.kit.format import duration, paragraphs
from bot.kit.links import permalink
from bot.plugin import _, ngettext
from storage.database.engine import current_workspace
from storage.queues import outbox
from storage.records.named import moment
from storage.support import incident_reports, tickets
from storage.support.incident_reports import Candidate, Extent
from storage.support.incidents import Incident
from storage.support.messages import IncomingMessage
from storage.support.tickets import DONE, TICKET, Ticket
from storage.workspace.workspaces import Workspace

if TYPE_CHECKING:
    from ml.classify.classifier import MessageClassifier

TOLD_AT = 5
"""From so many customers on support is told that something is going on."""
SHOWN = 10


def fold(
    session: Session, ticket: Ticket, message: IncomingMessage, model: MessageClassifier, channel_id: str | None
) -> bool:
    """Put a new ticket under the card of an earlier one of another customer that says the same; tell if it was.

    Only under a card in the channel where its own would be, `channel_id`: else those for whom it is would not see it.
    """
    from ml.text.similar import tells

    reading = MessageVector(current_workspace(session), model)
    if channel_id is None or ticket.incident_id is not None or not tells(reading.features, message.text):
        return False
    incident_reports.lock(session, channel_id)
    reading.begins(ticket.id, message.at, message.text)
    under = _same(session, reading, message, incident_reports.candidates(session, ticket, channel_id, message.at))
    incident = incident_reports.fold(session, ticket, under, message.at) if under is not None else None
    if under is None or incident is None:
        return False
    lead = tickets.get(session, under.ticket_id)
    if lead.assignee_id is not None and lead.assignee_id != ticket.assignee_id:
        tickets.assign(session, ticket, lead.assignee_id)
    refresh(session, lead)
    _tell(session, incident, lead, channel_id)
    return True


def _same(
    session: Session, reading: MessageVector, message: IncomingMessage, found: list[Candidate]
) -> Candidate | None:
    """Return what says or means most the same, if that is enough."""
    from ml.text.similar import LIKE, LIKE_IN_MEANING, LIKE_WHAT_HAPPENS, MEANT_WHAT_HAPPENS, similarities

    if not found:
        return None
    mine = reading.read(message.text)
    others = [reading.read(one.text) for one in found]
    alike = similarities(reading.features, mine, others)
    meant = reading.alike(session, message.text, [(one.ticket_id, one.at) for one in found])
    above = [
        max(
            said - (LIKE if one.incident_id is None else LIKE_WHAT_HAPPENS),
            means - (LIKE_IN_MEANING if one.incident_id is None else MEANT_WHAT_HAPPENS),
        )
        for one, said, means in zip(found, alike.tolist(), meant.tolist(), strict=True)
    ]
    best = max(range(len(found)), key=above.__getitem__)
    return found[best] if above[best] >= 0 else None


def _tell(session: Session, incident: Incident, lead: Ticket, channel_id: str) -> None:
    extent = incident_reports.extent(session, incident.id)
    if incident.told_at is None and extent.customers + extent.colleagues >= TOLD_AT:
        incident.told_at = moment()
        outbox.enqueue(
            session,
            target_channel=channel_id,
            renderer=plugin.id("incident"),
            record=lead.reference,
            payload={"incident": incident.id},
            dedupe_key=f"incident:{incident.id}",
            priority=ALERT_PRIORITY,
        )


def blocks(session: Session, ticket: Ticket, locale: str) -> list[Block]:
    """Draw what is folded under a ticket's card, and what can be done with it; nothing where nothing is."""
    if ticket.incident_id is None:
        return []
    together = incident_reports.members_of(session, ticket.incident_id)
    if len(together) < 2 or together[0].id != ticket.id:
        return []
    folded, extent = together[1:], incident_reports.extent(session, ticket.incident_id)
    shown = [*folded[: SHOWN - 1], *folded[-1:]] if len(folded) > SHOWN else folded
    written = incident_reports.first_messages(session, [one.id for one in shown])
    url = session.get_one(Workspace, current_workspace(session)).url
    title = b.markup(
        _("*Others report the same* ({who} in {time})"),
        who=reporters(extent),
        time=span(session, ticket.incident_id, locale),
    )
    lines = [_line(session, one, written.get(one.id), url) for one in shown]
    if len(shown) < extent.tickets - 1:
        lines.insert(len(lines) - 1, b.markup(_("… {more} more"), more=extent.tickets - 1 - len(shown)))
    return [*paragraphs([title, *lines]), _controls(session, ticket, ticket.incident_id, shown)]


def reporters(extent: Extent) -> str:
    """Say how many customers and colleagues reported an incident."""
    customers = ngettext("{count} customer", "{count} customers", extent.customers).format(count=extent.customers)
    colleagues = ngettext("{count} colleague", "{count} colleagues", extent.colleagues).format(count=extent.colleagues)
    if not extent.colleagues:
        return customers
    return (
        _("{customers} and {colleagues}").format(customers=customers, colleagues=colleagues)
        if extent.customers
        else colleagues
    )


def span(session: Session, incident_id: int, locale: str) -> str:
    """Return for how long the customers of an incident have reported it, at least a minute."""
    incident = session.get_one(Incident, (current_workspace(session), incident_id))
    return duration(max(incident.last_at - incident.started_at, timedelta(minutes=1)), locale)


def _line(session: Session, ticket: Ticket, message: IncomingMessage | None, url: str | None) -> b.Markup:
    who = ticket.customer.name if ticket.customer else (message.author_name if message else None) or _("Somebody")
    address = permalink(url, message) if message else None
    opened = b.link(address, ticket.name) if address else b.esc(ticket.name)
    line = b.markup("• *{ref}* {who}: {said}", ref=ticket.reference, who=who, said=opened)
    return (
        b.join([line, b.markup("_{done}_", done=fields.called(session, TICKET, "status", ticket.standing))], "  ")
        if ticket.status in DONE
        else line
    )


def _controls(session: Session, ticket: Ticket, incident_id: int, shown: list[Ticket]) -> Block:
    left = len(incident_reports.unresolved(session, incident_id))
    resolve = b.button(
        _("Resolve all {count}").format(count=left),
        plugin.id("resolve_all"),
        b.Control(ticket.reference, ticket.version, str(left)),
        confirm=ngettext(
            "{count} remaining ticket will be resolved.", "All {count} remaining tickets will be resolved.", left
        ).format(count=left),
    )
    options = [b.Option(f"{one.reference} {one.name}", str(b.Control(one.reference, one.version))) for one in shown]
    apart = b.menu(_("Is something else"), plugin.id("unfold"), options)
    return b.actions(*([resolve] if left > 1 else []), apart)
