"""Show that what may have been sent after a backup is looked for before it is sent again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bot.grammar.calendar.recurrence import next_time
from storage.backup.file import verify
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.queues import due, outbox
from tests.support.backups import back_up, put_back, run

DAILY = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"


def materialise(url: str) -> list[tuple[object, ...]]:
    database = Database(url, pool_size=1)
    with database.transaction(EVERY_WORKSPACE) as session:
        due.materialise(session, 100, next_time=next_time)
    database.dispose()
    return deliveries(url)


def deliveries(url: str) -> list[tuple[object, ...]]:
    return run(url, "SELECT record, id, ambiguous, first_attempt_at FROM outbox ORDER BY record")


def test_what_waited_or_fell_due_since_is_known_by_its_id(
    admin_url: str, workspace: str, database: Database, empty_url: str, tmp_path: Path
) -> None:
    with database.transaction(workspace) as session:
        now = session.scalar(text("SELECT now()"))
        assert isinstance(now, datetime)
        waiting = outbox.enqueue(session, target_channel="C1", renderer="x", record="waits")
        where: dict[str, Any] = {"at": now, "zone": "UTC", "target_user": "UREP", "renderer": "x"}
        due.schedule(session, "followup", "once", **where)
        due.schedule(session, "digest", "daily", recurrence=DAILY, **where)
    back_up(admin_url, tmp_path / "file")
    taken_at = datetime.fromisoformat(verify(tmp_path / "file")[0].taken_at)
    live = {record: id_ for record, id_, _, _ in materialise(admin_url)}
    assert set(live) == {"once", "daily", "waits"}
    assert live["waits"] == waiting
    put_back(empty_url, tmp_path / "file")
    assert deliveries(empty_url) == [(record, live[str(record)], True, taken_at) for record in sorted(map(str, live))]
    assert run(empty_url, "SELECT subject, at > now() FROM due") == [("daily", True)]
    assert materialise(empty_url) == deliveries(empty_url)


def test_an_occasion_that_comes_again_after_it_was_cancelled_is_another_delivery(
    admin_url: str, workspace: str, database: Database
) -> None:
    ids: list[UUID] = []
    with database.transaction(workspace) as session:
        now = session.scalar(text("SELECT now()"))
        assert isinstance(now, datetime)
    for _ in range(2):
        with database.transaction(workspace) as session:
            due.schedule(session, "followup", "once", at=now, zone="UTC", target_user="UREP", renderer="x")
        materialise(admin_url)
        found = run(admin_url, "SELECT id FROM outbox WHERE state = 'pending'")
        ids += [id_ for (id_,) in found if isinstance(id_, UUID)]
    assert len(set(ids)) == 2
    assert run(admin_url, "SELECT count(*) FROM outbox WHERE state = 'cancelled'") == [(1,)]


def test_a_moved_database_is_as_it_was(
    admin_url: str, workspace: str, database: Database, empty_url: str, tmp_path: Path
) -> None:
    from bot.registry import load
    from storage.backup.restore import restore

    with database.transaction(workspace) as session:
        outbox.enqueue(session, target_channel="C1", renderer="x", record="waits")
    back_up(admin_url, tmp_path / "file")
    restore(empty_url, tmp_path / "file", load().lines, login=None, progress=lambda _line: None, next_time=None)
    assert deliveries(empty_url) == deliveries(admin_url)
