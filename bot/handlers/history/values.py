"""Say the fields of an activity as people read them: names for ids, money, days and moments in the reader's way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from bot.handlers.history.wording import CHANNELS, INTERNAL, LABELS, OF_PEOPLE, PEOPLE
from bot.kit import blocks as b
from bot.kit import categories, format
from bot.kit.faces import face
from bot.kit.format import Reader, weekdays
from bot.plugin import Notice, _
from storage.crm.deals import Deal
from storage.crm.followups import Followup
from storage.crm.pipelines import Stage
from storage.database.engine import Base, current_workspace
from storage.database.recorded import from_json, recorded_attributes
from storage.errors import NotFound
from storage.money import Money
from storage.records import named, schema
from storage.records.declaration import Declaration
from storage.records.fields import ChoiceField, MoneyField, RecordField
from storage.records.history import CHANGES, CREATED, UPDATED, Activity, ChangeSet
from storage.records.rows import KEPT, kept
from storage.records.schema import OwnRecord
from storage.support.tickets import CategoryField

VALUE_LIMIT = 80
NONE = "–"


@dataclass(frozen=True, slots=True)
class Change:
    """Hold what one request did to one row; rows are written several times where that is easier."""

    noun: str
    record_id: int | None
    entity: str
    row_key: str
    action: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    at: datetime
    change_set: ChangeSet

    @property
    def internal(self) -> bool:
        """Tell whether nothing of it means anything to people."""
        return self.action == UPDATED and all(_is_internal(self, field) for field in self.after)

    @property
    def own(self) -> bool:
        """Tell whether it happened to the record itself and not to a part of it."""
        table = getattr(KEPT.get(self.noun), "__tablename__", self.noun)
        return self.entity.rpartition(".")[2] in {table, OwnRecord.__tablename__}

    @property
    def itself(self) -> tuple[str, ...]:
        """Name the fields that say no more than in whose timeline it is."""
        about = ("about_id",) if self.action == CREATED and not self.own else ()
        return (f"{self.noun}_id", *about)

    @property
    def thing(self) -> b.Text:
        """Name what it happened to: the record, a note, a channel, or what a plugin keeps there."""
        if self.own:
            return _("it")
        if self.entity == "channel_link":
            return b.channel(self.row_key)
        return _("a {thing}").format(thing=_(self.entity.rpartition(".")[2].replace("_", " ")))


def merged(session: Session, activities: Iterable[Activity]) -> list[Change]:
    """Return what each request did to each row, in the order of the activities, without what is no news to the reader.

    That is what is internal, and what they may not see. What is no change of fields, such as an answer to a customer,
    is told by itself.
    """
    found: dict[tuple[int, str, str, str], Change] = {}
    for row in sorted(activities, key=lambda row: row.id):
        key = row.change_set_id, row.entity, row.row_key, "" if row.action in CHANGES else row.action
        first = found.get(key)
        found[key] = Change(
            row.noun,
            row.record_id,
            row.entity,
            row.row_key,
            first.action if first and row.action == UPDATED else row.action,
            {**(row.before or {}), **(first.before if first else {})},
            {**(first.after if first else {}), **(row.after or {})},
            row.at,
            row.change_set,
        )
    return [change for change in (_told(session, one) for one in found.values()) if not change.internal]


def _told(session: Session, change: Change) -> Change:
    """Return a change without what the reader may not see."""
    if not change.own:
        return change
    before, after = schema.of(session).told(change.noun, change.before, change.after)
    return replace(change, before=before or {}, after=after or {})


def fields(
    session: Session, change: Change, reader: Reader, *, back: bool = False, hidden: Collection[str] = ()
) -> list[b.Markup]:
    """Return a line for each field that is not `hidden`: from what to what, or what a new record began with.

    With `back`, from what it was changed to back to what it was before.
    """
    before, after = (change.after, change.before) if back else (change.before, change.after)
    own = schema.of(session).declared.get(change.noun) if change.own else None
    lines, told = _of_fields(session, change, own, before, after, reader, hidden) if own else ([], set())
    for field, value in after.items():
        if field in told or field in change.itself or _is_internal(change, field):
            continue
        if _info(change, field).get("told_by") in after:
            # The other field says the same to people.
            continue
        if field == "custom":
            lines += _own(session, change, before.get(field) or {}, value or {}, reader)
            continue
        new = _value(session, change, field, after, reader)
        if change.action == UPDATED:
            old = _value(session, change, field, before, reader)
            lines.append(b.markup("{field}: {old} → {new}", field=_label(field), old=old, new=new))
        elif change.action == CREATED and value not in (None, "", False):
            lines.append(b.markup("{field}: {new}", field=_label(field), new=new))
    return lines


def _own(
    session: Session, change: Change, before: Mapping[str, Any], after: Mapping[str, Any], reader: Reader
) -> list[b.Markup]:
    """Return a line for each of the workspace's own fields that differs."""
    lines = []
    known = schema.of(session).by_id
    for number in sorted({*before, *after}, key=int):
        field = known.get(int(number))
        if field is None or before.get(number) == after.get(number):
            continue
        held: list[Any] = [_Values(before), _Values(after)]
        old, new = (face(field).shown(field, record, reader, session) or NONE for record in held)
        if change.action == UPDATED:
            lines.append(b.markup("{field}: {old} → {new}", field=field.label, old=old, new=new))
        elif change.action == CREATED:
            lines.append(b.markup("{field}: {new}", field=field.label, new=new))
    return lines


