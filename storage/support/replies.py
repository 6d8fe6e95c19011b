"""Keep what was answered to customers, and the answers that a team has ready."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Identity,
    Index,
    Integer,
    any_,
    cast,
    delete,
    func,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, composite_key, current_workspace
from storage.errors import Duplicate, Invalid, NotFound
from storage.names import check_text, name_key
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records import lifecycle
from storage.records.declaration import Declaration, Values
from storage.records.fields import LongTextField, TextField
from storage.records.history import Activity
from storage.records.named import PAGE, NamedSetting, setting_args
from storage.support import messages
from storage.support.tickets import Ticket
from storage.support.tickets.model import MERGED
from storage.workspace.members import Role

TEXT_LIMIT = 3_000
"""As much as a field of a Slack form takes."""
SAVED_LIMIT = 100
"""As many as a menu of Slack's offers."""

PLACEHOLDERS = ("customer", "contact", "ticket", "agent")
_PLACEHOLDER = re.compile(r"\{\s*(" + "|".join(PLACEHOLDERS) + r")\s*\}", re.IGNORECASE)


class SavedReply(NamedSetting, Base):
    """Hold an answer to use again; `text` may hold each of `PLACEHOLDERS` in braces."""

    __noun__ = "reply"
    __audit__ = "replies"
    __letter__ = "RE"
    __tablename__ = "saved_reply"
    __table_args__ = (
        *setting_args("saved_reply"),
        Index(
            "saved_reply_live_name_key",
            "workspace_id",
            "name_key",
            unique=True,
            postgresql_where=text("part_of_id IS NULL AND archived_at IS NULL"),
        ),
        {"info": TENANT},
    )

    text: Mapped[str]


