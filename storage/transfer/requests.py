"""Keep what people ask of imports that they sent in Slack, until a worker has done it (see `storage.queues.leases`)."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, notify
from storage.errors import Conflict, Refused
from storage.queues import leases, outbox
from storage.transfer import running
from storage.transfer.mapping import ColumnMapping
from storage.transfer.model import ImportPart, ImportRefusal, ImportRun, ImportState
from storage.workspace.members import Member, Role

CHANNEL = "rapport_imports"
"""The NOTIFY channel that says that there is something to do."""
PIECE = 1 << 20
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


def read(session: Session, import_id: int, mapping: ColumnMapping, columns_key: str) -> ImportRun:
    """Keep how a file is understood, with cells of each column, for its owner to look at."""
    run = running.get(session, import_id, lock=True)
    if run.state == ImportState.READING:
        run.mapping, run.columns_key = mapping.to_json(), columns_key
        run.looked = {
            "samples": [list(one.samples) for one in mapping.columns],
            "asks": [one.asks for one in mapping.columns],
        }
        leases.rest(run, ImportState.DRAWN_UP)
        leases.show(session, run)
    return run


def checked(session: Session, import_id: int, rehearsal: running.Rehearsal) -> ImportRun:
    """Keep what a dry run found."""
    run = running.get(session, import_id, lock=True)
    if run.state == ImportState.CHECKING:
        run.checked = {"counts": dict(rehearsal.counts), "unknown": rehearsal.unknown.most_common(5)}
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
    if actor.id != run.actor_id and not actor.has(Role.ADMIN):
        raise Refused("Only who sent the file can do this.")
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


def correct(session: Session, import_id: int, mapping: ColumnMapping, actor: Member) -> ImportRun:
    """Keep how a person says that a file is to be read, and have it looked at again; raise as `ask`."""
    run = ask(session, import_id, ImportState.READING, actor)
    run.mapping = mapping.to_json()
    session.flush()
    return run


def shown(run: ImportRun) -> list[tuple[Any, list[str], bool]]:
    """Return the columns of an import that was looked at, each with some cells and whether somebody has to say more."""
    looked = run.looked or {}
    columns = ColumnMapping.from_json(run.mapping).columns if run.mapping else ()
    samples = looked.get("samples") or [[] for _ in columns]
    asks = looked.get("asks") or [False for _ in columns]
    return list(zip(columns, samples, asks, strict=True))
