"""Show that undo takes back one's own newest change, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.errors import Conflict, NotFound
from storage.records import history
from storage.records.history import ChangeSet, Undone, UndoResult
from storage.workspace.members import Member
from tests.support.cluster import sessions
from tests.support.sample_tables import Company, Invoice, Part, Remark, company
from tests.support.waiting import until

FULL: dict[str, Any] = {
    "name": "Acme",
    "founded": date(1999, 12, 31),
    "seen_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
    "token": UUID(int=7),
    "share": Decimal("12.5000"),
    "labels": ["a"],
    "details": {"x": 1},
    "employees": 3,
}


@pytest.fixture
def admin_url(sampled_url: str) -> str:
    return sampled_url


@contextmanager
def acting(session: Session, actor_id: str) -> Iterator[None]:
    with history.recording(session, actor_id=actor_id, source="slash"):
        yield


def undo(session: Session, actor_id: str, now: datetime | None = None) -> UndoResult:
    with history.recording(session, actor_id=actor_id, source="slash"):
        return history.undo(session, actor_id, now)


def refused(session: Session, actor_id: str) -> str:
    """Return the sentence an undo is refused with; the transaction goes on as the runtime's next one would."""
    with pytest.raises(Conflict) as caught, session.begin_nested():
        undo(session, actor_id)
    session.expire_all()
    return str(caught.value)


def test_what_was_created_is_removed(session: Session, workspace: str) -> None:
    with acting(session, "UREP"):
        session.add(company(workspace, name="Acme"))
        session.flush()
        session.add(Remark(workspace_id=workspace, company_id=1, words="hi"))
    session.add(Part(workspace_id=workspace, company_id=1))
    session.flush()
    result = undo(session, "UREP")
    assert result.rows == [
        Undone("customer", 1, "C-1", "created"),
        Undone("customer", 1, "Acme", "created"),
    ]
    assert result.change_set.undone_by_id is not None
    assert session.info["undoing"] == [("hi", "created")]
    assert session.scalars(select(Company)).all() == []
    assert session.scalars(select(Part)).all() == []
    assert [a.action for a in history.timeline(session, "customer", 1)] == ["deleted", "deleted", "created", "created"]
    newest = history.recent(session, "UREP", limit=1)[0]
    assert newest.undoes_id == result.change_set.id


def test_what_was_updated_is_set_back_over_several_steps(session: Session, workspace: str) -> None:
    session.add(company(workspace, **FULL))
    session.flush()
    with acting(session, "UREP"):
        row = session.get_one(Company, (workspace, 1))
        for key in FULL:
            setattr(row, key, "X" if key == "name" else [] if key == "labels" else None)
        session.flush()
        row.name = "Y"
        session.flush()
    version = row.version
    assert undo(session, "UREP").rows == [
        Undone("customer", 1, "Y", "updated"),
        Undone("customer", 1, "X", "updated"),
    ]
    session.expire_all()
    assert {key: getattr(row, key) for key in FULL} == FULL
    assert row.version > version


def test_what_was_deleted_is_restored(session: Session, workspace: str) -> None:
    session.add(company(workspace, **FULL))
    session.flush()
    with acting(session, "UREP"):
        session.delete(session.get_one(Company, (workspace, 1)))
    assert undo(session, "UREP").rows == [Undone("customer", 1, "Acme", "deleted")]
    session.expire_all()
    row = session.get_one(Company, (workspace, 1))
    assert {key: getattr(row, key) for key in FULL} == FULL


def test_created_changed_and_deleted_in_one_go_leaves_nothing(session: Session, workspace: str) -> None:
    with acting(session, "UREP"):
        row = company(workspace)
        session.add(row)
        session.flush()
        row.name = "Other"
        session.flush()
        session.delete(row)
    assert [undone.action for undone in undo(session, "UREP").rows] == ["deleted", "updated", "created"]
    assert session.scalars(select(Company)).all() == []


def test_undo_goes_back_step_by_step_and_never_undoes_an_undo(session: Session, workspace: str) -> None:
    session.add(company(workspace, name="A"))
    session.flush()
    row = session.get_one(Company, (workspace, 1))
    for name in ("B", "C"):
        with acting(session, "UREP"):
            row.name = name
    undo(session, "UREP")
    assert row.name == "B"
    undo(session, "UREP")
    assert row.name == "A"
    with pytest.raises(NotFound, match="nothing of yours"):
        undo(session, "UREP")


def test_only_my_own_changes_of_the_last_day_count(session: Session, workspace: str) -> None:
    with acting(session, "UAGENT"):
        session.add(company(workspace))
    with pytest.raises(NotFound):
        undo(session, "UREP")
    with pytest.raises(NotFound):
        undo(session, "UAGENT", datetime.now(UTC) + timedelta(hours=25))
    with history.recording(session, actor_id="UREP", source="slash"):
        history.record(session, "customer", 1, "noted")
    with pytest.raises(NotFound):
        undo(session, "UREP")
    assert len(undo(session, "UAGENT", datetime.now(UTC) + timedelta(hours=23)).rows) == 1


def test_a_row_that_changed_since_is_left_alone_and_the_changer_named(session: Session, workspace: str) -> None:
    with acting(session, "UREP"):
        session.add(company(workspace, name="Acme"))
    with acting(session, "UMANAGER"):
        session.get_one(Company, (workspace, 1)).employees = 4
    assert refused(session, "UREP") == "Acme was changed by Manager since, so it cannot be undone."
    assert session.get_one(Company, (workspace, 1)).employees == 4
    undo(session, "UMANAGER")
    undo(session, "UREP")
    assert session.scalars(select(Company)).all() == []


