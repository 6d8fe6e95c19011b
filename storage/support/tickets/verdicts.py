"""Tell what became of the categories that models gave: let stand, confirmed, or corrected."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from storage.support.labels import READ_CHARACTERS, Label, resolve
from storage.support.messages import CHATTER, IncomingMessage
from storage.support.tickets.model import Ticket


@dataclass(frozen=True, slots=True)
class Accepted:
    """Hold a message that was dealt with as what a model took it for; `is_later` than the time that was asked about."""

    message_id: int
    text: str
    category: str
    is_later: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """Hold an answer of a model: its confidence and what its card promised, 0 to 1, and whether it was right."""

    at: datetime
    confidence: float
    promised: float | None
    is_right: bool


def accepted(session: Session, *, since: datetime | None, limit: int) -> list[Accepted]:
    """Return the first messages of tickets that people resolved and whose category they let stand, the newest first.

    Without those that anybody said anything of, that no model was sure of, or that a person's word was remembered for.
    """
    message = IncomingMessage
    columns = (message.id, func.left(message.text, READ_CHARACTERS), Ticket.category, message.at)
    return [
        Accepted(message_id, text, category, since is None or at > since)
        for message_id, text, category, at in session.execute(_let_stand(*columns).limit(limit))
    ]


def judged(session: Session, *, merged: dict[str, str], limit: int) -> list[Judged]:
    """Return what became of the newest answers of models, the newest first; `merged` says which categories are one."""
    message, first, last = IncomingMessage, aliased(Label), aliased(Label)
    ends = (
        select(Label.message_id, Label.message_at, func.min(Label.id).label("first"), func.max(Label.id).label("last"))
        .group_by(Label.message_id, Label.message_at)
        .subquery()
    )
    said = (
        select(message.at, message.confidence, message.promised, first.old_category, last.new_category)
        .join(ends, tuple_(ends.c.message_id, ends.c.message_at) == tuple_(message.id, message.at))
        .join(first, first.id == ends.c.first)
        .join(last, last.id == ends.c.last)
        .where(*_answered(), first.old_category.is_not(None), first.old_category != CHATTER)
        .order_by(message.at.desc())
        .limit(limit)
    )
    found = [
        Judged(at, sure or 0.0, promised, resolve(merged, was or "") == resolve(merged, became))
        for at, sure, promised, was, became in session.execute(said)
    ]
    stood = _let_stand(message.at, message.confidence, message.promised).limit(limit)
    found += [Judged(at, sure, promised, True) for at, sure, promised in session.execute(stood)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:limit]


def _answered() -> list[Any]:
    message = IncomingMessage
    return [
        message.abstained.is_(False),
        message.confidence.is_not(None),
        message.deleted_at.is_(None),
        ~message.model_version.endswith("+memory", autoescape=True),
    ]


def _let_stand(*columns: Any) -> Select[Any]:
    message, earlier = IncomingMessage, aliased(IncomingMessage)
    follows = exists().where(
        earlier.workspace_id == message.workspace_id,
        earlier.ticket_id == message.ticket_id,
        tuple_(earlier.at, earlier.id) < tuple_(message.at, message.id),
    )
    said = exists().where(Label.workspace_id == message.workspace_id, Label.message_id == message.id)
    same = tuple_(Ticket.workspace_id, Ticket.id) == tuple_(message.workspace_id, message.ticket_id)
    dealt_with = (
        Ticket.resolved_at.is_not(None),
        Ticket.is_request,
        Ticket.merged_into_id.is_(None),
        Ticket.category == message.category,
    )
    statement = select(*columns).select_from(message).join(Ticket, same)
    return statement.where(*dealt_with, *_answered(), ~said, ~follows).order_by(message.at.desc())
