"""Say to somebody what another did with what is theirs."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.history.declaration import plugin
from bot.handlers.history.events import CHANGED, GIVEN, TAKEN
from bot.handlers.history.values import Change, fields, merged
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Instead, Message
from bot.plugin import Member, Notice, Role, _
from storage.crm.deals import Deal
from storage.crm.followups import Followup
from storage.crm.pipelines import Outcome
from storage.database.engine import current_workspace
from storage.queues.outbox import Delivery
from storage.records import history
from storage.records.history import CREATED, ChangeSet
from storage.records.rows import RecordRow
from storage.references import in_force, parse_reference
from storage.support.tickets import Ticket, TicketStatus
from storage.workspace import api_keys, members
from storage.workspace.members import MemberKind

SHOWN = 5
"""So many records of one request are told, each with what was changed; of others how many there are."""
NAME_LIMIT = 120

_HOW = {GIVEN: "{who} gave you {record}", TAKEN: "{who} took {record} from you", CHANGED: "{who} changed your {record}"}
_STATUS = {
    (Deal.__noun__, Outcome.WON.value): "🎉 {who} won your {record}",
    (Deal.__noun__, Outcome.LOST.value): "{who} lost your {record}",
    (Ticket.__noun__, TicketStatus.RESOLVED.value): "{who} resolved your {record}",
    (Ticket.__noun__, TicketStatus.CLOSED.value): "{who} closed your {record}",
    (Followup.__noun__, "done"): "{who} did your {record}",
    (Followup.__noun__, "cancelled"): "{who} cancelled your {record}",
}
FOLLOWS = frozenset({"status", "status_kind", "stage", "resolved", "answered"})
"""The fields of deals and tickets that follow from what the title of a notice says: how they ended."""
SAID = frozenset({"name", "owner", "assignee", "status", "status_kind"})
"""The fields that the title of a notice says where somebody is given or loses a record."""
_BY_ITSELF = "{record} is yours now"


def kind(delivery: Delivery) -> Notice:
    """Tell tickets that somebody is given, of which urgent ones do not wait, from other news of what is theirs."""
    given = delivery.payload["records"]
    only = len(given) == 1 and set(given.values()) == {GIVEN}
    noun, _number = parse_reference(next(iter(given))) or (None, 0)
    return Notice.TICKETS if only and noun == Ticket.__noun__ else Notice.YOURS


@plugin.renderer("yours", kind=kind)
def yours(delivery: Delivery, session: Session, receiver: Member | None, reader: Reader) -> Message | None:
    """Say what somebody did with the receiver's records; None where nothing of it is known any more."""
    made = session.get(ChangeSet, (current_workspace(session), delivery.payload["change"]))
    if made is None or receiver is None:
        return None
    told: Mapping[str, str] = delivery.payload["records"]
    changes = {(change.noun, change.record_id): change for change in merged(session, made.activities) if change.own}
    letters = in_force(session)
    found = [
        (reference, how, changes[parsed])
        for reference, how in told.items()
        if (parsed := parse_reference(reference, letters)) in changes
    ]
    if not found:
        return None
    who = _who(session, made.actor_id)
    titles = [_title(session, reference, how, change, who) for reference, how, change in found]
    blocks: list[Block] = [
        _section(session, title, reference, how, change, reader)
        for title, (reference, how, change) in zip(titles[:SHOWN], found, strict=False)
    ]
    if len(found) > SHOWN:
        rest = ", ".join(reference for reference, _how, _change in found[SHOWN:])
        blocks.append(b.context(b.cut(b.markup(_("And also: {references}."), references=rest), 2_000)))
    return Message(titles[0], blocks)


@plugin.action("show", role=Role.VIEWER)
def show(control: b.Control, session: Session) -> Instead:
    """Show the record of a notice."""
    noun, _number = parse_reference(control.record, in_force(session)) or ("", 0)
    return Instead(f"{noun} show", control.record)


def _who(session: Session, actor_id: str | None) -> b.Markup | None:
    """Return what one of our own people or programs is called, None for anybody else."""
    if api_keys.is_key(actor_id or ""):
        return b.markup("*{key}*", key=history.actor_name(session, actor_id))
    by = members.get(session, actor_id) if actor_id else None
    return b.person(by.id) if by is not None and by.kind == MemberKind.STAFF else None


def _title(session: Session, reference: str, how: str, change: Change, who: b.Markup | None) -> b.Markup:
    record = b.join([reference, *_name(session, change)], " ")
    if who is None:
        return b.markup(_(_BY_ITSELF), record=record)
    if change.change_set.undoes_id is not None and how == CHANGED:
        return b.markup(_("{who} took a change of your {record} back"), who=who, record=record)
    status = str(change.after.get("status")) if change.action != CREATED and how == CHANGED else ""
    template = _STATUS.get((change.noun, status)) or _HOW[how]
    return b.markup(_(template), who=who, record=record)


def _name(session: Session, change: Change) -> list[b.Markup]:
    """Return what a record is called, nothing where it is gone."""
    if change.noun == Followup.__noun__:
        followup = session.get(Followup, (current_workspace(session), change.record_id))
        return [b.markup("_{text}_", text=b.cut(followup.text, NAME_LIMIT))] if followup is not None else []
    row = session.get(RecordRow, (current_workspace(session), change.noun, change.record_id))
    return [b.markup("*{name}*", name=row.name)] if row is not None else []


def _section(session: Session, title: b.Markup, reference: str, how: str, change: Change, reader: Reader) -> Block:
    # What the title says, or what follows from it, is no news beside it.
    ended = (change.noun, str(change.after.get("status"))) in _STATUS
    hidden = SAID if how in {GIVEN, TAKEN} else FOLLOWS if ended else ()
    lines = [b.markup("      {detail}", detail=detail) for detail in fields(session, change, reader, hidden=hidden)]
    button = b.button(_("Show"), plugin.id("show"), b.Control(reference))
    return b.section(b.join([title, *lines]), accessory=button)
