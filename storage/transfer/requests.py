"""Keep what people ask of imports that they sent in Slack, until a worker has done it (see `storage.queues.leases`)."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from storage import events
from storage.crm.notes import Note
from storage.database.engine import current_workspace, notify
from storage.errors import Conflict, NotFound, Refused
from storage.events import OwnedChanged
from storage.queues import leases, outbox
from storage.records.declaration import Declaration
from storage.records.fields import PersonField
from storage.records.history import CREATED, Activity, ChangeSet
from storage.records.named import Named
from storage.transfer import running
from storage.transfer.mapping import ColumnMapping
from storage.transfer.model import ImportPart, ImportRefusal, ImportRun, ImportState
from storage.transfer.tables import TableFile, columns_key
from storage.workspace.members import Member, Role

CHANNEL = "rapport_imports"
"""The NOTIFY channel that says that there is something to do."""
PIECE = 1 << 20
UNKNOWN_KEPT = 20
GIVEN_AT_ONCE = 2_000
"""So many records are given an owner in one request, which is one transaction."""
OPEN = (ImportState.READING, ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)


def receive(session: Session, name: str, pieces: Iterable[bytes], *, actor_id: str, renderer: str) -> ImportRun:
    """Keep a file and have it looked at; the person gets a card that `renderer` draws, and that follows the import."""
    run = ImportRun(
        workspace_id=current_workspace(session),
        state=ImportState.READING,
        file_name=name,
        digest="",
        columns_key="",
        mapping={},
        actor_id=actor_id,
    )
    session.add(run)
    session.flush()
    whole = hashlib.sha256()
    for number, piece in enumerate(pieces):
        whole.update(piece)
        session.add(ImportPart(workspace_id=run.workspace_id, import_id=run.id, part=number, body=zlib.compress(piece)))
        session.flush()
    run.digest = whole.hexdigest()
    run.card_id = outbox.enqueue(session, target_user=actor_id, renderer=renderer, record=str(run.id), stays=True)
    session.flush()
    notify(session, CHANNEL)
    return run


def copy_file(session: Session, import_id: int, path: Path) -> None:
    """Write the file of an import to a path, a part at a time."""
    parts = select(ImportPart.part).where(ImportPart.import_id == import_id).order_by(ImportPart.part)
    with path.open("wb") as file:
        for number in session.scalars(parts).all():
            part = session.get(ImportPart, (current_workspace(session), import_id, number))
            assert part is not None
            file.write(zlib.decompress(part.body))
            session.expunge(part)


def claim(session: Session, limit: int, lease_s: float) -> Sequence[ImportRun]:
    """Lease up to `limit` imports of which something is asked; the session sees '*'."""
    return leases.claim(session, ImportRun, OPEN, limit, lease_s)


def read(session: Session, import_id: int, mapping: ColumnMapping, table: TableFile) -> ImportRun:
    """Keep how a file is understood, with cells of each column, for its owner to look at."""
    run = running.get(session, import_id, lock=True)
    if run.state == ImportState.READING:
        run.mapping, run.columns_key = mapping.to_json(), columns_key(table.header)
        run.looked = {
            "samples": [list(one.samples) for one in mapping.columns],
            "asks": [one.asks for one in mapping.columns],
            "sheets": list(table.sheets),
        }
        leases.rest(run, ImportState.DRAWN_UP)
        leases.show(session, run)
    return run


def checked(session: Session, import_id: int, rehearsal: running.Rehearsal) -> ImportRun:
    """Keep what a dry run found."""
    run = running.get(session, import_id, lock=True)
    if run.state == ImportState.CHECKING:
        run.checked = {"counts": dict(rehearsal.counts), "unknown": rehearsal.unknown.most_common(UNKNOWN_KEPT)}
        run.checked |= {"missing": [list(one) for one in rehearsal.missing]}
        leases.rest(run, ImportState.DRAWN_UP)
        leases.show(session, run)
    return run


def over(session: Session, import_id: int) -> ImportRun:
    """Forget the file of an import that is at its end or was given up, and say so on its card."""
    run = running.get(session, import_id, lock=True)
    leases.rest(run, ImportState(run.state))
    if run.state in (ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED, ImportState.UNDONE):
        session.execute(delete(ImportPart).where(ImportPart.import_id == run.id))
    leases.show(session, run)
    return run


def fail(session: Session, import_id: int, why: str) -> ImportRun:
    """Give an import up, and say why; what it has done stays, and can be taken back."""
    run = running.get(session, import_id, lock=True)
    run.error = why
    leases.rest(run, ImportState.STOPPED if run.line else ImportState.FAILED)
    leases.show(session, run)
    return run


def ask(
    session: Session,
    import_id: int,
    state: ImportState,
    actor: Member,
    prepare: Callable[[ColumnMapping, Sequence[Any]], ColumnMapping] | None = None,
) -> ImportRun:
    """Ask a worker for the next thing to do with an import.

    Before it runs for the first time, `prepare` makes what its mapping says and what the dry run missed.

    Raises Refused for who neither sent the file nor is an admin, Conflict where that cannot be done any more.
    """
    run = running.get(session, import_id, lock=True)
    hold(run, actor)
    match state:
        case ImportState.RUNNING:
            if run.checked is None and run.state == ImportState.DRAWN_UP:
                raise Conflict("Try the import first.")
            mapping = ColumnMapping.from_json(run.mapping)
            if run.line == 0 and prepare is not None and mapping.makes_more:
                if not actor.has(Role.ADMIN):
                    raise Refused("Only an admin can add fields or stages on the way.")
                run.mapping = prepare(mapping, (run.checked or {}).get("missing", ())).to_json()
            running.begin(session, import_id)
        case ImportState.UNDOING:
            running.begin_undo(session, import_id)
        case ImportState.STOPPED:
            running.stop(session, import_id)
        case _:
            if run.state != ImportState.DRAWN_UP:
                raise Conflict("Import {number} is {state}.", number=run.id, state=run.state)
            session.execute(delete(ImportRefusal).where(ImportRefusal.import_id == run.id))
            run.checked, run.state = None, state
    run.attempt, run.lease_until, run.error = 0, None, None
    leases.show(session, run)
    notify(session, CHANNEL)
    return run


def unknown(run: ImportRun) -> list[tuple[str, int]]:
    """Return the people nobody here is called by whom a file names most, each with the number of rows."""
    return [(str(name), int(count)) for name, count in (run.checked or {}).get("unknown", ())]


def give_owners(
    session: Session, import_id: int, noun: Declaration, owners: Mapping[str, str], actor: Member
) -> tuple[int, bool]:
    """Give records that came in with an owner nobody here is called by the person who is meant, by name in the file.

    Only those that still have nobody, and at most `GIVEN_AT_ONCE`. Nobody is told of each of them. Returns how many it
    was and whether there are more. Raises Refused as `ask`, Conflict for an import that is not done.
    """
    run = running.get(session, import_id, lock=True)
    hold(run, actor)
    change = session.get(ChangeSet, (run.workspace_id, run.change_set_id)) if run.change_set_id is not None else None
    if change is None or run.state != ImportState.DONE:
        raise Conflict("Import {number} is {state}.", number=run.id, state=run.state)
    field = owner_field(noun)
    given: list[Named] = []
    for name, member_id in owners.items():
        line = f"\n{field.label}: {name}\n"
        noted = select(Activity.record_id).where(
            *(Activity.change_set_id == change.id, Activity.at == change.at, Activity.noun == noun.key),
            *(Activity.entity == Note.__tablename__, Activity.action == CREATED),
            func.strpos(func.concat("\n", Activity.after["text"].astext, "\n"), line) > 0,
        )
        lacking = select(noun.model).where(noun.model.id.in_(noted), getattr(noun.model, field.at).is_(None))
        most = GIVEN_AT_ONCE + 1 - len(given)
        for record in session.scalars(lacking.order_by(noun.model.id).limit(most)).all()[: most - 1]:
            if field.change is None:
                field.put(record, member_id)
            else:
                field.change(session, record, member_id)
            given.append(record)
    session.flush()
    for record in given:
        noun.told(session, record, False)
    for fact in events.drain(session):
        if not isinstance(fact, OwnedChanged):
            events.emit(session, fact)
    return len(given), len(given) == GIVEN_AT_ONCE


def owner_field(noun: Declaration) -> PersonField:
    """Return the field that says whose a record is; raise NotFound for a noun whose records are nobody's."""
    owner = noun.model.__owner__
    found = next((one for one in noun.fields if isinstance(one, PersonField) and one.at == owner), None)
    if found is None:
        raise NotFound("These records have no owner.")
    return found


