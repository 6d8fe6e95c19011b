"""Draw what is said when a ticket is about to be late, and when it is."""

from __future__ import annotations

from datetime import datetime

from slack_sdk.models.blocks import Block, InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.sla.declaration import plugin
from bot.handlers.sla.wording import kind_words, priority_words, span_words, tier_words
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.links import card_address, message_address
from bot.kit.replies import Message
from bot.plugin import Notice, _
from storage.errors import NotFound
from storage.queues.outbox import Delivery
from storage.support import sla, tickets
from storage.support.sla import Rung, SlaClock
from storage.support.tickets import DONE, Ticket
from storage.workspace.workspaces import Workspace


def _kind(row: Delivery) -> Notice:
    return Notice.WARNINGS if row.payload.get("rung") == Rung.WARNING else Notice.BREACHES


@plugin.renderer("alert", kind=_kind)
def alert(delivery: Delivery, session: Session, reader: Reader, workspace: Workspace, now: datetime) -> Message | None:
    """Draw a warning or an alert; None where the clock was stopped, or somebody else is to be told, meanwhile."""
    reference, kind = sla.parse_subject(delivery.record or "")
    rung = Rung(delivery.payload["rung"])
    try:
        ticket = tickets.resolve(session, reference)
    except NotFound:
        return None
    clock = sla.get(session, ticket.id, kind)
    if clock is None or clock.due_at is None or (rung is not Rung.WARNING and clock.due_at > now):
        return None
    told = [(one.user, one.channel) for one in sla.receivers(session, ticket, kind, rung)]
    if (delivery.target_user, delivery.target_channel) not in told:
        return None
    return draw(session, ticket, clock, reader, workspace)


def draw(
    session: Session,
    ticket: Ticket,
    clock: SlaClock | None,
    reader: Reader,
    workspace: Workspace,
    *,
    notice: b.Text | None = None,
) -> Message:
    """Draw a ticket with how late it is, and with what can be done about it; without its clock once that is met."""
    headline = line(session, ticket, clock, reader) if clock is not None else named(session, ticket)
    details: list[b.Text] = [
        b.markup(_("Priority: *{priority}*"), priority=priority_words(session, ticket.priority)),
        b.markup(_("With: {who}"), who=b.person(ticket.assignee_id) if ticket.assignee_id else _("nobody yet")),
        *([_promised(clock, reader)] if clock is not None else []),
        *_links(session, ticket, workspace),
    ]
    blocks: list[Block] = [
        *([b.context(notice)] if notice else []),
        b.section(headline),
        b.context(b.join(details, " · ")),
        *_controls(ticket),
    ]
    return Message(b.join([notice, headline], " ") if notice else headline, blocks, replace=notice is not None)


def line(session: Session, ticket: Ticket, clock: SlaClock, reader: Reader) -> b.Markup:
    """Say in one line what of a ticket is due or late, and by how much."""
    assert clock.due_at is not None, "it runs"
    late = clock.due_at <= reader.now
    template = (
        _("{mark} {ticket}: the {what} was due {when}, {ago}.")
        if late
        else _("{mark} {ticket}: the {what} is due {when}, {ago}.")
    )
    return b.markup(
        template,
        mark="🚨" if late else "⏳",
        ticket=named(session, ticket),
        what=kind_words(clock.kind),
        when=reader.moment(clock.due_at),
        ago=reader.ago(clock.due_at),
    )


def named(session: Session, ticket: Ticket) -> b.Markup:
    """Name a ticket with its customer and tier."""
    name = b.markup("*{ref}* {name}", ref=ticket.reference, name=ticket.name)
    if ticket.customer is None:
        return name
    tier = ticket.customer.tier
    said = b.markup(" _{tier}_", tier=tier_words(session, tier)) if tier else b.esc("")
    return b.markup("{name} (*{who}*{tier})", name=name, who=ticket.customer.name, tier=said)


def _promised(clock: SlaClock, reader: Reader) -> b.Markup:
    return b.markup(_("Promised: within {time}"), time=span_words(clock.target_minutes, reader.locale))


def _links(session: Session, ticket: Ticket, workspace: Workspace) -> list[b.Text]:
    """Link to the ticket's card and to where the customer wrote, as far as Slack has said where these are."""
    places = [
        (_("Card"), card_address(session, ticket, workspace.url)),
        (_("Message"), message_address(workspace.url, ticket.channel_id, ticket.thread_ts)),
    ]
    return [b.link(address, label) for label, address in places if address]


def _controls(ticket: Ticket) -> list[Block]:
    if ticket.status in DONE:
        return []
    control = b.Control(ticket.reference, ticket.version)
    buttons: list[InteractiveElement] = [b.button(_("Resolve"), plugin.id("resolve"), control)]
    if ticket.assignee_id is None:
        buttons.insert(0, b.button(_("Take"), plugin.id("take"), control, style="primary"))
    return [b.actions(*buttons)]