@dataclass(frozen=True, slots=True)
class _Values:
    """Stand for a record that has these values of the workspace's own fields."""

    custom: Mapping[str, Any]


def _info(change: Change, field: str) -> Mapping[Any, Any]:
    table = Base.metadata.tables.get(change.entity)
    return {} if table is None or field not in table.columns else table.columns[field].info


def _is_internal(change: Change, field: str) -> bool:
    if change.entity == "member" and field not in OF_PEOPLE:
        return True
    if field == "zone" and change.entity not in {"workspace", "business_hours"}:
        return True
    return field in INTERNAL or bool(_info(change, field).get("internal"))


def _of_fields(
    session: Session,
    change: Change,
    noun: Declaration,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    reader: Reader,
    hidden: Collection[str],
) -> tuple[list[b.Markup], set[str]]:
    """Return the lines of a noun's fields, drawn as on its cards, and the attributes that they tell of."""
    old, new = (_as_it_was(session, change, noun, values) for values in (before, after))
    lines: list[b.Markup] = []
    told: set[str] = set()
    for field in (one for one in noun.fields if not one.custom_id):
        held = {field.by, field.currency} if isinstance(field, MoneyField) else {field.at or field.key}
        if not after.keys() & held:
            continue
        told |= held
        if held <= INTERNAL or field.key in hidden:
            continue
        was, is_now = (_shown(session, field, record, reader) for record in (old, new))
        if change.action == UPDATED:
            lines.append(b.markup("{field}: {old} → {new}", field=_(field.label), old=was, new=is_now))
        elif change.action == CREATED and is_now != NONE:
            lines.append(b.markup("{field}: {new}", field=_(field.label), new=is_now))
    return lines, told


def _as_it_was(session: Session, change: Change, noun: Declaration, values: Mapping[str, Any]) -> named.Named:
    """Return a record that is in no session with these values, the others as they are now."""
    there = session.get(noun.model, (current_workspace(session), change.record_id)) if change.record_id else None
    made = noun.model()
    for attribute in recorded_attributes(inspect(noun.model)):
        if attribute.key in values:
            setattr(made, attribute.key, from_json(attribute, values[attribute.key]))
        elif there is not None:
            setattr(made, attribute.key, getattr(there, attribute.key))
    return made


