"""Show that records move from a setting that goes out of use to another, once, whoever dies over it, and back again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import func, select

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.errors import Conflict
from storage.queues import leases
from storage.queues.outbox import Delivery
from storage.records import history, moves
from storage.records.history import CHANGES, Activity, ChangeSet
from storage.records.moves import MoveState, RecordsMove
from storage.records.schema import choice_definitions as choices
from storage.support import tickets
from storage.support.tickets import Ticket

TICKETS, BATCH = 230, 50


class Died(BaseException):
    """The process ended here."""


@pytest.fixture
def looking(database: Database, workspace: str) -> str:
    """Define a status that 230 tickets have."""
    with database.transaction(workspace) as session:
        key = choices.define(session, "ticket", "status", name="Looking", kind="open").key
        for number in range(TICKETS):
            tickets.stand(session, tickets.add(session, name=f"t{number}"), key)
    return key


def begin(database: Database, workspace: str, key: str, into: str = "open") -> int:
    with database.transaction(workspace) as session:
        return moves.begin(session, "choice", gone=key[1:], kept=into, actor_id="UREP", renderer="x").id


def batch(database: Database, workspace: str, number: int, do: Callable[..., RecordsMove] = moves.run_batch) -> str:
    with database.transaction(workspace) as session:
        return do(session, number, BATCH).state


def run(database: Database, workspace: str, number: int, do: Callable[..., RecordsMove] = moves.run_batch) -> None:
    while batch(database, workspace, number, do) in (MoveState.RUNNING, MoveState.UNDOING):
        pass


def having(database: Database, workspace: str, key: str) -> int:
    with database.transaction(workspace) as session:
        return choices.count(session, "ticket", "status", key)


def ask(database: Database, workspace: str, number: int, state: MoveState) -> None:
    with database.transaction(workspace) as session:
        moves.ask(session, number, state)


def test_all_records_move_as_one_change_and_go_back_as_one(database: Database, workspace: str, looking: str) -> None:
    number = begin(database, workspace, looking)
    run(database, workspace, number)
    assert having(database, workspace, looking) == 0
    with database.transaction(workspace) as session:
        move = moves.get(session, number)
        assert (move.total, move.moved) == (TICKETS, TICKETS)
        sets = select(func.count()).select_from(ChangeSet).where(ChangeSet.source == history.MOVE)
        assert session.scalar(sets) == 1
        changed = select(func.count()).select_from(Activity).where(Activity.change_set_id == move.change_set_id)
        assert session.scalar(changed.where(Activity.action.in_(CHANGES))) == TICKETS + 1
        row = choices.get(session, int(looking[1:]))
        assert not row.is_live
        assert moves.of_change(session, move.change_set_id or 0) is move
    ask(database, workspace, number, MoveState.UNDOING)
    run(database, workspace, number, moves.undo_batch)
    assert having(database, workspace, looking) == TICKETS
    with database.transaction(workspace) as session:
        assert choices.get(session, int(looking[1:])).is_live
        assert moves.get(session, number).kept == 0


@pytest.mark.parametrize("dies_at", [1, 3, 5, 6])
@pytest.mark.parametrize("committed", [False, True])
def test_whoever_dies_over_it_is_followed_from_where_it_was(
    database: Database, workspace: str, looking: str, dies_at: int, committed: bool
) -> None:
    number = begin(database, workspace, looking)

    def go(do: Callable[..., RecordsMove]) -> None:
        for at in range(1, 8):
            with suppress(Died):
                with database.transaction(workspace) as session:
                    do(session, number, BATCH)
                    if at == dies_at and not committed:
                        raise Died
                if at == dies_at:
                    raise Died

    go(moves.run_batch)
    assert having(database, workspace, "open") == TICKETS
    with database.transaction(workspace) as session:
        assert (moves.get(session, number).state, moves.get(session, number).moved) == ("done", TICKETS)
    ask(database, workspace, number, MoveState.UNDOING)
    go(moves.undo_batch)
    assert having(database, workspace, looking) == TICKETS
    with database.transaction(workspace) as session:
        assert moves.get(session, number).state == "undone"


def test_what_is_given_the_setting_meanwhile_gets_the_other(database: Database, workspace: str, looking: str) -> None:
    number = begin(database, workspace, looking)
    batch(database, workspace, number)
    with database.transaction(workspace) as session:
        assert tickets.stand(session, tickets.add(session, name="late"), looking).standing == "open"
    run(database, workspace, number)
    assert having(database, workspace, looking) == 0


def test_whoever_is_about_to_give_the_setting_is_waited_for(database: Database, workspace: str, looking: str) -> None:
    with database.transaction(workspace) as writing:
        late = tickets.stand(writing, tickets.add(writing, name="late"), looking)
        writing.flush()
        with pytest.raises(Exception, match="timeout"), database.transaction(workspace) as session:
            session.connection().exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            moves.begin(session, "choice", gone=looking[1:], kept="open", actor_id=None, renderer="x")
    number = begin(database, workspace, looking)
    run(database, workspace, number)
    with database.transaction(workspace) as session:
        assert tickets.get(session, late.id).standing == "open"


def test_a_record_that_somebody_changed_since_stays(database: Database, workspace: str, looking: str) -> None:
    number = begin(database, workspace, looking)
    run(database, workspace, number)
    with database.transaction(workspace) as session, history.recording(session, actor_id="UANN", source="test"):
        changed = session.scalars(select(Ticket).order_by(Ticket.id).limit(1)).one()
        tickets.set_status(session, changed, "closed")
    ask(database, workspace, number, MoveState.UNDOING)
    run(database, workspace, number, moves.undo_batch)
    assert having(database, workspace, looking) == TICKETS - 1
    with database.transaction(workspace) as session:
        assert (moves.get(session, number).kept, tickets.get(session, changed.id).standing) == (1, "closed")


def test_a_name_that_is_in_use_by_now_keeps_it_from_going_back(
    database: Database, workspace: str, looking: str
) -> None:
    number = begin(database, workspace, looking)
    with pytest.raises(Conflict), database.transaction(workspace) as session:
        moves.begin(session, "choice", gone=looking[1:], kept="open", actor_id=None, renderer="x")
    run(database, workspace, number)
    with database.transaction(workspace) as session:
        choices.define(session, "ticket", "status", name="looking", kind="waiting")
    with pytest.raises(Conflict):
        ask(database, workspace, number, MoveState.UNDOING)


def test_undo_leaves_a_large_move_to_its_own_button(database: Database, workspace: str, looking: str) -> None:
    run(database, workspace, begin(database, workspace, looking))
    with (
        pytest.raises(Conflict),
        database.transaction(workspace) as session,
        history.recording(session, actor_id="UREP", source="test"),
    ):
        history.undo(session, "UREP")
    assert having(database, workspace, looking) == 0


def test_one_worker_at_a_time_has_it_and_its_card_follows(database: Database, workspace: str, looking: str) -> None:
    number = begin(database, workspace, looking)

    def claimed(lease_s: float) -> list[Any]:
        with database.transaction(EVERY_WORKSPACE) as session:
            return list(moves.claim(session, 5, lease_s))

    (slow,) = claimed(0.0)
    (quick,) = claimed(60.0)
    assert claimed(60.0) == []
    with database.transaction(workspace) as session:
        assert not leases.keep(session, slow, 60.0)
        assert leases.keep(session, quick, 60.0)
        leases.show(session, moves.get(session, number))
        cards = session.scalars(select(Delivery).where(Delivery.record == str(number))).all()
        assert [card.kind for card in cards] == ["post", "update"]


def test_one_that_is_given_up_is_gone_on_with_or_taken_back(database: Database, workspace: str, looking: str) -> None:
    number = begin(database, workspace, looking)
    batch(database, workspace, number)
    with database.transaction(workspace) as session:
        assert moves.fail(session, number, "no luck").error == "no luck"
    ask(database, workspace, number, MoveState.RUNNING)
    run(database, workspace, number)
    assert having(database, workspace, looking) == 0
    with pytest.raises(Conflict):
        ask(database, workspace, number, MoveState.RUNNING)
