"""Run an import a batch at a time: each batch is one transaction that also says how far the import is.

So a process may be killed at any moment: what it had in hand never was, and the next one goes on behind the last batch.
All batches are one change set, which is taken back the same way.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, lock_until_end
from storage.errors import Conflict, NotFound
from storage.records import history
from storage.records.declaration import Declaration
from storage.records.history import ChangeSet
from storage.transfer.activities.declaration import is_activity
from storage.transfer.lookup import Links
from storage.transfer.mapping import ColumnMapping
from storage.transfer.model import ExternalId, ImportRefusal, ImportRun, ImportState
from storage.transfer.reading import ReadRow, RowReader
from storage.transfer.tables import Row, TableFile, columns_key, storable
from storage.transfer.writing import statistics
from storage.transfer.writing.activities import ActivityWriter
from storage.transfer.writing.records import ADDED, CHANGED, REFUSED, Effect, RowWriter, rehearsed
from storage.workspace import workspaces

BATCH = 500
ALONG, AGAIN = "along", "again"
"""Counted besides what becomes of rows: records made because rows are linked to them; rows of a rehearsal that are the
same record as one before them in the file."""
SHOWN_UNKNOWN = 20


def batches(rows: Iterable[Row], size: int = BATCH) -> Iterator[list[Row]]:
    """Yield rows in lists of this size."""
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch


def draw_up(
    session: Session, table: TableFile, mapping: ColumnMapping, *, digest: str, actor_id: str | None
) -> ImportRun:
    """Keep an import that is about to be looked at; the same file with an unfinished import goes on with that one."""
    run = unfinished(session, digest)
    if run is None:
        run = ImportRun(
            workspace_id=current_workspace(session),
            file_name=table.name,
            digest=digest,
            columns_key=columns_key(table.header),
            mapping=mapping.to_json(),
            actor_id=actor_id,
        )
        session.add(run)
    elif run.state == ImportState.DRAWN_UP:
        run.mapping = mapping.to_json()
    session.flush()
    return run


def unfinished(session: Session, digest: str) -> ImportRun | None:
    """Return the newest import of a file that was drawn up or begun in the terminal and is not at its end."""
    states = (ImportState.DRAWN_UP, ImportState.RUNNING, ImportState.STOPPED)
    here = (ImportRun.digest == digest, ImportRun.card_id.is_(None))
    found = select(ImportRun).where(*here, ImportRun.state.in_(states))
    return session.scalars(found.order_by(ImportRun.id.desc()).limit(1)).first()


def last_mapping(session: Session, header: Sequence[str]) -> ColumnMapping | None:
    """Return how the newest import of a file with these columns, whatever their order, was read."""
    found = select(ImportRun.mapping).where(ImportRun.columns_key == columns_key(header), ImportRun.line > 0)
    kept = session.scalars(found.order_by(ImportRun.id.desc()).limit(1)).first()
    return None if kept is None else ColumnMapping.from_json(kept)


def get(session: Session, import_id: int, *, lock: bool = False) -> ImportRun:
    """Return an import, held until the transaction ends if it is locked; raise NotFound if there is none."""
    key = (current_workspace(session), import_id)
    run = session.get(ImportRun, key, with_for_update=lock or None, populate_existing=lock)
    if run is None:
        raise NotFound("There is no import {number}.", number=import_id)
    return run


def recent(session: Session, limit: int = 20) -> Sequence[ImportRun]:
    """Return the newest imports that were begun."""
    begun = select(ImportRun).where(ImportRun.line > 0)
    return session.scalars(begun.order_by(ImportRun.id.desc()).limit(limit)).all()


def begin(session: Session, import_id: int) -> ImportRun:
    """Let an import run, from its start or where it was stopped; raise Conflict if it is over."""
    run = get(session, import_id, lock=True)
    if run.state not in (ImportState.DRAWN_UP, ImportState.RUNNING, ImportState.STOPPED):
        raise Conflict("Import {number} is {state}.", number=run.id, state=run.state)
    if run.line == 0:
        # What the dry run refused is looked at again.
        session.execute(delete(ImportRefusal).where(ImportRefusal.import_id == run.id))
    run.state = ImportState.RUNNING
    session.flush()
    return run


def stop(session: Session, import_id: int) -> ImportRun:
    """Stop an import after the batch that is in hand; what is done stays, and can be undone or gone on with."""
    run = get(session, import_id, lock=True)
    if run.state == ImportState.RUNNING:
        run.state = ImportState.STOPPED
        session.flush()
    return run


def reader(session: Session, mapping: ColumnMapping, links: Links, *, rehearses: bool = False) -> RowReader:
    """Return what reads rows as this workspace means them."""
    workspace = workspaces.get(session, current_workspace(session))
    assert workspace is not None
    declaration = links.declarations[mapping.noun]
    here = {"currency": workspace.currency, "zone": workspace.zone}
    return RowReader(session, mapping, declaration, links, **here, rehearses=rehearses)


def run_batch(session: Session, import_id: int, links: Links, rows: Sequence[Row]) -> ImportRun:
    """Give a batch of rows its effect; rows that had theirs are passed over, and none has any unless it is running.

    Must be all that its transaction does. An empty batch says that the file is at its end.
    """
    run = get(session, import_id, lock=True)
    if run.state != ImportState.RUNNING:
        return run
    if not rows:
        run.state = ImportState.DONE
        session.flush()
        return run
    # What another import has just added is to be found by this one.
    lock_until_end(session, f"import|{run.workspace_id}")
    due = [row for row in rows if row.line > run.line]
    mapping = ColumnMapping.from_json(run.mapping)
    with history.recording(
        session,
        actor_id=run.actor_id,
        source=history.IMPORT,
        request_key=f"import|{run.id}",
        summary=run.file_name,
        resumed=_change_set(session, run.change_set_id),
    ) as recorder:
        declaration = links.declarations[mapping.noun]
        writer: RowWriter | ActivityWriter = (
            ActivityWriter(session, mapping, declaration, links.declarations)
            if is_activity(declaration)
            else RowWriter(session, mapping, declaration, links, run.id)
        )
        done = writer.write(reader(session, mapping, links).read(due))
        session.flush()
        run.change_set_id = recorder.change_set_id
    counts = Counter(run.counts) + Counter(effect.outcome for effect in done) + Counter({ALONG: writer.made})
    run.counts = dict(counts)
    run.line = max(rows[-1].line, run.line)
    refuse(session, run, [effect.row for effect in done if effect.outcome == REFUSED])
    session.flush()
    statistics.refresh(session)
    return run


def _change_set(session: Session, number: int | None) -> ChangeSet | None:
    return None if number is None else session.get(ChangeSet, (current_workspace(session), number))


def refuse(session: Session, run: ImportRun, rows: Sequence[ReadRow]) -> None:
    """Keep why rows were refused."""
    common = {"workspace_id": run.workspace_id, "import_id": run.id}
    refused = [common | {"line": row.line, "reason": storable(row.refused)} for row in rows]
    if refused:
        session.execute(insert(ImportRefusal).on_conflict_do_nothing(), refused)


def refusals(session: Session, import_id: int, after: int = 0, limit: int = 1_000) -> Sequence[ImportRefusal]:
    """Return the refused rows of an import in the order of the file, from a line on."""
    found = select(ImportRefusal).where(ImportRefusal.import_id == import_id, ImportRefusal.line > after)
    return session.scalars(found.order_by(ImportRefusal.line).limit(limit)).all()


@dataclass
class Rehearsal:
    """Say what an import would do, without doing it, batch by batch.

    What two rows of the file share is looked for on disk, so that memory stays flat. `refused` gets what is refused;
    `unknown` counts the people nobody here is called by, `missing` the settings that are not there, by field and name.
    `actor_id` is who the import is for, who may not change everybody's records.
    """

    links: Links
    mapping: ColumnMapping
    actor_id: str | None = None
    counts: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    missing: Counter[tuple[str, str]] = field(default_factory=Counter)
    _seen: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Open what remembers the rows that were seen."""
        self._seen = sqlite3.connect("")
        self._seen.execute("CREATE TABLE seen (mark BLOB PRIMARY KEY) WITHOUT ROWID")
        return self

    def __exit__(self, *_: object) -> None:
        """Forget them."""
        assert self._seen is not None
        self._seen.close()

    def batch(self, session: Session, rows: Sequence[Row]) -> list[ReadRow]:
        """Look at a batch of rows and return those that would be refused; the session may be read-only."""
        declaration = self.links.declarations[self.mapping.noun]
        read = reader(session, self.mapping, self.links, rehearses=True).read(rows)
        refused = []
        for effect, sought, left in self._effects(session, declaration, read):
            row = effect.row
            again = self._knows(sought)
            self._remember(left)
            if effect.outcome == REFUSED:
                refused.append(row)
            self.unknown.update(row.unknown.values())
            self.missing.update(row.missing.items())
            self.counts[AGAIN if again and effect.outcome == ADDED else effect.outcome] += 1
            if effect.outcome in (ADDED, CHANGED):
                for key, name in row.makes.items():
                    mark = [f"makes\0{key}\0{name.casefold()}"]
                    self.counts[ALONG] += not self._knows(mark)
                    self._remember(mark)
        return refused

    def _effects(
        self, session: Session, declaration: Declaration, read: Sequence[ReadRow]
    ) -> Iterable[tuple[Effect, list[str], list[str]]]:
        if is_activity(declaration):
            nouns = self.links.declarations
            return ActivityWriter(session, self.mapping, declaration, nouns, self.actor_id).rehearse(read)
        return rehearsed(session, self.mapping, declaration, read, self.actor_id)

    def _knows(self, marks: Sequence[str]) -> bool:
        assert self._seen is not None
        asked = "SELECT 1 FROM seen WHERE mark = ?"
        return any(self._seen.execute(asked, (_short(mark),)).fetchone() for mark in marks)

    def _remember(self, marks: Sequence[str]) -> None:
        assert self._seen is not None
        self._seen.executemany("INSERT OR IGNORE INTO seen VALUES (?)", [(_short(mark),) for mark in marks])


