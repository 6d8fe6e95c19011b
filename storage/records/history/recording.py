"""Write the history of a transaction while its changes are flushed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, event, func, insert, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, UOWTransaction

from storage.beside import insert_many
from storage.database.engine import current_workspace
from storage.database.recorded import Recorded, entity_name, recorded_attributes, row_key, to_json, values
from storage.events import OwnedChanged, drain_told, emit
from storage.records.history.models import Activity, ChangeAnswer, ChangeSet
from storage.records.history.ownership import check_owner
from storage.webhooks import occurrences

CREATED, UPDATED, DELETED = "created", "updated", "deleted"
CHANGES = (CREATED, UPDATED, DELETED)
IMPORT = "import"
"""The source of change sets that are taken back in parts, never by "undo my last change", and told to no webhook."""

_KEY = "rapport.history"

_NEW_CHANGE_SET = insert(ChangeSet).returning(ChangeSet.id, ChangeSet.at, occurrences.wanted_here)
assert isinstance(Activity.__table__, Table)
_ACTIVITY = Activity.__table__


@dataclass
class _Change:
    row: Recorded
    action: str
    before: dict[str, Any] | None = None
    changed: list[str] = field(default_factory=list)

    def after(self) -> dict[str, Any] | None:
        if self.action == DELETED:
            return None
        if self.action == CREATED:
            return values(self.row)
        return {key: to_json(getattr(self.row, key)) for key in self.changed}


class Recorder:
    """Write one change set, at the first change, and an activity for each row that changes."""

    def __init__(
        self,
        session: Session,
        *,
        actor_id: str | None,
        source: str,
        request_key: str | None,
        summary: str | None,
        at: datetime | None,
        resumed: tuple[int, datetime] | None = None,
    ) -> None:
        self.actor_id = actor_id
        self.undoes_id: int | None = None
        self._session = session
        self.source = source
        self._request_key = request_key
        self._summary = summary
        self._at = at
        self._written = resumed
        self._in_doubt = False
        self._changes: list[_Change] = []
        self._told_of = False
        self._told_to: int | None = 0
        if resumed is not None and source != IMPORT and (told := occurrences.are_wanted(session)):
            self._told_of = told
            mine = (Activity.at == resumed[1], Activity.change_set_id == resumed[0])
            self._told_to = session.scalar(select(func.max(Activity.id)).where(*mine))

    @property
    def change_set_id(self) -> int | None:
        """Return the id of the change set, None if nothing has changed yet."""
        # A savepoint that was rolled back may have taken the change set with it.
        if self._written is not None and self._in_doubt:
            exists = select(ChangeSet.id).where(
                ChangeSet.workspace_id == current_workspace(self._session), ChangeSet.id == self._written[0]
            )
            if self._session.connection().scalar(exists) is None:
                self._written = None
            self._in_doubt = False
        return self._written[0] if self._written is not None else None

    def write(self) -> tuple[int, datetime]:
        """Return id and time of the change set, inserting it if nothing has changed before."""
        if self.change_set_id is None or self._written is None:
            given: dict[str, Any] = {
                "workspace_id": current_workspace(self._session),
                "request_key": self._request_key,
                "actor_id": self.actor_id,
                "source": self.source,
                "summary": self._summary,
                "undoes_id": self.undoes_id,
            }
            if self._at is not None:
                given["at"] = self._at
            change_set_id, at, self._told_of = self._session.connection().execute(_NEW_CHANGE_SET, given).one()
            self._written = (change_set_id, at)
        return self._written

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Insert activities; each row gives noun, record_id, entity, row_key, action, before and after."""
        change_set_id, at = self.write()
        common = {"workspace_id": current_workspace(self._session), "change_set_id": change_set_id, "at": at}
        insert_many(self._session.connection(), _ACTIVITY, [common | row for row in rows])

    def tell_webhooks(self) -> None:
        """Have webhooks told what this transaction did, where the workspace has any, unless it is part of an import."""
        facts = drain_told(self._session)
        if self.source == IMPORT:
            return
        if self._told_of and self.change_set_id is not None:
            assert self._written is not None
            here = (Activity.at == self._written[1], Activity.change_set_id == self._written[0])
            since = (Activity.id > (self._told_to or 0), Activity.action.in_(CHANGES))
            touches = self._session.scalars(select(Activity).where(*here, *since).order_by(Activity.id)).all()
            occurrences.write(self._session, touches, facts, self._written[0])
        elif facts and self.change_set_id is None and occurrences.are_wanted(self._session):
            occurrences.write(self._session, (), facts, None)

    def before_flush(self, session: Session, _context: UOWTransaction, _instances: Any) -> None:
        """Note what is about to change, while the values before are known."""
        self._changes = [_Change(row, CREATED) for row in session.new if isinstance(row, Recorded)]
        for row in session.dirty:
            if isinstance(row, Recorded) and (before := _values_before(session, row)):
                if row.__owner__ is not None:
                    owner_id = before.get(row.__owner__, getattr(row, row.__owner__))
                    check_owner(session, row, owner_id, self.actor_id, called=before.get("name"))
                self._changes.append(_Change(row, UPDATED, before, list(before)))
        self._changes += [_Change(row, DELETED, values(row)) for row in session.deleted if isinstance(row, Recorded)]

    def after_flush(self, _session: Session, _context: UOWTransaction) -> None:
        """Insert the activities, now that the database has given its ids and defaults."""
        changes, self._changes = self._changes, []
        rows = []
        for change in changes:
            noun, record_id = change.row.history_subject()
            rows.append(
                {
                    "noun": noun,
                    "record_id": record_id,
                    "entity": entity_name(inspect(type(change.row))),
                    "row_key": row_key(change.row),
                    "action": change.action,
                    "before": change.before,
                    "after": change.after(),
                }
            )
        if rows:
            self.add(rows)
        for change in changes:
            self._tell_owners(change)

    def _tell_owners(self, change: _Change) -> None:
        """Say so if a record is or was somebody else's than the actor's."""
        owner = change.row.__owner__
        if owner is None or change.action == DELETED:
            return
        now = getattr(change.row, owner)
        had = None if change.action == CREATED else (change.before or {}).get(owner, now)
        if {had, now} - {None, self.actor_id}:
            emit(self._session, OwnedChanged(change.row, had, tuple(change.changed)))

    def after_soft_rollback(self, _session: Session, _transaction: Any) -> None:
        """Doubt the change set: it is looked for before it is used again."""
        self._in_doubt = True


