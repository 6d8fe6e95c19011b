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


@dataclass(frozen=True)
class UndonePart:
    """Say what a part of a long undo took back and what it could not; the next part is `before` this activity."""

    rows: list[Undone]
    kept: list[Conflict]
    before: int | None


def undo_part(session: Session, target: ChangeSet, *, before: int | None, limit: int) -> UndonePart:
    """Take back up to `limit` of a change set's changes, the last first, from those before an activity on.

    Must run inside `recording`, each part after the first with the undo's own change set resumed. Unlike `undo` it goes
    on where a row has changed since or something refers to it: that row stays as it is.
    """
    recorder = current_recorder(session)
    recorder.undoes_id = target.id
    wanted = select(Activity).where(
        Activity.at == target.at, Activity.change_set_id == target.id, Activity.action.in_(CHANGES)
    )
    if before is not None:
        wanted = wanted.where(Activity.id < before)
    activities = list(session.scalars(wanted.order_by(Activity.id.desc()).limit(limit)))
    rows: list[Undone] = []
    kept: list[Conflict] = []
    for activity in activities:
        try:
            with session.begin_nested():
                _refuse_if_changed_since(session, [activity], but=target)
                row, undone = _revert(session, activity)
                row.undoing(session, activity.action)
                if activity.action == CREATED:
                    _remove(session, row)
                session.flush()
        except Conflict as error:
            kept.append(error)
        else:
            rows.append(undone)
    return UndonePart(rows, kept, activities[-1].id if activities else before)


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
    _refuse_if_changed_since(session, activities)
    rows: list[Undone] = []
    standing: dict[Recorded, str] = {}
    for activity in activities:
        row, undone = _revert(session, activity)
        rows.append(undone)
        if activity.action == CREATED:
            standing.pop(row, None)
            row.undoing(session, CREATED)
            _remove(session, row)
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


def _refuse_if_changed_since(session: Session, activities: list[Activity], but: ChangeSet | None = None) -> None:
    """Raise Conflict if a row changed after these activities; changes that were taken back do not count.

    Nor do those of the change set `but`, a part of which was taken back.
    """
    newest: dict[tuple[str, str], Activity] = {}
    for activity in activities:
        newest.setdefault((activity.entity, activity.row_key), activity)
    for (entity, key), activity in newest.items():
        later = session.execute(
            select(ChangeSet.actor_id, Activity.after)
            .join(Activity.change_set)
            .where(Activity.entity == entity, Activity.row_key == key, Activity.id > activity.id)
            .where(Activity.action.in_(CHANGES), ChangeSet.undoes_id.is_(None))
            .where(~_is_undone(ChangeSet), ChangeSet.id.is_distinct_from(but.id if but else None))
            .order_by(Activity.id.desc())
            .limit(1)
        ).first()
        if later is not None:
            row = _row(session, activity)
            raise _changed(session, row, activity, actor_name(session, later.actor_id))


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


def _revert(session: Session, activity: Activity) -> tuple[Recorded, Undone]:
    """Set a row back to what it was before an activity; one that was created is left to be removed."""
    row = _row(session, activity)
    if activity.action == DELETED:
        row = _restore(session, row, activity)
    elif row is None:
        raise _changed(session, None, activity, "someone")
    else:
        _refuse_if_different(session, row, activity)
    noun, record_id = row.history_subject()
    undone = Undone(noun, record_id, row.history_name(), activity.action, (activity.entity, activity.row_key))
    if activity.action == UPDATED:
        _set(row, activity.before or {})
        session.flush()
    if activity.action != CREATED:
        # Composites and what the database derives are read again.
        session.refresh(row)
    return row, undone


def _refuse_if_different(session: Session, row: Recorded, activity: Activity) -> None:
    """Raise Conflict if the row is not as the change left it, by a way that is not recorded."""
    now = values(row)
    if any(now.get(key) != value for key, value in (activity.after or {}).items() if key in now):
        raise _changed(session, row, activity, "someone")


def _restore(session: Session, row: Recorded | None, activity: Activity) -> Recorded:
    if row is not None:
        raise _changed(session, row, activity, "someone")
    model = _model(activity)
    key = key_attribute(model)
    restored = model()
    for name, value in (("workspace_id", current_workspace(session)), (key.key, _key_value(model, activity))):
        setattr(restored, name, value)
    _set(restored, activity.before or {})
    try:
        with session.begin_nested():
            session.add(restored)
    except IntegrityError as exc:
        raise Conflict(
            "{name} cannot be restored: something it belongs to is gone, or its place is taken.",
            name=_gone_name(activity),
        ) from exc
    return restored


def _remove(session: Session, row: Recorded) -> None:
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


def _set(row: Recorded, before: dict[str, Any]) -> None:
    attributes = inspect(type(row)).column_attrs
    for key, value in before.items():
        # A column that a later version dropped has nothing to be set back.
        if key in attributes:
            setattr(row, key, from_json(attributes[key], value))


def _row(session: Session, activity: Activity) -> Recorded | None:
    model = _model(activity)
    known = {"workspace_id": current_workspace(session), key_attribute(model).key: _key_value(model, activity)}
    identity = tuple(known[inspect(model).get_property_by_column(column).key] for column in inspect(model).primary_key)
    return session.get(model, identity, with_for_update=True, populate_existing=True)


def _key_value(model: type[Recorded], activity: Activity) -> Any:
    return from_json(key_attribute(model), activity.row_key)


def _model(activity: Activity) -> type[Recorded]:
    mapper = _mappers().get(activity.entity)
    if mapper is None:
        raise Conflict("This change was made by a plugin that is not loaded, so it cannot be undone.")
    model: type[Recorded] = mapper.class_
    return model


def _mappers() -> dict[str, Mapper[Any]]:
    """Return the models by their tables; of several in one table that of all, as a row says which it is of."""
    recorded = (mapper for mapper in Base.registry.mappers if issubclass(mapper.class_, Recorded))
    return {entity_name(mapper): mapper for mapper in recorded if mapper.inherits is None}