def _short(mark: str) -> bytes:
    return hashlib.blake2b(mark.encode("utf-8", "surrogatepass"), digest_size=12).digest()


def begin_undo(session: Session, import_id: int) -> ImportRun:
    """Let an import be taken back; raise Conflict if it never changed anything, runs, or is taken back already."""
    run = get(session, import_id, lock=True)
    if run.state not in (ImportState.STOPPED, ImportState.DONE, ImportState.UNDOING):
        raise Conflict("Import {number} is {state}.", number=run.id, state=run.state)
    run.state = ImportState.UNDOING
    session.flush()
    return run


def undo_batch(session: Session, import_id: int, size: int = BATCH) -> tuple[ImportRun, list[str]]:
    """Take back the last changes of an import that are not taken back yet, and return what could not be, in words.

    Must be all that its transaction does. A row that somebody has changed since, or that something refers to, stays.
    """
    run = get(session, import_id, lock=True)
    if run.state != ImportState.UNDOING:
        return run, []
    kept: list[str] = []
    done = 0
    target = _change_set(session, run.change_set_id)
    if target is not None:
        with history.recording(
            session,
            actor_id=run.actor_id,
            source=history.IMPORT,
            request_key=f"import|{run.id}|undo",
            resumed=_change_set(session, run.undo_change_set_id),
        ) as recorder:
            part = history.undo_part(session, target, before=run.undo_before, limit=size)
            kept, done = [str(error) for error in part.kept], len(part.rows)
            run.undo_before = part.before
            session.flush()
            run.undo_change_set_id = recorder.change_set_id
    counts = Counter(run.counts) + Counter(undone=done, kept=len(kept))
    run.counts = dict(counts)
    if not done and not kept:
        run.state = ImportState.UNDONE
        session.execute(delete(ExternalId).where(ExternalId.import_id == run.id))
    session.flush()
    return run, kept


def changed_rows(session: Session, run: ImportRun) -> int:
    """Return how many changes an import has made, which is how many there are to take back."""
    if run.change_set_id is None:
        return 0
    counted = select(func.count()).select_from(history.Activity)
    return session.scalar(counted.where(history.Activity.change_set_id == run.change_set_id)) or 0


def as_numbers(counts: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of what became of rows, in the order people read them, without those that are none."""
    return {key: counts[key] for key in (ADDED, CHANGED, "same", AGAIN, REFUSED, ALONG) if counts.get(key)}
