"""Show that work is taken as hands become free, and that no error ends the taking."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from bot.workers import Workers, back_off
from storage.database.confinement import Unconfined
from storage.database.engine import Database
from storage.database.outages import Outage
from tests.support.waiting import PATIENCE_S, until


class Table:
    """Hold work to claim, and what is to go wrong with the next claims."""

    def __init__(self, work: int) -> None:
        self.left = list(range(work))
        self.wrong: list[Exception] = []
        self.most = 0
        self.at_once = 0
        self.done: list[int] = []
        self.lock = threading.Lock()

    def claim(self, free: int) -> Sequence[int]:
        if self.wrong:
            raise self.wrong.pop()
        with self.lock:
            taken, self.left = self.left[:free], self.left[free:]
        return taken

    def work(self, one: int) -> None:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(0.01)
        with self.lock:
            self.at_once -= 1
            self.done.append(one)
        if one == 3:
            raise RuntimeError("this one is left undone")


def test_everything_is_done_once_by_as_many_as_there_are_hands(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    table = Table(40)
    workers = Workers("test", table.claim, table.work, hands=3, poll_s=0.05, database=database)
    workers.start()
    until(lambda: len(table.done) == 40)
    assert workers.stop(PATIENCE_S)
    assert sorted(table.done) == list(range(40))
    assert table.most <= 3
    assert "this one is left undone" in caplog.text


def test_a_claim_that_fails_is_made_again(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    table = Table(1)
    table.wrong = [RuntimeError("no database")]
    workers = Workers("test", table.claim, table.work, hands=1, poll_s=0.05, database=database)
    workers.start()
    until(lambda: table.done == [0])
    workers.stop(PATIENCE_S)
    assert "test could not claim: RuntimeError" in caplog.text


def test_nothing_is_claimed_while_the_database_could_not_save_what_comes_of_it(
    database: Database, workspace: str, caplog: pytest.LogCaptureFixture
) -> None:
    table = Table(1)
    workers = Workers("test", table.claim, table.work, hands=1, poll_s=0.05, database=database)
    database.standing.troubles.add(Outage.READ_ONLY)
    database.standing.refusal = Unconfined("It is open.", "Close it.")
    workers.start()
    until(lambda: "test could not claim: Unconfined" in caplog.text)
    assert table.left == [0]
    database.standing.refusal = None
    until(lambda: table.done == [0])
    assert not database.standing.troubles
    workers.stop(5)


def test_waking_does_not_wait_for_the_poll(database: Database) -> None:
    table = Table(0)
    workers = Workers("test", table.claim, table.work, hands=1, poll_s=3_600, database=database)
    workers.start()
    table.left.append(7)
    workers.wake()
    until(lambda: table.done == [7])
    workers.stop(PATIENCE_S)


def test_stopping_before_the_start_does_no_harm(database: Database) -> None:
    table = Table(1)
    assert Workers("test", table.claim, table.work, hands=1, poll_s=1, database=database).stop(1)


def test_the_wait_doubles_up_to_the_longest() -> None:
    assert [back_off(attempt, longest_s=60) for attempt in (1, 2, 3, 6, 900)] == [2, 4, 8, 60, 60]
