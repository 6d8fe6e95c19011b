"""Take a person's newest change back, as a new change."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, exists, func, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session, aliased

from storage.database.engine import Base, current_workspace
from storage.database.recorded import Recorded, entity_name, from_json, key_attribute, values
from storage.errors import Conflict, NotFound
from storage.records.history.models import Activity, ChangeSet
from storage.records.history.reading import actor_name
from storage.records.history.recording import CHANGES, CREATED, DELETED, IMPORT, UPDATED, current_recorder
from storage.records.referring import referring

UNDO_WITHIN = timedelta(hours=24)
MOVE = "move"
"""The source of change sets that are taken back in parts (see storage.records.moves)."""


@dataclass(frozen=True)
class Undone:
    """Name a row that was set back; `action` is what had happened to it (created, updated, deleted)."""

    noun: str
    record_id: int | None
    name: str
    action: str
    row: tuple[str, str] = field(default=("", ""), compare=False)
    """The row's table and key."""


@dataclass(frozen=True)
class UndoResult:
    """Say which change set was undone and what became of its rows, last change first."""

    change_set: ChangeSet
    rows: list[Undone]


def undo(session: Session, actor_id: str, now: datetime | None = None) -> UndoResult:
    """Take back the actor's newest change set that is not undone yet and at most 24 hours old.

    Must run inside `recording`, before anything else is recorded there: the undo is that change set. Rows that were
    created are removed, those deleted restored, fields set back. Raises NotFound if there is nothing to undo, Conflict
    naming who and what if a row has changed since or something refers to it.
    """
    target = newest(session, actor_id, now)
    if target is None:
        raise NotFound("There is nothing of yours from the last 24 hours to undo.")
    return take_back(session, target)


def undoable(session: Session, change_set_ids: Collection[int], now: datetime | None = None) -> list[ChangeSet]:
    """Return those of some change sets that `take_back` may take back: young, not undone, and no undos themselves."""
    if not change_set_ids:
        return []
    found = _undoable(now).where(ChangeSet.id.in_(change_set_ids)).order_by(ChangeSet.id)
    return list(session.scalars(found))


def take_back(session: Session, target: ChangeSet) -> UndoResult:
    """Take a change set back, as `undo` does; it must be `undoable`."""
    recorder = current_recorder(session)
    session.flush()
    if recorder.change_set_id is not None:
        raise RuntimeError("an undo is a change set of its own")
    if target.source == MOVE:
        raise Conflict("This change is too large to be taken back at once.", hint="Take it back on its own message.")
    activities = list(
        session.scalars(
            select(Activity)
            .where(Activity.at == target.at, Activity.change_set_id == target.id, Activity.action.in_(CHANGES))
            .order_by(Activity.id.desc())
        )
    )
    recorder.undoes_id = target.id
    recorder.write()
    refuse_if_changed_since(session, activities)
    rows: list[Undone] = []
    standing: dict[Recorded, str] = {}
    for activity in activities:
        row, undone = revert(session, activity)
        rows.append(undone)
        if activity.action == CREATED:
            standing.pop(row, None)
            row.undoing(session, CREATED)
            remove_row(session, row)
        else:
            standing[row] = activity.action
    for row, action in standing.items():
        row.undoing(session, action)
        session.flush()
    session.expire(target, ["undone_by_id"])
    return UndoResult(target, rows)


def newest(session: Session, actor_id: str, now: datetime | None = None) -> ChangeSet | None:
    """Return what `undo` would take back, None if there is nothing."""
    theirs = _undoable(now).where(ChangeSet.actor_id == actor_id)
    return session.scalars(theirs.order_by(ChangeSet.at.desc(), ChangeSet.id.desc()).limit(1)).first()


def _undoable(now: datetime | None) -> Select[ChangeSet]:
    since = (now or func.now()) - UNDO_WITHIN
    changed = exists().where(
        Activity.workspace_id == ChangeSet.workspace_id,
        Activity.change_set_id == ChangeSet.id,
        Activity.action.in_(CHANGES),
    )
    return (
        select(ChangeSet)
        .where(ChangeSet.at > since, ChangeSet.undoes_id.is_(None))
        .where(~_is_undone(ChangeSet), changed, ChangeSet.source != IMPORT)
    )


def _is_undone(change_set: Any) -> Any:
    undoing = aliased(ChangeSet)
    return exists().where(undoing.workspace_id == change_set.workspace_id, undoing.undoes_id == change_set.id)


def refuse_if_changed_since(session: Session, activities: list[Activity], but: ChangeSet | None = None) -> None:
    """Raise Conflict if a row changed after these activities; changes that were taken back do not count.

    Nor do those of the change set `but`, a part of which was taken back.
    """
    newest: dict[tuple[str, str], Activity] = {}
    for activity in activities:
        newest.setdefault((activity.entity, activity.row_key), activity)
    for (entity, key), activity in newest.items():
        later = session.execute(
            changes_since(but)
            .where(Activity.entity == entity, Activity.row_key == key, Activity.id > activity.id)
            .order_by(Activity.id.desc())
            .limit(1)
        ).first()
        if later is not None:
            row = _row(session, activity)
            raise _changed(session, row, activity, actor_name(session, later.actor_id))


