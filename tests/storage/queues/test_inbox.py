"""Show that what Slack sent is stored once, handled once, and shared out fairly."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.queues import inbox
from storage.queues.inbox import InboxItem
from tests.support.passing_time import pass_time


def store(database: Database, workspace: str, **keys: Any) -> InboxItem | None:
    with database.transaction(workspace) as session:
        return inbox.store(session, **({"kind": "message", "body": {"text": "hello"}} | keys))


def claim(database: Database, limit: int = 10, lease_s: float = 60) -> list[InboxItem]:
    with database.transaction(EVERY_WORKSPACE) as session:
        return list(inbox.claim(session, limit, lease_s))


def read(database: Database, item: InboxItem) -> InboxItem:
    with database.transaction(item.workspace_id) as session:
        return session.get_one(InboxItem, (item.workspace_id, item.id))


def test_a_repeated_event_id_is_stored_once(database: Database, workspace: str) -> None:
    assert store(database, workspace, event_id="Ev1")
    assert store(database, workspace, event_id="Ev1") is None
    assert len(claim(database)) == 1


def test_one_occurrence_under_other_event_ids_is_stored_once(database: Database, workspace: str) -> None:
    keys = {"event_ts": "17.1", "channel": "C1", "actor": "U1"}
    assert store(database, workspace, event_id="Ev1", **keys)
    assert store(database, workspace, event_id="Ev2", **keys) is None
    assert store(database, workspace, event_id="Ev3", kind="app_mention", **keys) is None
    assert store(database, workspace, event_id="Ev4", kind="reaction_added", **keys)


def test_missing_keys_count_as_equal_only_where_the_event_has_a_time(database: Database, workspace: str) -> None:
    assert store(database, workspace, event_id="Ev1", event_ts="17.1")
    assert store(database, workspace, event_id="Ev2", event_ts="17.1") is None
    assert store(database, workspace, event_id="Ev3")
    assert store(database, workspace, event_id="Ev4")


def test_the_same_event_in_another_workspace_is_another(
    database: Database, workspace: str, second_workspace: str
) -> None:
    assert store(database, workspace, event_id="Ev1")
    assert store(database, second_workspace, event_id="Ev1")
    with database.transaction(workspace) as session:
        assert {item.workspace_id for item in session.query(InboxItem)} == {workspace}


def test_a_row_is_claimed_by_one_of_many_at_the_same_time(database: Database, workspace: str) -> None:
    for number in range(60):
        store(database, workspace, event_id=f"Ev{number}")
    claimed: list[int] = []

    def work() -> None:
        while len(claimed) < 100 and (batch := claim(database, 3)):
            claimed.extend(item.id for item in batch)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(claimed) == len(set(claimed)) == 60


def test_a_flood_in_one_workspace_leaves_the_other_its_share(
    database: Database, workspace: str, second_workspace: str
) -> None:
    for number in range(20):
        store(database, workspace, event_id=f"Ev{number}")
    for number in range(2):
        store(database, second_workspace, event_id=f"Ev{number}")
    assert [item.workspace_id for item in claim(database, 4)].count(second_workspace) == 2
    assert {item.workspace_id for item in claim(database, 4)} == {workspace}


def test_one_row_is_found_behind_a_workspace_that_has_nothing_ready(
    database: Database, workspace: str, second_workspace: str
) -> None:
    store(database, workspace, lease_s=60)
    for number in range(5):
        store(database, second_workspace, event_id=f"Ev{number}")
        assert len(claim(database, 1)) == 1


def test_people_go_before_bulk_and_the_older_before_the_newer(database: Database, workspace: str) -> None:
    first, second = store(database, workspace, event_id="Ev1"), store(database, workspace, event_id="Ev2")
    click = store(database, workspace, kind="action", priority=10)
    assert first and second and click
    assert [item.id for item in claim(database)] == [click.id, first.id, second.id]


def test_a_lease_that_ran_out_is_claimed_again_and_who_had_it_is_refused(database: Database, workspace: str) -> None:
    store(database, workspace)
    (slow,) = claim(database, lease_s=0)
    (quick,) = claim(database)
    assert (slow.attempt, quick.attempt) == (1, 2)
    with database.transaction(workspace) as session:
        assert not inbox.hold(session, slow)
        assert not inbox.done(session, slow)
        assert not inbox.retry(session, slow, "late", delay_s=0)
        assert not inbox.dead(session, slow, "late")
        assert inbox.done(session, quick)
    assert read(database, quick).state == "done"


def test_a_row_that_is_held_is_not_claimed_though_its_lease_ran_out(database: Database, workspace: str) -> None:
    store(database, workspace)
    (item,) = claim(database, lease_s=0)
    with database.transaction(workspace) as session:
        assert inbox.hold(session, item)
        assert claim(database) == []
        assert inbox.done(session, item)
    assert claim(database) == []


def test_what_its_owner_works_on_is_not_taken_until_the_lease_ends(database: Database, workspace: str) -> None:
    mine = store(database, workspace, kind="command", lease_s=3_600)
    assert mine and mine.attempt == 1
    assert claim(database) == []
    pass_time(database, workspace, 3_600)
    assert [item.id for item in claim(database)] == [mine.id]


def test_done_forgets_the_body_and_dead_keeps_it(database: Database, workspace: str) -> None:
    store(database, workspace, event_id="Ev1")
    store(database, workspace, event_id="Ev2")
    one, other = claim(database)
    with database.transaction(workspace) as session:
        inbox.done(session, one)
        inbox.dead(session, other, "Traceback: no")
    assert read(database, one).body == {}
    assert (read(database, other).body, read(database, other).error) == ({"text": "hello"}, "Traceback: no")
    assert claim(database) == []


def test_a_retry_waits(database: Database, workspace: str) -> None:
    store(database, workspace)
    (item,) = claim(database)
    with database.transaction(workspace) as session:
        assert inbox.retry(session, item, "Traceback: busy", delay_s=3_600)
    assert claim(database) == []
    pass_time(database, workspace, 3_600)
    (again,) = claim(database)
    assert (again.attempt, again.error) == (2, "Traceback: busy")


def test_nobody_hears_of_what_was_rolled_back(database: Database, workspace: str) -> None:
    with database.listen([inbox.CHANNEL]) as listener:
        with pytest.raises(RuntimeError), database.transaction(workspace) as session:
            inbox.store(session, kind="message", body={})
            raise RuntimeError
        assert listener.wait(0.1) == []
        store(database, workspace)
        assert len(listener.wait(2)) == 1
