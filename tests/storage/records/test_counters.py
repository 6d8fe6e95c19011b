"""Show that numbers are given once, per workspace and noun."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.records.counters import next_id, next_ids


def test_numbers_begin_at_one_and_go_on_for_each_noun(session: Session) -> None:
    assert [next_id(session, "deal"), next_id(session, "deal"), next_id(session, "ticket")] == [1, 2, 1]
    assert next_ids(session, "deal", 100) == range(3, 103)
    assert next_id(session, "deal") == 103
    with pytest.raises(ValueError, match="positive"):
        next_ids(session, "deal", 0)


def test_workspaces_count_for_themselves(database: Database, workspace: str, second_workspace: str) -> None:
    for own in (workspace, second_workspace):
        with database.transaction(own) as session:
            assert next_id(session, "deal") == 1


def test_nobody_gets_the_number_of_another(database: Database, workspace: str) -> None:
    given: list[int] = []

    def draw() -> None:
        for _ in range(5):
            with database.transaction(workspace) as session:
                given.extend(next_ids(session, "deal", 2))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 41))
