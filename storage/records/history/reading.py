"""Read the history: a record's timeline, a person's change sets, who touched something last."""

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, joinedload, selectinload

from storage.database.engine import current_workspace
from storage.database.recorded import Recorded, entity_name, row_key
from storage.records.history.models import Activity, ChangeSet
from storage.records.history.recording import CHANGES, current_actor
from storage.workspace import api_keys, members

SYSTEM = "Rapport"


def timeline(session: Session, noun: str, record_id: int, limit: int = 50) -> list[Activity]:
    """Return what happened to a record, newest first; each activity's `change_set` says who and from where."""
    return list(
        session.scalars(
            select(Activity)
            .where(Activity.noun == noun, Activity.record_id == record_id)
            .order_by(Activity.at.desc(), Activity.id.desc())
            .limit(limit)
            .options(joinedload(Activity.change_set))
        )
    )


def recent(session: Session, actor_id: str, limit: int = 20) -> list[ChangeSet]:
    """Return a person's change sets with their activities, newest first."""
    return list(
        session.scalars(
            select(ChangeSet)
            .where(ChangeSet.actor_id == actor_id)
            .order_by(ChangeSet.at.desc(), ChangeSet.id.desc())
            .limit(limit)
            .options(selectinload(ChangeSet.activities))
        )
    )


def changed_only_by(session: Session, row: Recorded, actor_id: str | None, changes: int) -> bool:
    """Tell whether a row's newest changes, as many as are asked for, are all of one person; nobody's are never."""
    entity, key = entity_name(inspect(type(row))), row_key(row)
    actors = session.scalars(
        select(ChangeSet.actor_id)
        .join(Activity.change_set)
        .where(Activity.entity == entity, Activity.row_key == key, Activity.action.in_(CHANGES))
        .order_by(Activity.id.desc())
        .limit(changes)
    ).all()
    return actor_id is not None and len(actors) == changes and set(actors) == {actor_id}


def last_actor(session: Session, noun: str, record_id: int) -> str:
    """Return the name of whoever changed a record last; Rapport itself where it was nobody."""
    newest = timeline(session, noun, record_id, limit=1)
    return actor_name(session, newest[0].change_set.actor_id if newest else None)


def is_last_actor(session: Session, noun: str, record_id: int) -> bool:
    """Tell whether whoever the session acts for changed a record last."""
    newest = timeline(session, noun, record_id, limit=1)
    actor = current_actor(session)
    return bool(newest) and actor is not None and newest[0].change_set.actor_id == actor


def actor_name(session: Session, actor_id: str | None) -> str:
    """Return a person's or an API key's name, the id of one we never met, and Rapport's for nobody."""
    if actor_id is None:
        return SYSTEM
    if api_keys.is_key(actor_id):
        return api_keys.name_of(session, actor_id) or actor_id
    member = session.get(members.Member, (current_workspace(session), actor_id))
    return member.name if member is not None else actor_id
