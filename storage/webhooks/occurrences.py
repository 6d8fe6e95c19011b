"""Write down what a transaction did for every webhook that wants to know, in the same transaction.

What changed is read from the history at the end of its recording, so that nothing goes around it: commands, forms,
imports, programs, jobs and undos alike. A webhook gets one event for each record, however often it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import ColumnElement, insert, inspect, literal_column, select
from sqlalchemy.orm import Session

from storage.database.engine import Base, current_workspace, notify
from storage.database.recorded import entity_name
from storage.events import Fact
from storage.references import in_force
from storage.webhooks.model import CHANNEL, Webhook, WebhookDelivery

ANY = "*"
TEST = "test"
KINDS = ("changed", "restored", "archived", "merged", "removed", "created")
"""What happens to records of every noun, the plainest first."""
NOTE = "note"
"""What people write down about a record; it is none of its own, but programs are told of it."""
_OF_NOTES = ("created", "changed", "removed")
_UNTOLD = frozenset({"digest"})
"""Nouns whose records are no business of other programs."""

wanted_here: ColumnElement[bool] = literal_column(
    "EXISTS (SELECT FROM webhook WHERE webhook.workspace_id = change_set.workspace_id AND webhook.removed_at IS NULL)"
)
"""Tells, for a row of `change_set`, whether the workspace has a webhook: so it costs no round trip of its own."""


class Touch(Protocol):
    """Stand for a row of the history: what was done to one row of the database."""

    noun: Any
    record_id: Any
    entity: Any
    row_key: Any
    action: Any
    before: Any
    after: Any


@dataclass
class Occurrence:
    """Hold what happened to one record; `types` are names of events, the most telling last."""

    noun: str
    record_id: int
    types: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)


def of_records(session: Session) -> list[str]:
    """Return the events of the session's workspace that are no facts: what happens to records and notes."""
    nouns = [noun for noun in in_force(session) if noun not in _UNTOLD]
    return [*(f"{noun}.{kind}" for noun in nouns for kind in KINDS), *(f"{NOTE}.{kind}" for kind in _OF_NOTES)]


def are_wanted(session: Session) -> bool:
    """Tell whether the workspace has a webhook."""
    here = (Webhook.workspace_id == current_workspace(session), Webhook.removed_at.is_(None))
    return session.scalar(select(Webhook.id).where(*here).limit(1)) is not None


def is_told(session: Session, event: str) -> bool:
    """Tell whether any of the workspace's webhooks that are on is told of an event, such as `deal.won`."""
    here = (Webhook.workspace_id == current_workspace(session), Webhook.removed_at.is_(None))
    hooks = session.scalars(select(Webhook).where(*here))
    return any(hook.disabled_at is None and matches(hook.events, event) for hook in hooks)


def write(session: Session, touches: Iterable[Touch], facts: Sequence[Fact], change_set_id: int | None) -> None:
    """Have the workspace's webhooks told what was done and said."""
    happened = _happened(session, touches, facts)
    if not happened:
        return
    here = (Webhook.workspace_id == current_workspace(session), Webhook.removed_at.is_(None))
    rows = [
        row_of(hook, told, one, change_set_id)
        for hook in session.scalars(select(Webhook).where(*here).order_by(Webhook.id))
        for one in happened
        if (told := _told(hook, one)) is not None
    ]
    if rows:
        session.execute(insert(WebhookDelivery), rows)
        notify(session, CHANNEL)


def test(session: Session, hook: Webhook) -> None:
    """Have a webhook told that it works."""
    one = Occurrence(Webhook.__noun__, hook.id)
    session.execute(insert(WebhookDelivery), [row_of(hook, f"{Webhook.__noun__}.{TEST}", one, None)])
    notify(session, CHANNEL)


def matches(patterns: Iterable[str], event: str) -> bool:
    """Tell whether an event is among those that patterns name."""
    noun, _, kind = event.partition(".")
    return any(pattern in {ANY, event, f"{noun}.{ANY}", f"{ANY}.{kind}"} for pattern in patterns)


def _happened(session: Session, touches: Iterable[Touch], facts: Sequence[Fact]) -> list[Occurrence]:
    found: dict[tuple[str, int], Occurrence] = {}
    nouns, tables = {*in_force(session)} - _UNTOLD, _tables()
    for touch in touches:
        if touch.noun not in nouns or touch.record_id is None:
            continue
        if touch.entity == NOTE:
            _add(found.setdefault((NOTE, int(touch.row_key)), Occurrence(NOTE, int(touch.row_key))), touch)
        elif touch.entity in tables:
            _add(found.setdefault((touch.noun, touch.record_id), Occurrence(touch.noun, touch.record_id)), touch)
    for fact in facts:
        _say(found, fact)
    return [one for one in found.values() if one.types]


def _tables() -> set[str]:
    """Return the tables of which a row is a record, and not a part of one."""
    return {entity_name(mapper) for mapper in Base.registry.mappers if hasattr(mapper.class_, "__letter__")}


def _add(one: Occurrence, touch: Touch) -> None:
    before, after = touch.before or {}, touch.after or {}
    if touch.action == "created":
        kind = "created"
    elif touch.action == "deleted":
        if f"{one.noun}.created" in one.types:  # for nobody else it ever was
            one.types.clear()
            return
        kind = "removed"
    elif after.get("merged_into_id") is not None:
        kind = "merged"
    elif after.get("archived_at") is not None:
        kind = "archived"
    elif before.get("archived_at") is not None or before.get("merged_into_id") is not None:
        kind = "restored"
    else:
        kind = "changed"
    one.changed += [name for name in _changed(before, after) if name not in one.changed] if before else []
    names = {*one.types, f"{one.noun}.{kind}"}
    one.types = [name for name in (f"{one.noun}.{each}" for each in KINDS) if name in names]


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the attributes that changed; a field of the workspace's own is told by its number."""
    own_before, own_after = before.get("custom") or {}, after.get("custom") or {}
    own = [number for number in {**own_before, **own_after} if own_before.get(number) != own_after.get(number)]
    return [*(name for name in after if name != "custom"), *own]


def _say(found: dict[tuple[str, int], Occurrence], fact: Fact) -> None:
    """Add the event that a fact has, unless what it was said of was taken back with a part of the transaction."""
    record = fact.record
    noun = fact.event.partition(".")[0]
    one = found.get((noun, record.id))
    if (one is None and hasattr(record, "history_subject")) or not inspect(record).persistent:
        return
    if one is None:
        one = found.setdefault((noun, record.id), Occurrence(noun, record.id, detail=dict(fact.found_by())))
    one.types = [*(name for name in one.types if name != fact.event), fact.event]


def _told(hook: Webhook, one: Occurrence) -> str | None:
    return next((event for event in reversed(one.types) if matches(hook.events, event)), None)


def row_of(hook: Webhook, event: str, one: Occurrence, change_set_id: int | None) -> dict[str, Any]:
    """Return the columns of a delivery that tells a webhook of something."""
    return {
        "workspace_id": hook.workspace_id,
        "id": uuid4(),
        "webhook_id": hook.id,
        "event": event,
        "noun": one.noun,
        "record_id": one.record_id,
        "change_set_id": change_set_id,
        "changed": one.changed,
        "detail": one.detail,
    }
