"""Work by emoji: one opens a ticket, one takes it, one resolves it, on the customer's message or on the card.

Only our agents' count. Who takes one back undoes what it did, unless somebody else of ours still holds it or the ticket
was changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.intake.opening import Asked, ask, open_ticket
from bot.plugin import Member, Role, Slack
from storage.errors import CrmError
from storage.support import messages, reactions, tickets
from storage.support.tickets import DONE, Ticket, TicketStatus

if TYPE_CHECKING:
    from ml.classify.classifier import MessageClassifier

OPENS, TAKES, RESOLVES = "ticket", "eyes", "white_check_mark"
Event = Mapping[str, Any]
Before = dict[str, Any]


def _where(event: Event, actor: Member | None) -> dict[str, Any] | None:
    """Return which emoji of whom on which message an event is about; None for what means nothing to us."""
    item = event.get("item") or {}
    if item.get("type") != "message" or event.get("reaction") not in {OPENS, TAKES, RESOLVES}:
        return None
    if actor is None or not actor.has(Role.AGENT):
        return None
    return {
        "channel_id": str(item["channel"]),
        "ts": str(item["ts"]),
        "name": str(event["reaction"]),
        "member_id": actor.id,
        "at": messages.slack_time(str(event["event_ts"])),
    }


def _ask(event: Event, actor: Member | None, slack: Slack) -> Asked | None:
    """Ask Slack for the message a ticket is to be opened from; None where it is not to be had."""
    where = _where(event, actor)
    if where is None or where["name"] != OPENS:
        return None
    try:
        return ask(slack, where["channel_id"], where["ts"])
    except CrmError as exc:
        if exc.kind in {"not_found", "refused"}:
            return None
        raise


@plugin.event("reaction_added", before=_ask)
def added(event: Event, found: Asked | None, session: Session, actor: Member | None, model: MessageClassifier) -> None:
    """Do what an agent's emoji asks for."""
    where = _where(event, actor)
    if where is None or actor is None:
        return
    tickets.lock(session, where["channel_id"])
    reaction = reactions.hold(session, **where)
    if reaction is None:
        return
    ticket = ticket_at(session, reaction.channel_id, reaction.ts)
    if (
        reaction.name == OPENS
        and ticket is None
        and (found or messages.by_ts(session, reaction.channel_id, reaction.ts))
    ):
        ticket, opened = open_ticket(session, reaction.channel_id, reaction.ts, found, model)
        if opened:
            reactions.acted(session, reaction, ticket, {"status": TicketStatus.CLOSED, "is_request": False})
    elif ticket is not None:
        before = _DOES[reaction.name](session, ticket, actor)
        if before:
            reactions.acted(session, reaction, ticket, before)


@plugin.event("reaction_removed")
def removed(event: Event, session: Session, actor: Member | None) -> None:
    """Undo what an agent's emoji did, if nobody else of ours holds it and nothing happened since."""
    where = _where(event, actor)
    if where is None:
        return
    tickets.lock(session, where["channel_id"])
    reaction = reactions.let_go(session, **where)
    if reaction is not None and not reactions.is_held(session, reaction.channel_id, reaction.ts, reaction.name):
        reactions.taken_back(session, reaction.channel_id, reaction.ts, reaction.name)


def ticket_at(session: Session, channel_id: str, ts: str) -> Ticket | None:
    """Return the ticket that a message in Slack belongs to or is the card of, None if it is neither."""
    message = messages.by_ts(session, channel_id, ts)
    if message is not None:
        return None if message.ticket_id is None else tickets.get(session, message.ticket_id)
    reference = reactions.card_of(session, channel_id, ts)
    return None if reference is None else tickets.resolve(session, reference)


def _reopen(session: Session, ticket: Ticket, actor: Member) -> Before | None:
    """Make a request again of what was none, as after the emoji was taken back."""
    if ticket.is_request:
        return None
    before = {"status": ticket.status, "is_request": False, "resolved_at": ticket.resolved_at}
    tickets.set_status(session, ticket, TicketStatus.OPEN if ticket.assignee_id else TicketStatus.NEW)
    return before


def _take(session: Session, ticket: Ticket, actor: Member) -> Before | None:
    if ticket.assignee_id is not None:
        return None
    before = {"assignee_id": None, "status": ticket.status}
    tickets.assign(session, ticket, actor.id)
    return before


def _resolve(session: Session, ticket: Ticket, actor: Member) -> Before | None:
    if ticket.status in DONE:
        return None
    before = {"assignee_id": ticket.assignee_id, "status": ticket.status}
    tickets.set_status(session, ticket, TicketStatus.RESOLVED, by=actor.id)
    return before


_DOES: Mapping[str, Callable[[Session, Ticket, Member], Before | None]] = {
    OPENS: _reopen,
    TAKES: _take,
    RESOLVES: _resolve,
}