def _values_before(session: Session, row: Recorded) -> dict[str, Any]:
    state = inspect(row)
    before: dict[str, Any] = {}
    unknown = []
    for attribute in recorded_attributes(state.mapper):
        history = state.attrs[attribute.key].history
        if not history.has_changes():
            continue
        before[attribute.key] = to_json(history.deleted[0]) if history.deleted else None
        if not history.deleted:
            unknown.append(attribute)
    if unknown:
        # Set without having been read: SQLAlchemy does not know what was there.
        assert state.identity is not None
        same = and_(*(column == part for column, part in zip(state.mapper.primary_key, state.identity, strict=True)))
        found = session.connection().execute(select(*(attribute.columns[0] for attribute in unknown)).where(same)).one()
        before |= {attribute.key: to_json(value) for attribute, value in zip(unknown, found, strict=True)}
    return {key: value for key, value in before.items() if value != to_json(getattr(row, key))}


@contextmanager
def recording(
    session: Session,
    *,
    actor_id: str | None,
    source: str,
    request_key: str | None = None,
    summary: str | None = None,
    at: datetime | None = None,
    resumed: ChangeSet | None = None,
) -> Iterator[Recorder]:
    """Record what happens to `Recorded` models until the block ends, as one change set of this actor.

    `actor_id` is a Slack user id, None for what Rapport does by itself; `source` says where from ("slash", "job",
    "api"); `at` is now unless history is imported. What is long is done in several transactions as one change set: each
    after the first names it as `resumed`. The change set is written with the first change; if one with this
    `request_key` exists, that raises an IntegrityError for which `is_repeat` is true. Raises RuntimeError in a session
    that is being recorded already.
    """
    if _KEY in session.info:
        raise RuntimeError("this session is being recorded already")
    recorder = Recorder(
        session,
        actor_id=actor_id or None,
        source=source,
        request_key=request_key or None,
        summary=summary,
        at=at,
        resumed=(resumed.id, resumed.at) if resumed is not None else None,
    )
    session.info[_KEY] = recorder
    try:
        yield recorder
        session.flush()
        recorder.tell_webhooks()
    finally:
        del session.info[_KEY]


