"""Describe tickets: their table, and the words for where they stand."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, SmallInteger, event, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from storage.crm.contacts import Contact
from storage.crm.customers import Customer
from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Conflict, Invalid
from storage.events import TicketChanged, TicketRemoved, emit
from storage.names import check_name, name_key
from storage.records.history import CREATED, Activity
from storage.records.named import Key, Named, named_args, newest_first, one_of
from storage.support import labels, messages
from storage.support.incidents import Incident
from storage.workspace.members import Member


class TicketStatus(StrEnum):
    """Say where a ticket stands; `waiting` is for the customer."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(StrEnum):
    """Say how much hurry there is, least first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


DONE = (TicketStatus.RESOLVED, TicketStatus.CLOSED)
MERGED, SPLIT, REPLIED = "merged", "split", "replied"
"""What the history of tickets says of messages that moved from one to another."""
_RANKS = " ".join(f"WHEN '{priority}'::text THEN {rank}" for rank, priority in enumerate(reversed(Priority), start=1))
# As Postgres writes it back, so that the migrations' check sees no difference.
_URGENCY = f"CASE priority {_RANKS} ELSE NULL::integer END"
_ASKED = "merged_into_id IS NULL AND is_request IS TRUE"


class Ticket(Named, Base):
    """Describe a request; `name` is its subject. It is in the backlog exactly while `resolved_at` is empty.

    `channel_id` and `thread_ts` are the Slack thread it came from, `card_delivery_id` the outbox row of its card and
    `card_channel_id` where that is, `incident_id` what others reported at about the same time. A ticket that was no
    request is closed and counts in no figure.
    """

    __noun__ = "ticket"
    __letter__ = "T"
    __owner__ = "assignee_id"
    __tablename__ = "ticket"
    __table_args__ = (
        Index(
            "ticket_card_delivery_idx",
            "workspace_id",
            "card_delivery_id",
            postgresql_where=text("card_delivery_id IS NOT NULL"),
        ),
        *named_args("ticket"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("contact_id", "contact", ondelete="SET NULL"),
        composite_key("assignee_id", "member", ondelete="SET NULL"),
        composite_key("incident_id", "incident", ondelete="SET NULL"),
        one_of("status", tuple(TicketStatus)),
        one_of("priority", tuple(Priority)),
        CheckConstraint("(status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)", name="resolved"),
        CheckConstraint("is_request OR status = 'closed'", name="is_request"),
        CheckConstraint("(channel_id IS NULL) = (thread_ts IS NULL)", name="thread"),
        *(
            Index(
                f"ticket_open{name}_idx",
                "workspace_id",
                *by,
                "urgency",
                "id",
                postgresql_where=text("resolved_at IS NULL"),
            )
            for name, by in (
                ("", ()),
                ("_assignee", ("assignee_id",)),
                ("_standing", ("standing",)),
                ("_category", ("category",)),
            )
        ),
        Index(None, "workspace_id", "customer_id", "id"),
        Index(None, "workspace_id", "contact_id"),
        Index(None, "workspace_id", "standing", "id"),
        newest_first("ticket_resolved_idx", "resolved_at"),
        newest_first("ticket_resolved_assignee_idx", "assignee_id", "resolved_at"),
        newest_first("ticket_resolved_category_idx", "category", "resolved_at"),
        Index(
            "ticket_incident_idx",
            "workspace_id",
            "incident_id",
            "id",
            postgresql_where=text("incident_id IS NOT NULL"),
        ),
        Index(None, "workspace_id", "first_response_at"),
        # A digest counts the backlog and what was opened from these alone.
        Index(
            "ticket_backlog_idx",
            "workspace_id",
            "category",
            "priority",
            postgresql_include=["urgency", "first_response_at", "assignee_id"],
            postgresql_where=text(f"resolved_at IS NULL AND {_ASKED}"),
        ),
        Index(
            "ticket_asked_idx",
            "workspace_id",
            "created_at",
            postgresql_include=["category", "assignee_id"],
            postgresql_where=text(_ASKED),
        ),
        Index(
            "ticket_unanswered_idx",
            "workspace_id",
            "created_at",
            "id",
            postgresql_where=text("resolved_at IS NULL AND first_response_at IS NULL"),
        ),
        newest_first(
            "ticket_card_idx",
            "card_channel_id",
            "created_at",
            where="resolved_at IS NULL AND card_channel_id IS NOT NULL",
        ),
        Index(
            "ticket_thread_key",
            "workspace_id",
            "channel_id",
            "thread_ts",
            unique=True,
            postgresql_where=text("thread_ts IS NOT NULL"),
        ),
        {"info": TENANT},
    )

    customer_id: Mapped[int | None]
    contact_id: Mapped[int | None]
    status: Mapped[str] = mapped_column(
        server_default=TicketStatus.NEW.value, active_history=True, info={"told_by": "standing"}
    )
    standing: Mapped[Key] = mapped_column(default=TicketStatus.NEW.value)
    """The status that people see: the kind itself, or one of the workspace's own that counts as it."""
    priority: Mapped[str] = mapped_column(server_default=Priority.NORMAL.value)
    urgency: Mapped[int] = mapped_column(SmallInteger, Computed(_URGENCY, persisted=True))
    category: Mapped[Key | None]
    language: Mapped[str | None]
    incident_id: Mapped[int | None] = mapped_column(info={"unrecorded": True})
    assignee_id: Mapped[str | None]
    requester_id: Mapped[str | None]
    is_request: Mapped[bool] = mapped_column(server_default=text("true"))
    channel_id: Mapped[str | None]
    thread_ts: Mapped[str | None]
    card_delivery_id: Mapped[UUID | None] = mapped_column(info={"unrecorded": True})
    card_channel_id: Mapped[str | None] = mapped_column(info={"unrecorded": True})
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]

    customer: Mapped[Customer | None] = relationship(viewonly=True)
    contact: Mapped[Contact | None] = relationship(viewonly=True)
    assignee: Mapped[Member | None] = relationship(viewonly=True)
    incident: Mapped[Incident | None] = relationship(viewonly=True)

    @property
    def kind(self) -> str:
        """Return the kind of status that the ticket has, by which clocks and figures know it."""
        return self.status

    def check_archive(self) -> None:
        """Raise Conflict for a ticket that is still open, as figures go on counting it."""
        if self.resolved_at is None:
            raise Conflict("{reference} is still open.", reference=self.reference, hint="Resolve it first.")

    def undoing(self, session: Session, action: str) -> None:
        """Tell those who show the ticket, move messages back, and forget the label of what was taken back."""
        if action == CREATED:
            self._move_back(session, SPLIT, to_other=True)
            emit(session, TicketRemoved(self))
            return
        if self.merged_into_id is None:
            self._move_back(session, MERGED, to_other=False)
        else:
            self._move_back(session, SPLIT, to_other=True)
        for message in messages.of_ticket(session, self.id, limit=1):
            said = labels.of_message(session, message)
            if said and said[-1].new_category != self.category:
                labels.take_back(session, message)
        self._stay_answered(session)
        emit(session, TicketChanged(self))

    @classmethod
    def undoing_together(cls, session: Session, rows: Collection[Any], names: Collection[str]) -> None:
        """Do for many tickets what `undoing` does for one: where they only stand elsewhere, tell who shows them."""
        if not set(names) <= {"standing"}:
            super().undoing_together(session, rows, names)
            return
        for ticket in rows:
            emit(session, TicketChanged(ticket))

    def _stay_answered(self, session: Session) -> None:
        """Keep when the customer was answered first: what was sent cannot be taken back."""
        sent = select(func.min(Activity.at)).where(
            Activity.noun == self.__noun__, Activity.record_id == self.id, Activity.action == REPLIED
        )
        first = session.scalar(sent)
        if first is not None and (self.first_response_at is None or first < self.first_response_at):
            self.first_response_at = first
            self.status = TicketStatus.OPEN if self.status == TicketStatus.NEW else self.status

    def _move_back(self, session: Session, action: str, *, to_other: bool) -> None:
        """Move back what the merge or split that is being undone has moved; the history of this ticket says what."""
        note = session.scalars(
            select(Activity)
            .where(Activity.noun == self.__noun__, Activity.record_id == self.id, Activity.action == action)
            .order_by(Activity.id.desc())
            .limit(1)
        ).first()
        moved = (note.after or {}) if note is not None else {}
        now, then = (self.id, moved.get("id")) if to_other else (moved.get("id"), self.id)
        for message_id, at in moved.get("messages", ()):
            message = messages.get(session, message_id, datetime.fromisoformat(at))
            if message is not None and message.ticket_id == now:
                message.ticket_id = then
        session.flush()
        for message_id, at in moved.get("messages", ())[:1] if action == MERGED else ():
            first = messages.get(session, message_id, datetime.fromisoformat(at))
            said = labels.of_message(session, first) if first is not None else []
            if first is not None and said and said[-1].source == labels.LabelSource.MERGED:
                # That both are about one matter was said by the merge alone.
                labels.take_back(session, first)


@event.listens_for(Ticket.status, "set")
def _stand(ticket: Ticket, status: str, was: Any, _initiator: Any) -> None:
    # Whatever changes the kind, one of another kind does not stay.
    if status != was:
        ticket.standing = str(status)


def check_status(status: TicketStatus | str, *, field: str = "status") -> TicketStatus:
    """Return the status of this name; raise Invalid naming all."""
    try:
        return TicketStatus(name_key(status))
    except ValueError:
        raise Invalid(
            "A ticket cannot be {status}.",
            hint="Choose {statuses}.",
            field=field,
            typed=status,
            status=status,
            statuses=", ".join(TicketStatus),
        ) from None


def check_priority(priority: Priority | str, *, field: str = "priority") -> Priority:
    """Return the priority of this name; raise Invalid naming all."""
    try:
        return Priority(name_key(priority))
    except ValueError:
        raise Invalid(
            "There is no priority {priority}.",
            hint="The priorities are {priorities}.",
            field=field,
            typed=priority,
            priority=priority,
            priorities=", ".join(Priority),
        ) from None


def check_category(category: str) -> str:
    """Return the category in lower case; raise Invalid if it cannot be stored."""
    return name_key(check_name(category, field="category"))