def changes_since(but: ChangeSet | None) -> Select[Any]:
    """Return who changed what, but for undos, what was undone and the change set `but`."""
    return (
        select(ChangeSet.actor_id)
        .join(Activity.change_set)
        .where(Activity.action.in_(CHANGES), ChangeSet.undoes_id.is_(None))
        .where(~_is_undone(ChangeSet), ChangeSet.id.is_distinct_from(but.id if but else None))
    )


def _changed(session: Session, row: Recorded | None, activity: Activity, who: str) -> Conflict:
    return Conflict(
        "{name} was changed by {who} since, so it cannot be undone.",
        name=row.history_name() if row is not None else _gone_name(activity),
        who=who,
        hint="Change it by hand instead.",
    )


def _gone_name(activity: Activity) -> str:
    known = activity.after or activity.before or {}
    return str(known.get("name") or activity.noun)


def revert(session: Session, activity: Activity) -> tuple[Recorded, Undone]:
    """Set a row back to what it was before an activity; one that was created is left to be removed. Raise Conflict."""
    row = _row(session, activity)
    if activity.action == DELETED:
        row = _restore(session, row, activity)
    elif row is None:
        raise _changed(session, None, activity, "someone")
    else:
        _refuse_if_different(session, row, activity)
    undone = undone_of(row, activity)
    if activity.action == UPDATED:
        set_back(row, activity.before or {})
        session.flush()
    if activity.action != CREATED:
        # Composites and what the database derives are read again.
        session.refresh(row)
    return row, undone


def undone_of(row: Recorded, activity: Activity) -> Undone:
    """Name a row that is set back to what it was before an activity."""
    noun, record_id = row.history_subject()
    return Undone(noun, record_id, row.history_name(), activity.action, (activity.entity, activity.row_key))


def _refuse_if_different(session: Session, row: Recorded, activity: Activity) -> None:
    """Raise Conflict if the row is not as the change left it, by a way that is not recorded."""
    if differs(row, activity):
        raise _changed(session, row, activity, "someone")


def differs(row: Recorded, activity: Activity) -> bool:
    """Tell whether a row is not as an activity left it."""
    now = values(row)
    return any(now.get(key) != value for key, value in (activity.after or {}).items() if key in now)


def _restore(session: Session, row: Recorded | None, activity: Activity) -> Recorded:
    if row is not None:
        raise _changed(session, row, activity, "someone")
    model = model_of(activity)
    key = key_attribute(model)
    restored = model()
    for name, value in (("workspace_id", current_workspace(session)), (key.key, key_value(model, activity))):
        setattr(restored, name, value)
    set_back(restored, activity.before or {})
    try:
        with session.begin_nested():
            session.add(restored)
    except IntegrityError as exc:
        raise Conflict(
            "{name} cannot be restored: something it belongs to is gone, or its place is taken.",
            name=_gone_name(activity),
        ) from exc
    return restored


def remove_row(session: Session, row: Recorded) -> None:
    """Remove a row that was created; raise Conflict where something refers to it."""
    name = row.history_name()
    for other in referring(session, row):
        raise _in_use(name, other.history_name())
    try:
        with session.begin_nested():
            session.delete(row)
    except IntegrityError as exc:
        raise _in_use(name, "something else") from exc


def _in_use(name: str, other: str) -> Conflict:
    return Conflict(
        "{name} cannot be removed, because {other} refers to it.",
        name=name,
        other=other,
        hint="Remove that first.",
    )


def set_back(row: Recorded, before: dict[str, Any]) -> None:
    """Give a row the values that it had."""
    attributes = inspect(type(row)).column_attrs
    for key, value in before.items():
        # A column that a later version dropped has nothing to be set back.
        if key in attributes:
            setattr(row, key, from_json(attributes[key], value))


def _row(session: Session, activity: Activity) -> Recorded | None:
    model = model_of(activity)
    known = {"workspace_id": current_workspace(session), key_attribute(model).key: key_value(model, activity)}
    identity = tuple(known[inspect(model).get_property_by_column(column).key] for column in inspect(model).primary_key)
    return session.get(model, identity, with_for_update=True, populate_existing=True)


def key_value(model: type[Recorded], activity: Activity) -> Any:
    """Return the key of an activity's row as its column holds it."""
    return from_json(key_attribute(model), activity.row_key)


def model_of(activity: Activity) -> type[Recorded]:
    """Return the model of an activity's row; raise Conflict where its plugin is not loaded."""
    mapper = mappers().get(activity.entity)
    if mapper is None:
        raise Conflict("This change was made by a plugin that is not loaded, so it cannot be undone.")
    model: type[Recorded] = mapper.class_
    return model


def mappers() -> dict[str, Mapper[Any]]:
    """Return the models by their tables; of several in one table that of all, as a row says which it is of."""
    recorded = (mapper for mapper in Base.registry.mappers if issubclass(mapper.class_, Recorded))
    return {entity_name(mapper): mapper for mapper in recorded if mapper.inherits is None}
