"""Tell people what others do with what is theirs."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.history.declaration import plugin
from bot.plugin import Member
from storage.crm.followups import Followup
from storage.events import OwnedChanged
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records import history
from storage.records.named import Record
from storage.workspace import api_keys, members
from storage.workspace.members import MemberKind

GIVEN, TAKEN, CHANGED = "given", "taken", "changed"
"""What somebody did with a record: gave it to who is told, took it from them, or changed it."""
SILENT = frozenset({"first_response_at", "reminded_for", "snoozes"})
"""What changes by work that its people see anyway."""


@plugin.on(OwnedChanged)
def tell(fact: OwnedChanged, session: Session, actor: Member | None) -> None:
    """Tell whoever a record was given to or taken from, and its owner what our people and programs changed of it."""
    record: Record = fact.record
    made = history.current_change(session)
    by_program = made is not None and api_keys.is_key(made.actor_id or "")
    if actor is None and not by_program and record.__noun__ == Followup.__noun__:
        return  # Who gets the follow-ups of somebody who leaves is told of all of them in one message.
    by_hand = by_program or (actor is not None and actor.kind == MemberKind.STAFF)
    for member_id, how in _concerned(fact, actor, by_hand=by_hand).items():
        member = members.get(session, member_id)
        if member is not None and member.is_ours:
            _tell(session, member_id, record.reference, how)


def _concerned(fact: OwnedChanged, actor: Member | None, *, by_hand: bool) -> dict[str, str]:
    record: Record = fact.record
    assert record.__owner__ is not None
    owner = getattr(record, record.__owner__)
    found: dict[str, str] = {}
    if owner != fact.had_by:
        found[owner] = GIVEN
        if by_hand:
            found[str(fact.had_by)] = TAKEN
    elif by_hand and set(fact.changed) - SILENT:
        found[owner] = CHANGED
    return {who: how for who, how in found.items() if who not in {None, "None"} and (not actor or who != actor.id)}


def _tell(session: Session, member_id: str, reference: str, how: str) -> None:
    """Have somebody told of a record, in one message with all others of the same request."""
    change = history.current_change(session)
    assert change is not None, "what was changed is in the history"
    made = outbox.enqueue(
        session,
        target_user=member_id,
        renderer=plugin.id("yours"),
        record=reference,
        payload={"change": change.id, "records": {reference: how}},
        dedupe_key=f"yours:{change.id}:{member_id}",
    )
    told = session.get_one(Delivery, (change.workspace_id, made), populate_existing=True)
    before = told.payload["records"]
    told.payload = {**told.payload, "records": {**before, reference: _both(before.get(reference), how)}}
    session.flush()


def _both(before: str | None, now: str) -> str:
    """Return how two changes of a record in one request are told: whose it is says more than that it changed."""
    return before if before is not None and now == CHANGED else now