def test_a_row_deleted_since_is_named_by_what_it_was(session: Session, workspace: str) -> None:
    with acting(session, "UREP"):
        session.add(company(workspace, name="Acme"))
    with acting(session, "UMANAGER"):
        session.delete(session.get_one(Company, (workspace, 1)))
    assert refused(session, "UREP") == "Acme was changed by Manager since, so it cannot be undone."


def alter(session: Session, workspace: str) -> None:
    session.get_one(Company, (workspace, 1)).employees = 99
    session.flush()


def delete(session: Session, workspace: str) -> None:
    session.delete(session.get_one(Company, (workspace, 1)))
    session.flush()


@pytest.mark.parametrize("change", [alter, delete])
def test_a_change_that_was_not_recorded_is_noticed(
    session: Session, workspace: str, change: Callable[[Session, str], None]
) -> None:
    with acting(session, "UREP"):
        session.add(company(workspace, name="Acme"))
    change(session, workspace)
    assert refused(session, "UREP") == "Acme was changed by someone since, so it cannot be undone."


def test_a_deleted_row_whose_place_is_taken_is_not_restored(session: Session, workspace: str) -> None:
    session.add(company(workspace, name="Acme"))
    session.flush()
    with acting(session, "UREP"):
        session.delete(session.get_one(Company, (workspace, 1)))
    session.add(company(workspace, name="New"))
    session.flush()
    assert refused(session, "UREP") == "New was changed by someone since, so it cannot be undone."


def test_a_deleted_row_whose_owner_is_gone_is_not_restored(session: Session, workspace: str) -> None:
    session.add(company(workspace))
    session.flush()
    session.add(Remark(workspace_id=workspace, id=1, company_id=1, words="hi"))
    session.flush()
    with acting(session, "UREP"):
        session.delete(session.get_one(Remark, (workspace, 1)))
    delete(session, workspace)
    assert "something it belongs to is gone" in refused(session, "UREP")


def test_what_is_referred_to_is_not_removed(session: Session, workspace: str) -> None:
    with acting(session, "UREP"):
        session.add(company(workspace, 1, name="Acme"))
    remark = Remark(workspace_id=workspace, company_id=1, words="hi")
    session.add(remark)
    session.flush()
    assert refused(session, "UREP") == "Acme cannot be removed, because C-1 refers to it."
    session.delete(remark)
    child = company(workspace, 2, name="Child", parent_id=1)
    session.add(child)
    session.flush()
    assert refused(session, "UREP") == "Acme cannot be removed, because Child refers to it."
    session.delete(child)
    session.add(Invoice(workspace_id=workspace, company_id=1))
    session.flush()
    assert refused(session, "UREP") == "Acme cannot be removed, because something else refers to it."


def test_roles_come_back_too(session: Session, workspace: str) -> None:
    with acting(session, "UADMIN"):
        session.get_one(Member, (workspace, "UREP")).roles = ["manager", "rep"]
    assert undo(session, "UADMIN").rows == [Undone("member", None, "Rep", "updated")]
    assert session.get_one(Member, (workspace, "UREP")).roles == ["rep"]


def test_a_change_of_a_plugin_that_is_gone_is_said(session: Session, workspace: str) -> None:
    with history.recording(session, actor_id="UREP", source="slash") as recorder:
        row = {"noun": "star", "record_id": 1, "entity": "stars.star", "row_key": "1", "action": "created"}
        recorder.add([row | {"before": None, "after": {}}])
    assert "a plugin that is not loaded" in refused(session, "UREP")


def test_an_undo_is_a_change_set_of_its_own(session: Session, workspace: str) -> None:
    with acting(session, "UREP"):
        session.add(company(workspace))
        with pytest.raises(RuntimeError, match="of its own"):
            history.undo(session, "UREP")


def test_two_undos_at_once_take_one_change_back(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session, acting(session, "UREP"):
        session.add(company(workspace, name="Acme"))
    with (
        pytest.raises(IntegrityError, match="undoes_id"),
        database.transaction(workspace) as slow,
        history.recording(slow, actor_id="UREP", source="slash") as recorder,
    ):
        recorder.undoes_id = slow.scalars(select(ChangeSet.id)).one()
        with database.transaction(workspace) as fast:
            undo(fast, "UREP")
        recorder.write()


def test_what_somebody_is_changing_at_this_moment_is_waited_for_and_not_overwritten(
    database: Database, workspace: str, admin_url: str
) -> None:
    with database.transaction(workspace) as session:
        session.add(company(workspace))
        session.flush()
        session.add(Remark(workspace_id=workspace, company_id=1, words="as it was"))

    def says(session: Session, actor_id: str, words: str) -> None:
        with acting(session, actor_id):
            session.scalars(select(Remark)).one().words = words

    def take_back() -> UndoResult:
        with database.transaction(workspace) as session:
            return undo(session, "UREP")

    with database.transaction(workspace) as session:
        says(session, "UREP", "as the rep says")
    with ThreadPoolExecutor(1) as pool:
        with database.transaction(workspace) as session:
            says(session, "UMANAGER", "as the manager says")
            undoing = pool.submit(take_back)
            until(lambda: sessions(admin_url, "wait_event_type = 'Lock'") == 1)
        with pytest.raises(Conflict, match="was changed by"):
            undoing.result()
    with database.transaction(workspace) as session:
        assert session.scalars(select(Remark)).one().words == "as the manager says"