def hold(run: ImportRun, actor: Member) -> None:
    """Raise Refused for who neither sent the file of an import nor is an admin."""
    if actor.id != run.actor_id and not actor.has(Role.ADMIN):
        raise Refused("Only who sent the file can do this.")


def correct(session: Session, import_id: int, mapping: ColumnMapping, actor: Member) -> ImportRun:
    """Keep how a person says that a file is to be read, and have it looked at again; raise as `ask`."""
    run = ask(session, import_id, ImportState.READING, actor)
    run.mapping, run.looked = mapping.to_json(), None
    session.flush()
    return run


def sheets(run: ImportRun) -> tuple[str, list[str]]:
    """Return which sheet of a workbook an import is of, and the names of all that may be read."""
    return str(run.mapping.get("sheet", "")), list((run.looked or {}).get("sheets", ()))


def shown(run: ImportRun) -> list[tuple[Any, list[str], bool]]:
    """Return the columns of an import that was looked at, each with some cells and whether somebody has to say more."""
    looked = run.looked or {}
    columns = ColumnMapping.from_json(run.mapping).columns if run.mapping else ()
    samples = looked.get("samples") or [[] for _ in columns]
    asks = looked.get("asks") or [False for _ in columns]
    return list(zip(columns, samples, asks, strict=True))
