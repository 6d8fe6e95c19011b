"""Run a move a batch at a time: each batch is one transaction that also says how far the move is.

Before the first batch the setting is closed: whoever would give it to a record from then on gives the other. So nothing
comes in behind a batch, and the last one leaves nothing. All batches are one change set, taken back the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace, notify
from storage.errors import Conflict, NotFound
from storage.queues import leases, outbox
from storage.records import history
from storage.records.history import MOVE, ChangeSet
from storage.records.moves.model import OPEN, MoveState, RecordsMove

CHANNEL = "rapport_moves"
"""The NOTIFY channel that says that there is something to do."""
BATCH = 500


@dataclass(frozen=True)
class Moving:
    """Hold a setting that may go out of use: its name, whose noun's records have it, and what these may have instead.

    `targets` are names by what is stored.
    """

    name: str
    noun: str
    targets: Mapping[str, str]


@dataclass(frozen=True)
class Movable:
    """Say how the records of a kind of setting are moved; settings are given as they are stored.

    `look` returns a setting, and raises NotFound for none and Conflict for one that must not go out of use. `count`
    returns how many records have one. `close` lets nothing enter one any more, after whoever was about to; `batch`
    gives up to some records another and returns how many; `retire` takes a closed one out of use, as a change in the
    history; `reopen` lets things enter again, before all is taken back. `close` and `reopen` are no changes in the
    history and raise Conflict where they cannot be.
    """

    look: Callable[[Session, str], Moving]
    count: Callable[[Session, str], int]
    close: Callable[[Session, str, str], None]
    batch: Callable[[Session, str, str, int], int]
    retire: Callable[[Session, str], None]
    reopen: Callable[[Session, str], None]


_movable: dict[str, Movable] = {}


def movable(what: str, how: Movable) -> None:
    """Let the records of a kind of setting be moved."""
    _movable[what] = how


def look(session: Session, what: str, key: str) -> tuple[Moving, int]:
    """Return a setting that may go out of use and how many records have it; raise NotFound or Conflict."""
    how = _movable.get(what)
    if how is None:
        raise NotFound("There is no such setting.")
    return how.look(session, key), how.count(session, key)


def begin(session: Session, what: str, *, gone: str, kept: str, actor_id: str | None, renderer: str) -> RecordsMove:
    """Close a setting and have its records moved to another; both are given as they are stored.

    Whoever asked gets a card that `renderer` draws and that follows the move. Raises NotFound for what its records
    cannot have, Conflict where it is closed already.
    """
    moving, _count = look(session, what, gone)
    if kept not in moving.targets:
        raise NotFound("The records cannot become this.", field="into", hint="Choose one that is offered.")
    how = _movable[what]
    how.close(session, gone, kept)
    move = RecordsMove(
        workspace_id=current_workspace(session),
        state=MoveState.RUNNING,
        what=what,
        noun=moving.noun,
        from_key=gone,
        from_name=moving.name,
        to_key=kept,
        to_name=moving.targets[kept],
        total=how.count(session, gone),
        actor_id=actor_id,
    )
    session.add(move)
    session.flush()
    move.card_id = outbox.enqueue(session, target_user=actor_id, renderer=renderer, record=str(move.id), stays=True)
    session.flush()
    notify(session, CHANNEL)
    return move


def get(session: Session, move_id: int, *, lock: bool = False) -> RecordsMove:
    """Return a move, held until the transaction ends if it is locked; raise NotFound if there is none."""
    key = (current_workspace(session), move_id)
    move = session.get(RecordsMove, key, with_for_update=lock or None, populate_existing=lock)
    if move is None:
        raise NotFound("There is no such move any more.")
    return move


def of_change(session: Session, change_set_id: int) -> RecordsMove | None:
    """Return the move whose change set this is, None if it is none's."""
    return session.scalars(select(RecordsMove).where(RecordsMove.change_set_id == change_set_id)).one_or_none()


def claim(session: Session, limit: int, lease_s: float) -> Sequence[RecordsMove]:
    """Lease up to `limit` moves of which something is asked; the session sees '*'."""
    return leases.claim(session, RecordsMove, OPEN, limit, lease_s)


def run_batch(
    session: Session, move_id: int, size: int = BATCH, tell: Callable[[Session], None] = Session.flush
) -> RecordsMove:
    """Move the next records; once there are none, take the setting out of use. Nothing happens unless it is running.

    Must be all that its transaction does. `tell` tells whoever's work depends on the records, as a part of the change.
    """
    move = get(session, move_id, lock=True)
    if move.state != MoveState.RUNNING:
        return move
    how = _movable[move.what]
    with history.recording(
        session,
        actor_id=move.actor_id,
        source=MOVE,
        request_key=f"move|{move.id}",
        summary=f"{move.from_name} → {move.to_name}",
        resumed=_change_set(session, move.change_set_id),
    ) as recorder:
        done = how.batch(session, move.from_key, move.to_key, size)
        if not done:
            how.retire(session, move.from_key)
        tell(session)
        session.flush()
        move.change_set_id = recorder.change_set_id
    move.moved += done
    if not done:
        leases.rest(move, MoveState.DONE)
        leases.show(session, move)
    session.flush()
    return move


def ask(session: Session, move_id: int, state: MoveState) -> RecordsMove:
    """Ask a worker to take a move back, or to go on with one that was given up; raise Conflict where it cannot be."""
    move = get(session, move_id, lock=True)
    goes_on = state == MoveState.RUNNING and move.state == MoveState.FAILED
    goes_back = state == MoveState.UNDOING and move.state in (MoveState.DONE, MoveState.FAILED)
    if not goes_on and not goes_back:
        raise Conflict("This move is {state}.", state=move.state)
    if goes_back:
        _movable[move.what].reopen(session, move.from_key)
    move.error = None
    leases.rest(move, state)
    leases.show(session, move)
    notify(session, CHANNEL)
    return move


def undo_batch(
    session: Session, move_id: int, size: int = BATCH, tell: Callable[[Session], None] = Session.flush
) -> RecordsMove:
    """Take back the last changes of a move that are not taken back yet; a record that was changed since stays.

    Must be all that its transaction does; `tell` as for `run_batch`.
    """
    move = get(session, move_id, lock=True)
    if move.state != MoveState.UNDOING:
        return move
    target = _change_set(session, move.change_set_id)
    rows = kept = 0
    if target is not None:
        with history.recording(
            session,
            actor_id=move.actor_id,
            source=MOVE,
            request_key=f"move|{move.id}|undo",
            resumed=_change_set(session, move.undo_change_set_id),
        ) as recorder:
            part = history.undo_part(session, target, before=move.undo_before, limit=size)
            rows, kept = len(part.rows), len(part.kept)
            move.undo_before = part.before
            tell(session)
            session.flush()
            move.undo_change_set_id = recorder.change_set_id
    move.undone += rows
    move.kept += kept
    if not rows and not kept:
        leases.rest(move, MoveState.UNDONE)
        leases.show(session, move)
    session.flush()
    return move


def fail(session: Session, move_id: int, why: str) -> RecordsMove:
    """Give a move up, and say why; what it has done stays, and it can be gone on with or taken back."""
    move = get(session, move_id, lock=True)
    move.error = why
    leases.rest(move, MoveState.FAILED)
    leases.show(session, move)
    return move


def _change_set(session: Session, number: int | None) -> ChangeSet | None:
    return None if number is None else session.get(ChangeSet, (current_workspace(session), number))
