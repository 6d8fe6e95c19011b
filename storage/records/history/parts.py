"""Take a long change back a part at a time, as a new change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.recorded import key_attribute, row_key
from storage.errors import Conflict
from storage.records.history.models import Activity, ChangeSet
from storage.records.history.recording import CHANGES, CREATED, UPDATED, current_recorder
from storage.records.history.undo import (
    Undone,
    changes_since,
    differs,
    key_value,
    mappers,
    model_of,
    refuse_if_changed_since,
    remove_row,
    revert,
    set_back,
    undone_of,
)


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
    part = UndonePart([], [], activities[-1].id if activities else before)
    for (entity, action), run in groupby(activities, lambda one: (one.entity, one.action)):
        several = list(run)
        together = _revert_together(session, entity, several, target) if action == UPDATED else {}
        part.rows.extend(together.values())
        for activity in several:
            if activity.id not in together:
                _revert_one(session, activity, target, part)
    return part


def _revert_one(session: Session, activity: Activity, target: ChangeSet, part: UndonePart) -> None:
    try:
        with session.begin_nested():
            refuse_if_changed_since(session, [activity], but=target)
            row, undone = revert(session, activity)
            row.undoing(session, activity.action)
            if activity.action == CREATED:
                remove_row(session, row)
            session.flush()
    except Conflict as error:
        part.kept.append(error)
    else:
        part.rows.append(undone)


def _revert_together(
    session: Session, entity: str, activities: Sequence[Activity], target: ChangeSet
) -> dict[int, Undone]:
    """Set back at once the rows that nothing stands in the way of, and return them by activity."""
    by_key = {activity.row_key: activity for activity in activities}
    if len(by_key) < len(activities) or entity not in mappers():
        return {}
    since = changes_since(target).where(Activity.entity == entity, Activity.row_key.in_(by_key))
    for key, later in session.execute(since.with_only_columns(Activity.row_key, Activity.id)):
        if key in by_key and later > by_key[key].id:
            del by_key[key]
    model = model_of(activities[0])
    number = getattr(model, key_attribute(model).key)
    wanted = select(model).where(number.in_([key_value(model, one) for one in by_key.values()]))
    wanted = wanted.execution_options(populate_existing=True)
    found = {row_key(row): row for row in session.scalars(wanted.order_by(number).with_for_update())}
    fits = {key: row for key, row in found.items() if not differs(row, by_key[key])}
    done = {by_key[key].id: undone_of(row, by_key[key]) for key, row in fits.items()}
    try:
        with session.begin_nested():
            for key, row in fits.items():
                set_back(row, by_key[key].before or {})
            session.flush()
            # Composites and what the database derives are read again.
            session.scalars(wanted).all()
            names = {name for key in fits for name in by_key[key].before or {}}
            model.undoing_together(session, fits.values(), names)
            session.flush()
    except Conflict:
        return {}
    return done
