"""Tell the triage handlers of Slack's events as the inbox does, one transaction each, and look at what came of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from bot.handlers.triage.intake.messages import on_message
from bot.plugin import Place
from ml.classify.classifier import MessageClassifier
from storage import events
from storage.crm import customers
from storage.database.engine import Database
from storage.records.history import recording
from storage.support import channels
from storage.support.channels import Grouping
from storage.support.messages import IncomingMessage, MessageKey
from storage.support.tickets import Ticket
from storage.workspace import members
from storage.workspace.members import Member, MemberKind
from storage.workspace.workspaces import Workspace

CHANNEL = "CSHARED"
CUSTOMERS = ("UCARLA", "UCARL")
AGENT = "UAGENT"
# Later than any link, as what was written before is not looked at.
START = datetime(2031, 5, 5, 9, tzinfo=UTC)

_numbers = count(1)


class Crash(Exception):
    """The process ends before it commits."""


def ts_at(seconds: float) -> str:
    """Return Slack's ts of a moment after the start."""
    return f"{(START + timedelta(seconds=seconds)).timestamp():.6f}"


@dataclass
class Channel:
    """Hold a customer's channel in a workspace of its own."""

    database: Database
    model: MessageClassifier
    grouping: Grouping = Grouping.WINDOW
    workspace: str = field(default_factory=lambda: f"T{next(_numbers):08d}")

    def __post_init__(self) -> None:
        with self.database.transaction(self.workspace) as session:
            session.add(Workspace(id=self.workspace, name="Ours", triage_channel_id="CSUPPORT"))
            session.flush()
            people = {**dict.fromkeys(CUSTOMERS, MemberKind.OUTSIDE), AGENT: MemberKind.STAFF}
            for user_id, kind in people.items():
                roles = ["agent"] if kind is MemberKind.STAFF else []
                session.add(Member(workspace_id=self.workspace, id=user_id, name=user_id, roles=roles, kind=kind))
            channels.seen(session, CHANNEL, name="ext-globex")
            link = channels.link(session, CHANNEL, customers.add(session, name="Globex").id)
            channels.group_by(session, link, self.grouping)

    def tell(self, event: dict[str, Any], *, place: str = CHANNEL, crashes: bool = False) -> None:
        """Handle an event; where the process crashes at the end, nothing of it is saved."""
        inner = event if "user" in event else event.get("message") or event["previous_message"]
        try:
            with (
                self.database.transaction(self.workspace) as session,
                recording(session, actor_id=inner["user"], source="message"),
            ):
                actor = members.get(session, inner["user"])
                on_message(event, session, actor, Place(place), self.model)
                events.drain(session)
                if crashes:
                    raise Crash
        except Crash:
            pass

    def live(self) -> dict[int, set[str]]:
        """Return the messages of each ticket that was not merged."""
        with self.database.transaction(self.workspace) as session:
            found: dict[int, set[str]] = {
                number: set() for number in session.scalars(select(Ticket.id).where(Ticket.merged_into_id.is_(None)))
            }
            for message in session.scalars(select(IncomingMessage).where(IncomingMessage.ticket_id.is_not(None))):
                found[message.ticket_id or 0].add(message.ts)
            return found

    def stored(self) -> list[str]:
        """Return what is stored, each as often as it is."""
        with self.database.transaction(self.workspace) as session:
            keys = sorted(session.scalars(select(MessageKey.ts)))
            assert keys == sorted(session.scalars(select(IncomingMessage.ts)))
            return keys

    def state(self) -> Any:
        """Return all that counts, without numbers, which depend on what came first."""
        with self.database.transaction(self.workspace) as session:
            written = list(session.scalars(select(IncomingMessage).order_by(IncomingMessage.ts)))
            tickets = session.scalars(select(Ticket).where(Ticket.merged_into_id.is_(None))).all()
            said = [(one.ts, one.text, one.edited_at, one.deleted_at, one.category) for one in written]
            grouped = sorted(
                (
                    [one.ts for one in written if one.ticket_id == ticket.id],
                    ticket.name,
                    ticket.status,
                    ticket.is_request,
                    ticket.category or "",
                    ticket.priority,
                    ticket.requester_id or "",
                    str(ticket.first_response_at),
                )
                for ticket in tickets
            )
            return said, grouped


def wrote(ts: str, text: str, user: str = CUSTOMERS[0], thread: str | None = None) -> dict[str, Any]:
    """Return the event of a message."""
    event = {"type": "message", "channel": CHANNEL, "user": user, "text": text, "ts": ts, "event_ts": ts}
    return event | ({"thread_ts": thread} if thread else {})


def changed(message: dict[str, Any], text: str, at: str) -> dict[str, Any]:
    """Return the event of an edit of what an earlier event said."""
    before = message.get("message", message)
    after = {**before, "text": text, "edited": {"user": before["user"], "ts": at}}
    return _about(at, subtype="message_changed", message=after, previous_message=before)


def deleted(message: dict[str, Any], at: str) -> dict[str, Any]:
    """Return the event of the deletion of what an earlier event said."""
    before = message.get("message", message)
    return _about(at, subtype="message_deleted", deleted_ts=before["ts"], previous_message=before)


def unfurled(message: dict[str, Any], at: str) -> dict[str, Any]:
    """Return the event of a preview that Slack adds to what an earlier event said."""
    before = message.get("message", message)
    after = {**before, "attachments": [{"from_url": "https://example.com", "text": "A page"}]}
    return _about(at, subtype="message_changed", message=after, previous_message=before)


def _about(at: str, **fields: Any) -> dict[str, Any]:
    return {"type": "message", "channel": CHANNEL, "hidden": True, "ts": at, "event_ts": at, **fields}
