"""List what was changed of how a workspace is set up, and which records were taken out of it: by whom, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, false, inspect, or_, select
from sqlalchemy.orm import Session, joinedload

from storage.database.engine import Base
from storage.database.recorded import Recorded, entity_name
from storage.records.history.models import Activity, ChangeSet
from storage.records.history.recording import CHANGES, CREATED
from storage.workspace.members import Member

EXPORTS = "exports"
EXPORTED = "exported"
"""What the history says of records that were taken out."""
WISHES = "attention"
"""The table of what people and channels wish to be spared."""
_OF_PEOPLE = ("roles", "manager_id")
"""What of people is a matter of the set-up."""


def words() -> list[str]:
    """Return what can be asked for, as each model of what sets a workspace up says it."""
    return sorted({*_entities().values(), EXPORTS})


def _entities() -> dict[str, str]:
    """Return by which word the changes of each table are asked for."""
    return {
        entity_name(mapper): mapper.class_.__audit__
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Recorded) and mapper.class_.__audit__ and mapper.inherits is None
    }


def listed(
    session: Session,
    *,
    what: str | None = None,
    by: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[Activity]:
    """Return changes of the set-up, newest first, from those before an activity on.

    `what` is one of `words`, `by` the id of a person or key. Each activity's `change_set` says who and from where.
    """
    entities = [entity for entity, word in _entities().items() if what in (None, word)]
    people = entity_name(inspect(Member))
    of_people = or_(*(Activity.after.has_key(name) for name in _OF_PEOPLE))
    rows = or_(
        and_(
            Activity.entity.in_([one for one in entities if one not in {people, WISHES}]), Activity.action.in_(CHANGES)
        ),
        and_(Activity.entity == people, Activity.action != CREATED, of_people) if people in entities else false(),
        # What somebody wishes for themselves is no matter of the set-up.
        and_(
            Activity.entity == WISHES,
            Activity.action.in_(CHANGES),
            Activity.row_key.is_distinct_from(ChangeSet.actor_id),
        )
        if WISHES in entities
        else false(),
        Activity.action == EXPORTED if what in (None, EXPORTS) else false(),
    )
    found = select(Activity).join(Activity.change_set).where(rows).order_by(Activity.id.desc()).limit(limit)
    if by is not None:
        found = found.where(ChangeSet.actor_id == by)
    if since is not None:
        found = found.where(Activity.at >= since)
    if before is not None:
        found = found.where(Activity.id < before)
    return session.scalars(found.options(joinedload(Activity.change_set))).all()
