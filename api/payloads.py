"""Draw what webhooks are told of an event: the record as the API shows it, what changed, and who did it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy.orm import Session

from api import faces
from storage.crm.customers import Customer
from storage.crm.followups import Followup
from storage.crm.notes import Note
from storage.database.engine import current_workspace
from storage.records import history, named, schema
from storage.records.declaration import Declaration
from storage.records.fields import RecordField
from storage.records.history import ChangeSet
from storage.records.named import Named
from storage.references import in_force, reference
from storage.support import messages
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket
from storage.webhooks.model import Webhook, WebhookDelivery

Json = dict[str, Any]
_ABOUT = {"about_noun": "about", "about_id": "about"}
_OF_FOLLOWUPS = {
    **_ABOUT,
    **{name: name for name in ("text", "due_at", "status")},
    "owner_id": "owner",
    "recurrence": "recurs",
}
_OF_NOTES = {**_ABOUT, **{name: name for name in ("kind", "text", "at")}}
"""How the attributes of what is no declared noun are called in JSON."""


def record(session: Session, declaration: Declaration, shown: Named) -> Json:
    """Return a record as JSON."""
    return records(session, declaration, [shown])[0]


def records(session: Session, declaration: Declaration, shown: Iterable[Named]) -> list[Json]:
    """Return records of a noun, or what is flat of them, as JSON; how fields are written is found out once for all."""
    written = [(field.key, _written(session, field)) for field in declaration.fields]
    return [
        {
            "id": one.reference,
            "noun": declaration.key,
            "version": one.version,
            "fields": {key: write(one) for key, write in written},
            "created_at": one.created_at.isoformat(),
            "created_by": one.created_by,
            "updated_at": one.updated_at.isoformat(),
            "archived_at": one.archived_at and one.archived_at.isoformat(),
        }
        for one in shown
    ]


def _written(session: Session, field: RecordField) -> Callable[[Named], Any]:
    """Return what writes the value that a record has of a field; most are written as they are stored."""
    face, kind = faces.face(field), type(field)
    as_stored = type(face).write is faces.PlainJson.write and kind.to_json is RecordField.to_json
    if as_stored and not field.custom_id and kind.of is RecordField.of:
        return attrgetter(field.at or field.key)
    return lambda one: face.write(field, field.of(one), session)


def followup(shown: Followup) -> Json:
    """Return a follow-up as JSON."""
    return {
        "id": shown.reference,
        "about": shown.about_reference,
        "text": shown.text,
        "due_at": shown.due_at.isoformat(),
        "owner": shown.owner_id,
        "status": shown.status,
        "recurs": shown.recurrence is not None,
    }


def note(shown: Note) -> Json:
    """Return a note as JSON."""
    return {
        "about": shown.about_reference,
        "kind": shown.kind,
        "text": shown.text,
        "at": shown.at.isoformat(),
        "created_by": shown.created_by,
    }


def drawing(
    nouns: Callable[[Session], Mapping[str, Declaration]],
) -> Callable[[Session, WebhookDelivery, Webhook], Json | None]:
    """Return what draws events; `nouns` gives all that a session sees, by their keys."""
    return lambda session, row, hook: event(session, nouns(session), row, hook)


def event(session: Session, nouns: Mapping[str, Declaration], row: WebhookDelivery, hook: Webhook) -> Json | None:
    """Return what a webhook is told of an event, None where that is nothing it may know, or nothing any more.

    The record is as it stands now, so that whoever is told late is told what is true. `nouns` are as the session sees
    them: a webhook sees as a channel does, unless it has the right to all fields.
    """
    told = _told(session, nouns, row, hook)
    if told is None:
        return None
    data = {**told, **_done(session, row), "workspace": row.workspace_id}
    return {"type": row.event, "timestamp": row.created_at.isoformat(), "data": data}


def _told(session: Session, nouns: Mapping[str, Declaration], row: WebhookDelivery, hook: Webhook) -> Json | None:
    if row.noun == Webhook.__noun__:
        return {"webhook": hook.name}
    if "at" in row.detail:
        message = messages.get(session, row.record_id, datetime.fromisoformat(row.detail["at"]))
        return None if message is None else {"message": _message(message)}
    if row.noun == Note.__noun__:
        written = session.get(Note, (current_workspace(session), row.record_id))
        told = {"id": row.record_id} | (note(written) if written else {})
        return {"note": told, "changed": _keys(row, _OF_NOTES) if written else []}
    declaration = nouns.get(row.noun)
    model: type[Named] | type[Followup]
    if row.noun == Followup.__noun__:
        model = Followup
    elif declaration is not None:
        model = declaration.model
    else:
        return None
    found = session.get(model, (current_workspace(session), row.record_id))
    if isinstance(found, Followup):
        return {"record": {"noun": row.noun, **followup(found)}, "changed": _keys(row, _OF_FOLLOWUPS)}
    if declaration is None or not isinstance(found, Named):
        gone = reference(row.noun, row.record_id, in_force(session))
        return {"record": {"id": gone, "noun": row.noun}, "changed": []}
    changed = [field.key for field in declaration.fields if _told_by(field) & {*row.changed}]
    if row.changed and not changed and _is_kept(session, row):
        return None
    shown = record(session, declaration, found)
    if found.merged_into_id is not None:
        shown["merged_into"] = named.get(session, declaration.model, found.merged_into_id).reference
    return {"record": shown, "changed": changed}


def _keys(row: WebhookDelivery, of: Mapping[str, str]) -> list[str]:
    """Name what changed as it is called in JSON, each once."""
    return list(dict.fromkeys(of[name] for name in row.changed if name in of))


def _done(session: Session, row: WebhookDelivery) -> Json:
    """Say who did it and from where, as the history has it."""
    key = (current_workspace(session), row.change_set_id)
    change = session.get(ChangeSet, key) if row.change_set_id is not None else None
    who = change.actor_id if change else None
    by = {"id": who, "name": history.actor_name(session, who)}
    return {"by": by, "source": change.source if change else None}


def _told_by(field: RecordField) -> set[str]:
    """Name what tells of a field in the history: attributes, or the number of a field of the workspace's own."""
    return {str(field.custom_id)} if field.custom_id else {*field.attributes}


def _is_kept(session: Session, row: WebhookDelivery) -> bool:
    """Tell whether all that changed is kept from the webhook, so that it may not know that anything did."""
    seen, every = (one.declared[row.noun].fields for one in (schema.of(session), schema.whole(session)))
    hidden = {at for field in every if field not in seen for at in _told_by(field)}
    return row.event.endswith(".changed") and {*row.changed} <= hidden


def _message(message: IncomingMessage) -> Json:
    return {
        "id": message.id,
        "at": message.at.isoformat(),
        "text": message.text,
        "author": message.author_name,
        "customer": _reference(Customer.__noun__, message.customer_id),
        "ticket": _reference(Ticket.__noun__, message.ticket_id),
        "category": message.category,
        "confidence": message.confidence,
        "abstained": message.abstained,
        "urgency": message.urgency,
        "sentiment": message.sentiment,
        "language": message.language,
    }


def _reference(noun: str, record_id: int | None) -> str | None:
    return None if record_id is None else reference(noun, record_id)