# Once for all sessions, as it takes long to listen to each.
@event.listens_for(Session, "before_flush")
def _before_flush(session: Session, context: UOWTransaction, instances: Any) -> None:
    if recorder := session.info.get(_KEY):
        recorder.before_flush(session, context, instances)


@event.listens_for(Session, "after_flush")
def _after_flush(session: Session, context: UOWTransaction) -> None:
    if recorder := session.info.get(_KEY):
        recorder.after_flush(session, context)


@event.listens_for(Session, "after_soft_rollback")
def _after_soft_rollback(session: Session, transaction: Any) -> None:
    if recorder := session.info.get(_KEY):
        recorder.after_soft_rollback(session, transaction)


def current_recorder(session: Session) -> Recorder:
    """Return the session's recorder; raise RuntimeError outside `recording`."""
    recorder = session.info.get(_KEY)
    if not isinstance(recorder, Recorder):
        raise RuntimeError("this session is not being recorded")
    return recorder


def current_actor(session: Session) -> str | None:
    """Return the id of the person the session acts for, None if it acts for nobody or is not being recorded."""
    return current_recorder(session).actor_id if _KEY in session.info else None


def current_source(session: Session) -> str:
    """Return where the change comes from, nothing if the session is not being recorded."""
    return current_recorder(session).source if _KEY in session.info else ""


def current_change(session: Session) -> ChangeSet | None:
    """Return the session's change set, None if nothing has changed yet."""
    session.flush()
    change_set_id = current_recorder(session).change_set_id
    return session.get(ChangeSet, (current_workspace(session), change_set_id)) if change_set_id is not None else None


def record(
    session: Session,
    noun: str,
    record_id: int,
    action: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add to a record's timeline something that is not a change of its fields; undo leaves it alone."""
    assert action not in {CREATED, UPDATED, DELETED}, "those are recorded by themselves"
    session.flush()
    row = {"noun": noun, "record_id": record_id, "entity": noun, "row_key": str(record_id), "action": action}
    current_recorder(session).add([row | {"before": to_json(before), "after": to_json(after)}])


@contextmanager
def apart(session: Session) -> Iterator[None]:
    """Leave what is changed until the block ends out of the history: what Rapport learns is nobody's change."""
    session.flush()
    recorder = session.info.pop(_KEY, None)
    try:
        yield
        session.flush()
    finally:
        if recorder is not None:
            session.info[_KEY] = recorder


def record_of_all(session: Session, noun: str, action: str, *, after: dict[str, Any]) -> None:
    """Add to the history something that was done with a noun and changes no record of it; undo leaves it alone."""
    assert action not in CHANGES, "those are recorded by themselves"
    session.flush()
    row = {"noun": noun, "record_id": None, "entity": noun, "row_key": "", "action": action, "before": None}
    current_recorder(session).add([row | {"after": to_json(after)}])


def save_answer(session: Session, answer: dict[str, Any]) -> None:
    """Keep what is answered to this session's request, once, with its change set, which is written if need be."""
    session.flush()
    change_set_id, _ = current_recorder(session).write()
    session.add(ChangeAnswer(workspace_id=current_workspace(session), change_set_id=change_set_id, answer=answer))
    session.flush()


def find_request(session: Session, request_key: str) -> ChangeSet | None:
    """Return the change set this request has already made, None if it has made none."""
    return session.scalars(select(ChangeSet).where(ChangeSet.request_key == request_key)).one_or_none()


def find_answer(session: Session, request_key: str) -> dict[str, Any] | None:
    """Return what was answered to a request that was carried out before, None if it was not."""
    change_set = find_request(session, request_key)
    return change_set.answer if change_set is not None else None


def is_repeat(exc: BaseException) -> bool:
    """Tell whether an error means that this request was carried out before, or just now by someone else."""
    if not isinstance(exc, IntegrityError):
        return False
    diagnosis = getattr(exc.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == "change_set_workspace_id_request_key_key"