def _shown(session: Session, field: RecordField, record: named.Named, reader: Reader) -> b.Text:
    if isinstance(field, CategoryField):
        return categories.name(session, key) if (key := field.of(record)) else NONE
    try:
        shown = face(field).shown(field, record, reader, session)
    except NotFound as gone:
        return str(gone.params["reference"])
    return b.cut(shown, VALUE_LIMIT) if type(shown) is str else shown or NONE


def _label(field: str) -> str:
    known = LABELS.get(field) or field.removesuffix("_id").removesuffix("_at").replace("_", " ").capitalize()
    return _(known)


def _value(session: Session, change: Change, field: str, values: Mapping[str, Any], reader: Reader) -> b.Text:
    value = values.get(field)
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field in PEOPLE:
        return b.person(str(value))
    if field in CHANNELS:
        return b.channel(str(value))
    if field == "days_off":
        return ", ".join(weekdays(reader.locale)[day] for day in value) or NONE
    if field == "begins":
        return b.cut(_begins(session, change, value), VALUE_LIMIT)
    if field == "choices":
        return ", ".join(str(name) for _key, name, *dropped in value if not dropped) or NONE
    if field == "hours" and isinstance(value, dict):
        days = weekdays(reader.locale)
        return ", ".join(f"{days[int(day)]} {'–'.join(span)}" for day, span in sorted(value.items())) or NONE
    if field == "muted":
        return ", ".join(_(Notice(one).words) for one in value) or "–"
    if isinstance(value, list):
        return b.cut(", ".join(map(str, value)), VALUE_LIMIT) or NONE
    if field == "amount_minor":
        return _money(session, change, values, reader)
    if field == "merged_into_id":
        return _record(session, change.noun, int(value))
    if field == "stage_id":
        return stage.name if (stage := session.get(Stage, (current_workspace(session), value))) else str(value)
    if field == "about_id":
        return _subject(session, change, int(value), values.get("about_noun"))
    noun, _id, rest = field.rpartition("_id")
    if noun in KEPT and not rest:
        return _record(session, noun, int(value))
    if field.endswith(("_at", "_on", "_date", "_from", "_until", "_time")) and isinstance(value, str):
        return _time(value, reader)
    return b.cut(str(value), VALUE_LIMIT)


def _begins(session: Session, change: Change, value: Any) -> str:
    """Return with what records of a field begin: of a choice, its name."""
    number = change.row_key.rpartition("/")[2]
    field = schema.whole(session).by_id.get(int(number) if number.isdecimal() else 0)
    return str(field.name_of(value) if isinstance(field, ChoiceField) else value)


def _record(session: Session, noun: str, record_id: int) -> str:
    try:
        return str(named.get(session, kept(session)[noun], record_id).name)
    except NotFound as gone:
        return str(gone.params["reference"])


def _subject(session: Session, change: Change, record_id: int, noun: str | None) -> str:
    if noun is None and change.own:
        followup = session.get(Followup, (current_workspace(session), change.record_id))
        noun = followup.about_noun if followup else None
    noun = noun or change.noun
    return _record(session, noun, record_id) if noun in kept(session) else str(record_id)


def _money(session: Session, change: Change, values: Mapping[str, Any], reader: Reader) -> str:
    currency = values.get("currency")
    if currency is None and change.noun == Deal.__noun__ and change.record_id is not None:
        deal = session.get(Deal, (current_workspace(session), change.record_id))
        currency = deal.currency if deal else None
    # Whose currency nobody knows any more is shown as it was stored.
    return reader.money(Money(values["amount_minor"], currency)) if currency else str(values["amount_minor"])


def _time(value: str, reader: Reader) -> str:
    if "T" in value:
        return reader.moment(datetime.fromisoformat(value))
    if ":" in value:
        return format.clock(time.fromisoformat(value), reader.locale)
    return reader.day(date.fromisoformat(value))