class Reply(Base):
    """Hold one answer to a ticket's customer; `delivery_id` is the outbox row that brings it to their thread.

    Without one it is a draft: its author has not confirmed it.
    """

    __tablename__ = "reply"
    __table_args__ = (
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        Index(None, "workspace_id", "ticket_id", "at"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int]
    text: Mapped[str]
    author_id: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    delivery_id: Mapped[UUID | None]


def save(session: Session, name: str, text: str) -> SavedReply:
    """Keep an answer to use again.

    Raises Invalid if name or text cannot be stored or there are 100 already, Duplicate if the name is taken.
    """
    made = lifecycle.add(session, REPLY, {"name": name, "text": text})
    assert isinstance(made, SavedReply)
    return made


def change(session: Session, saved_reply: SavedReply, *, name: str, text: str) -> SavedReply:
    """Call a saved answer this, and let it say this; raises what `save` raises."""
    lifecycle.change(session, REPLY, saved_reply, {"name": name, "text": text})
    return saved_reply


def remove(session: Session, saved_reply: SavedReply) -> None:
    """Forget a saved answer; what was sent with it stays."""
    session.delete(saved_reply)
    session.flush()


_LIVE = (SavedReply.merged_into_id.is_(None), SavedReply.archived_at.is_(None))


def saved(session: Session) -> list[SavedReply]:
    """Return the answers a team has ready, by name."""
    live = select(SavedReply).where(*_LIVE).order_by(SavedReply.name_key, SavedReply.id)
    return list(session.scalars(live.limit(SAVED_LIMIT)))


def get_saved(session: Session, saved_id: int | str) -> SavedReply:
    """Return a saved answer by its number; raise NotFound if it is none, or somebody removed it."""
    known = re.fullmatch(r"[0-9]{1,18}", str(saved_id))
    found = session.get(SavedReply, (current_workspace(session), int(known[0]))) if known else None
    if found is None or found.archived_at is not None:
        raise NotFound("This saved reply is not there any more.")
    return found


def called(session: Session, name: str) -> SavedReply:
    """Return the saved answer of this name; raise NotFound naming what there is."""
    found = _named(session, name)
    if found is None:
        raise NotFound("There is no saved reply called {name}.", name=name, field="name", candidates=saved(session)[:3])
    return found


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """Return a text with its placeholders filled in, in one go, so that what is filled in is never read as one.

    Raises Invalid for a placeholder whose value is not known: nobody is to be sent one.
    """

    def known(found: re.Match[str]) -> str:
        value = values.get(found[1].lower())
        if not value:
            raise Invalid(
                "{placeholder} has no value here.",
                hint="Write it out.",
                field="text",
                placeholder=found[0],
            )
        return value

    return _PLACEHOLDER.sub(known, text)


def draft(session: Session, ticket: Ticket, text: str, *, author_id: str) -> Reply:
    """Keep what somebody is about to answer, in the place of their earlier draft for the ticket; nothing is sent.

    Raises Invalid if there is nothing in it, it is longer than 3,000 characters, or cannot be stored.
    """
    checked = check_answer(text)
    session.execute(delete(Reply).where(*_drafts(ticket, author_id)))
    made = Reply(workspace_id=current_workspace(session), ticket_id=ticket.id, text=checked, author_id=author_id)
    session.add(made)
    session.flush()
    return made


def draft_of(session: Session, ticket: Ticket, author_id: str) -> Reply | None:
    """Return what somebody was about to answer to a ticket's customer, None if nothing."""
    return session.scalars(select(Reply).where(*_drafts(ticket, author_id)).order_by(Reply.id.desc()).limit(1)).first()


def get(session: Session, reply_id: int) -> Reply | None:
    """Return an answer or a draft by its number, None if it is not there (any more)."""
    return session.get(Reply, (current_workspace(session), reply_id))


def sent(session: Session, ticket_id: int, limit: int = PAGE) -> list[tuple[Reply, Delivery | None]]:
    """Return what was answered to a ticket's customer, newest first, with what brings or brought it there.

    What was answered in tickets that were merged into it is among that, as their messages are its own by now.
    """
    noted = select(cast(Activity.after["id"].astext, Integer)).where(
        Activity.noun == Ticket.__noun__, Activity.record_id == ticket_id, Activity.action == MERGED
    )
    merged = select(Ticket.id).where(Ticket.id.in_(noted), Ticket.merged_into_id == ticket_id)
    # As an array, the numbers are known before replies are looked for, which an index does then.
    ours = Reply.ticket_id == any_(func.array(union_all(select(literal(ticket_id)), merged).scalar_subquery()))
    same = (Delivery.workspace_id == Reply.workspace_id) & (Delivery.id == Reply.delivery_id)
    statement = select(Reply, Delivery).outerjoin(Delivery, same)
    statement = statement.where(ours, Reply.delivery_id.is_not(None))
    rows: Any = session.execute(statement.order_by(Reply.at.desc(), Reply.id.desc()).limit(limit))
    return [(reply, delivery) for reply, delivery in rows]


def last_sent(session: Session, ticket_id: int, until: datetime) -> datetime | None:
    """Return when a ticket's customer was last answered from its card before a moment, None if they were not."""
    before = (Reply.ticket_id == ticket_id, Reply.delivery_id.is_not(None), Reply.at < until)
    return session.scalar(select(func.max(Reply.at)).where(*before))


def send(
    session: Session, reply: Reply, ticket: Ticket, *, renderer: str, priority: int = 0, picture: str = ""
) -> Reply:
    """Have a draft brought to the thread the ticket came from, once; raise Invalid for a ticket that came from none.

    `renderer` draws it when it is sent, from the payload's `reply`, with the `picture` of its author.
    """
    if ticket.channel_id is None:
        raise Invalid(
            "{reference} did not come from a channel, so there is nowhere to answer.", reference=ticket.reference
        )
    reply.delivery_id = outbox.enqueue(
        session,
        target_channel=ticket.channel_id,
        thread_ts=thread_of(session, ticket),
        renderer=renderer,
        record=ticket.reference,
        payload={"reply": reply.id, **({"picture": picture} if picture else {})},
        dedupe_key=f"reply:{reply.id}",
        priority=priority,
    )
    reply.at = func.now()
    session.flush()
    return reply


def send_file(
    session: Session, reply: Reply, ticket: Ticket, file: Mapping[str, Any], *, renderer: str, priority: int = 0
) -> UUID:
    """Have a file brought to the customer's thread after an answer that is sent; return its outbox row's id.

    `renderer` draws it from the payload's `file`, which says where Slack keeps it; who wrote the answer is told if it
    cannot be delivered.
    """
    return outbox.enqueue(
        session,
        target_channel=ticket.channel_id,
        thread_ts=thread_of(session, ticket),
        renderer=renderer,
        record=ticket.reference,
        payload={"reply": reply.id, "file": dict(file), outbox.AUTHOR: reply.author_id},
        dedupe_key=f"reply:{reply.id}:file",
        priority=priority,
    )


def thread_of(session: Session, ticket: Ticket) -> str | None:
    """Return the ts of the thread in which a ticket's customer is answered, None for a ticket that came from none."""
    # A ticket may have begun with a reply, and Slack's threads are named by what they are under.
    begun = messages.of_ticket(session, ticket.id, limit=1)
    return begun[0].thread if begun and begun[0].channel_id == ticket.channel_id else ticket.thread_ts


def check_answer(text: str, *, field: str = "text") -> str:
    """Return a text without the spaces around it; raise Invalid if it is empty, too long or cannot be stored."""
    answer = check_text(text, field=field).strip()
    if not name_key(answer):
        raise Invalid("The answer is empty.", field=field, typed=text)
    if len(answer) > TEXT_LIMIT:
        raise Invalid(
            "An answer may have up to {limit} characters; this one has {length}.",
            field=field,
            typed=text,
            limit=TEXT_LIMIT,
            length=len(answer),
        )
    return answer


def _named(session: Session, name: str) -> SavedReply | None:
    return session.scalars(select(SavedReply).where(SavedReply.name_key == name_key(name), *_LIVE)).one_or_none()


def _refuse(session: Session, saved_reply: SavedReply | None, values: Values) -> None:
    """Raise Invalid for an empty text and for one reply too many, Duplicate for the name of another."""
    if saved_reply is None and (count := len(saved(session))) >= SAVED_LIMIT:
        raise Invalid("There are {count} saved replies, the most a menu can show.", hint="Remove one.", count=count)
    if "text" in values:
        check_answer(values["text"])
    other = _named(session, values["name"]) if "name" in values else None
    if other is not None and other is not saved_reply:
        raise Duplicate("There is already a saved reply called {name}.", name=other.name, field="name")


def _drafts(ticket: Ticket, author_id: str) -> tuple[Any, ...]:
    return (Reply.ticket_id == ticket.id, Reply.author_id == author_id, Reply.delivery_id.is_(None))


REPLY = Declaration(
    model=SavedReply,
    label="Saved reply",
    plural="Saved replies",
    change=Role.MANAGER,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Asking for logs"),
        LongTextField(
            key="text",
            label="Text",
            required=True,
            most=TEXT_LIMIT,
            example="Hello {contact}, could you send us the log file?",
            hint="Filled in when it is used: {customer} {contact} {ticket} {agent}",
        ),
    ),
    twins=lambda _session, _values: (),
    refuse=_refuse,
)
"""An answer that a team has ready."""
