"""Say that something is going on, and resolve or take apart what was folded under one card."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.events import refresh, show
from bot.handlers.triage.incidents import folding
from bot.kit import blocks as b
from bot.kit.format import locale_of, quoted, undo_hint
from bot.kit.links import card_address
from bot.kit.replies import Message
from bot.plugin import Member, Notice, Role, _, ngettext
from storage.errors import Conflict, NotFound
from storage.events import TicketChanged, TicketRemoved
from storage.queues.outbox import Delivery
from storage.support import incident_reports, tickets
from storage.support.tickets import Ticket, TicketStatus
from storage.workspace.workspaces import Workspace

QUOTED = 300


@plugin.renderer("incident", kind=Notice.INCIDENTS)
def incident(delivery: Delivery, session: Session, receiver: Member | None, workspace: Workspace) -> Message | None:
    """Say how many customers report the same in how much time; None where that turned out otherwise meanwhile."""
    try:
        lead = tickets.resolve(session, delivery.record or "")
    except NotFound:
        return None
    if lead.incident_id != delivery.payload["incident"] or lead.incident_id is None:
        return None
    extent = incident_reports.extent(session, lead.incident_id)
    text = b.markup(
        _("🚨 *Something is going on*: {who} in {time} report the same as in {ref}."),
        who=folding.reporters(extent),
        time=folding.span(session, lead.incident_id, locale_of(receiver, workspace)),
        ref=lead.reference,
    )
    address = card_address(session, lead, workspace.url)
    card = b.link(address, _("Its card lists them.")) if address else b.esc(_("Its card lists them."))
    first = incident_reports.first_messages(session, [lead.id]).get(lead.id)
    said = [b.section(quoted(first, QUOTED))] if first is not None else []
    return Message(text, [b.section(text), *said, b.context(card)])


@plugin.action("resolve_all", role=Role.AGENT)
def resolve_all(control: b.Control, session: Session, actor: Member) -> Message | None:
    """Resolve a ticket and all that is folded under its card; what is nobody's was taken by who resolves it."""
    lead = tickets.resolve(session, control.record)
    left = incident_reports.unresolved(session, lead.incident_id) if lead.incident_id is not None else []
    if str(len(left)) != control.detail:
        refresh(session, lead)
        return Message(_("Nothing was done: the number of tickets has changed. The card is being redrawn."))
    for ticket in left:
        tickets.set_status(session, ticket, TicketStatus.RESOLVED, by=actor.id)
    text = b.markup(
        ngettext("{count} ticket is resolved.", "{count} tickets are resolved.", len(left)), count=len(left)
    )
    return Message(text, [b.section(text), undo_hint()])


@plugin.action("unfold", role=Role.AGENT)
def unfold(control: b.Control, session: Session) -> Message:
    """Give a ticket that is folded under another's card a card of its own."""
    return _apart(session, tickets.resolve(session, control.record))


@plugin.command("ticket unfold", usage="<ticket>", role=Role.AGENT, example="T-9")
def unfold_typed(args: Args, session: Session) -> Message:
    """Give a ticket its own card again, if it does not belong under another's."""
    return _apart(session, tickets.resolve(session, args["ticket"]))


def _apart(session: Session, ticket: Ticket) -> Message:
    alone = incident_reports.unfold(session, ticket)
    if not alone:
        raise Conflict("{reference} is not part of another ticket's card.", reference=ticket.reference)
    for one in alone:
        show(session, one)
    return Message(b.markup(_("{ref} *{name}* now has its own card."), ref=ticket.reference, name=ticket.name))


@plugin.on(TicketChanged)
@plugin.on(TicketRemoved)
def on_ticket_gone(fact: TicketChanged | TicketRemoved, session: Session) -> None:
    """Give the next of an incident a card where the first was merged or is no longer there."""
    ticket: Ticket = fact.record
    gone = isinstance(fact, TicketRemoved) or ticket.merged_into_id is not None
    if gone and ticket.incident_id is not None:
        lead = tickets.first_of_incident(session, ticket.incident_id)
        if lead is not None:
            show(session, lead)
