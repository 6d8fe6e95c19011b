"""Find what writers wrote and which tickets people made of it, and keep what was learned of that."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.records.history import Activity, ChangeSet
from storage.support.channels import ChannelLink, Grouping
from storage.support.labels import READ_CHARACTERS
from storage.support.messages import IncomingMessage
from storage.support.tickets.belonging import REACH
from storage.support.tickets.model import DONE, MERGED, SPLIT, Ticket
from storage.workspace import plugin_settings

KEPT = "learning.grouping"


@dataclass(frozen=True, slots=True)
class Put:
    """Hold one message, and the ticket it is in."""

    message_id: int
    author_id: str
    text: str
    at: datetime
    ticket_id: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """Hold what one writer wrote in one channel without three days' pause, oldest first.

    `moved` says that people moved some of it to another ticket.
    """

    written: list[Put]
    moved: bool


def settled(session: Session, *, since: datetime, limit: int) -> list[Conversation]:
    """Return conversations of several messages, of channels that group by matter, all of whose tickets are done.

    At most `limit` messages are looked at, the newest. What Rapport moved by itself, and what was moved back, was not
    moved by people.
    """
    moved = set(_moved(session, since))
    return [
        Conversation(written, any(one.message_id in moved for one in written))
        for written, done in _conversations(session, since, limit)
        if done and len(written) > 1
    ]


def _conversations(session: Session, since: datetime, limit: int) -> Iterator[tuple[list[Put], bool]]:
    message, link = IncomingMessage, ChannelLink
    statement = (
        select(
            message.channel_id,
            message.author_id,
            message.id,
            func.left(message.text, READ_CHARACTERS),
            message.at,
            message.ticket_id,
            Ticket.status.in_(DONE),
        )
        .join(Ticket, (Ticket.workspace_id == message.workspace_id) & (Ticket.id == message.ticket_id))
        .join(link, (link.workspace_id == message.workspace_id) & (link.channel_id == message.channel_id))
        .where(
            message.at >= since,
            message.thread_ts.is_(None),
            message.author_id.is_not(None),
            link.by_matter,
            link.grouping == Grouping.WINDOW,
        )
        .order_by(message.at.desc())
        .limit(limit)
    )
    rows = sorted(session.execute(statement), key=lambda row: (row[0], row[1], row[4], row[2]))
    for _, of_writer in groupby(rows, key=lambda row: (row[0], row[1])):
        own = list(of_writer)
        ends = [i for i, (one, other) in enumerate(pairwise(own), 1) if other[4] - one[4] > REACH]
        for first, last in pairwise([0, *ends, len(own)]):
            part = own[first:last]
            yield [Put(row[2], row[1], row[3], row[4], row[5]) for row in part], all(row[6] for row in part)


def _moved(session: Session, since: datetime) -> Iterator[int]:
    """Give the messages that people moved to another ticket by a merge or a split, and did not move back."""
    statement = (
        select(Activity.after)
        .join(
            ChangeSet,
            (ChangeSet.workspace_id == Activity.workspace_id) & (ChangeSet.id == Activity.change_set_id),
        )
        .where(
            Activity.noun == Ticket.__noun__,
            Activity.action.in_((MERGED, SPLIT)),
            Activity.at >= since,
            ChangeSet.actor_id.is_not(None),
            # What customers wrote brought tickets together by itself.
            ChangeSet.source != "message",
            ChangeSet.undone_by_id.is_(None),
        )
    )
    for after in session.scalars(statement):
        yield from (message_id for message_id, _ in (after or {}).get("messages", ()))


def taught(session: Session) -> Mapping[str, Any]:
    """Return what was learned last of a workspace's conversations; {} where nothing was.

    `kept` is what `ml.matters.placing.Placer` keeps, None where that was no better; `moved` how many messages people
    had moved by then; the rest is as in `ml.learn.gate.Decision`.
    """
    chosen = plugin_settings.get(session, KEPT)
    return dict(chosen.value) if chosen is not None else {}


def teach(session: Session, learned: Mapping[str, Any]) -> None:
    """Keep what was learned in the place of what was before."""
    plugin_settings.choose(session, KEPT, dict(learned))
