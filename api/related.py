"""Read and write what belongs to records of any noun: notes, follow-ups, the history; find them, and undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api import faces, payloads
from api.calls import Work
from api.problems import Answer, HttpProblem
from api.records import Json, found, only
from storage.crm import followups, notes
from storage.crm.followups import Followup
from storage.crm.notes import NoteKind
from storage.errors import Invalid, NotFound
from storage.names import short
from storage.records import history, schema, search
from storage.records.fields import PersonField
from storage.records.history import Activity
from storage.records.named import by_reference
from storage.subjects import subject_of
from storage.workspace.api_keys import Verb
from storage.workspace.members import Role

MOST = 100
FOUND = 50
_OWNER = PersonField(key="owner", label="Owner", role=Role.VIEWER)


def notes_of(work: Work, noun: str, reference: str, *, limit: int = MOST) -> Answer:
    """List what was written down about a record, newest first."""
    declaration = work.noun(noun, Verb.READ)
    listed = notes.about(work.session, found(work, declaration, reference), limit=limit)
    return Answer(200, {"notes": [payloads.note(one) for one in listed]})


def note_added(work: Work, noun: str, reference: str, body: Json) -> Answer:
    """Write something down about a record."""
    declaration = work.noun(noun, Verb.NOTE)
    only(body, "text", "kind", "at")
    text, kind = _text(body, "text"), body.get("kind", NoteKind.NOTE)
    at = faces.moment("at", body["at"]) if "at" in body else None
    if not isinstance(kind, str):
        raise Invalid("{name} is to be a text.", field="kind", name="kind")
    about = found(work, declaration, reference)
    return Answer(201, payloads.note(notes.add(work.session, about, text, kind=kind, at=at)))


def followups_of(work: Work, noun: str, reference: str, *, limit: int = MOST) -> Answer:
    """List the open follow-ups of a record, due first at the top."""
    declaration = work.noun(noun, Verb.READ)
    listed = followups.list_followups(work.session, about=found(work, declaration, reference), limit=limit)
    return Answer(200, {"followups": [payloads.followup(one) for one in listed]})


def followup_added(work: Work, noun: str, reference: str, body: Json) -> Answer:
    """Have somebody reminded of a record; the person as whom the key acts, where nobody is named."""
    declaration = work.noun(noun, Verb.NOTE)
    only(body, "text", "due_at", "owner")
    text, due_at = _text(body, "text"), faces.moment("due_at", body.get("due_at"))
    owner = body.get("owner", work.caller.owner_id)
    if not isinstance(owner, str):
        raise Invalid("Say who is to be reminded.", field="owner")
    made = followups.add(
        work.session,
        text=text,
        due_at=due_at,
        zone=work.caller.workspace.zone,
        owner_id=_OWNER.checked(work.session, owner),
        about=found(work, declaration, reference),
    )
    return Answer(201, payloads.followup(made))


def followup_closed(work: Work, reference: str, *, done: bool) -> Answer:
    """Finish or cancel a follow-up that does not recur."""
    followup = by_reference(work.session, Followup, reference)
    if followup is None:
        raise NotFound("There is no {reference}.", reference=short(reference, 60))
    about = subject_of(work.session, followup)
    declaration = work.nouns.get(str(about.__noun__)) if about else None
    if declaration is None:
        raise HttpProblem("forbidden", "It is about no record that this key may know.")
    work.check(declaration, Verb.NOTE)
    if done and followup.recurrence is not None:
        raise HttpProblem("conflict", f"{followup.reference} recurs; finish it in Slack.")
    (followups.done if done else followups.cancel)(work.session, followup)
    return Answer(200, payloads.followup(followup))


def history_of(work: Work, noun: str, reference: str, *, limit: int = MOST) -> Answer:
    """List what happened to a record, newest first: who, from where, and the values before and after."""
    declaration = work.noun(noun, Verb.READ)
    record = found(work, declaration, reference)
    listed = history.timeline(work.session, declaration.key, record.id, limit=limit)
    told = (_activity(work, one) for one in listed)
    return Answer(200, {"history": [one for one in told if one["after"] != {} or one["action"] != history.UPDATED]})


def undone(work: Work, body: Json | None = None) -> Answer:
    """Take back the newest change of this key from the last 24 hours, if nobody has changed the same thing since."""
    actor_id, now = work.caller.key.actor_id, work.caller.now
    last = history.newest(work.session, actor_id, now)
    for noun in sorted({activity.noun for activity in last.activities}) if last else ():
        if noun in work.nouns:
            work.check(work.nouns[noun], Verb.CHANGE)
    result = history.undo(work.session, actor_id, now)
    rows = [{"noun": row.noun, "name": row.name, "was": row.action} for row in result.rows]
    return Answer(200, {"undone": rows, "at": result.change_set.at.isoformat()})


def searched(work: Work, *, text: str, nouns: str = "", limit: int = 10) -> Answer:
    """Find records by their names or addresses, even misspelt, among the nouns that the key may read."""
    asked = [noun for noun in nouns.split(",") if noun]
    for noun in asked:
        if noun not in work.nouns:
            raise Invalid("There is no noun {noun}.", field="nouns", noun=short(noun, 60))
        work.noun(noun, Verb.READ)
    readable = asked or [noun for noun in work.nouns if work.may(noun, Verb.READ)]
    hits = search.find(work.session, text, nouns=readable, limit=limit) if readable else []
    told = [{"id": hit.reference, "noun": hit.noun, "name": hit.name, "score": round(hit.score, 4)} for hit in hits]
    return Answer(200, {"found": told})


def classified(work: Work, body: Json) -> Answer:
    """Say what a customer's message is about, as the workspace's model has learned, and how sure that is."""
    only(body, "text")
    if not work.caller.key.allows("ticket", Verb.READ) or not work.caller.acts_in(Role.VIEWER):
        raise HttpProblem("forbidden", "This key may not ticket:read.")
    said = work.bot.classify(work.session, _text(body, "text"))
    return Answer(
        200,
        {
            "category": said.category,
            "confidence": said.confidence,
            "second": said.second,
            "abstained": said.abstained,
            "asks_for_nothing": said.chatter,
            "reasons": [reason.word for reason in said.reasons],
            "model": said.version,
        },
    )


def whoami(work: Work) -> Answer:
    """Say what the key may do, as whom, and until when."""
    key = work.caller.key
    told = {
        "name": key.name,
        "acts_as": key.member_id,
        "role": key.role,
        "scopes": key.scopes,
        "expires_at": key.expires_at.isoformat(),
        "workspace": {"id": work.caller.workspace.id, "name": work.caller.workspace.name},
    }
    return Answer(200, told)


def _text(body: Json, name: str) -> str:
    text = body.get(name)
    if not isinstance(text, str):
        raise Invalid("{name} is to be a text.", field=name, name=name)
    return text


def _activity(work: Work, activity: Activity) -> dict[str, Any]:
    who = activity.change_set.actor_id
    before, after = schema.of(work.session).told(activity.noun, activity.before, activity.after)
    return {
        "at": activity.at.isoformat(),
        "by": {"id": who, "name": history.actor_name(work.session, who)},
        "source": activity.change_set.source,
        "what": activity.entity,
        "action": activity.action,
        "before": _told(work, before),
        "after": _told(work, after),
    }


def _told(work: Work, values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return an activity's values, those of the workspace's own fields by the fields' keys."""
    if values is None:
        return None
    own = schema.of(work.session).by_id
    told = {key: value for key, value in values.items() if key not in {"custom", "name_key", "find_key"}}
    for number, value in (values.get("custom") or {}).items():
        field = own.get(int(number)) if str(number).isdecimal() else None
        if field is not None:
            told[field.key] = faces.face(field).write(field, field.from_json(value), work.session)
    return told
