"""Show that what work costs is counted, no more and no less."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bench.usage import Spent, counted, spent
from tests.support.cluster import connect


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder for a socket, whose path may have a hundred characters only."""
    return tmp_path_factory.mktemp("s")


def test_each_question_is_a_round_trip_and_what_one_says_arrives(admin_url: str, short: Path) -> None:
    url = make_url(admin_url)
    with counted(Path(str(url.query["host"])), short) as (folder, trips):
        instead = url.update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
        with closing(connect(instead)) as connection:
            before = trips.count
            assert connection.execute("SELECT 1").fetchone() == (1,)
            row = connection.execute("SELECT repeat('x', 1000000)").fetchone()
            assert row is not None and len(row[0]) == 1_000_000
            connection.execute("SELECT 2; SELECT 3")
            assert trips.count - before == 3


def test_a_process_and_those_it_started_are_counted_together() -> None:
    child = "import time\nwhile time.process_time() < 0.3: pass"
    parent = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])\nprint()\ninput()"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = spent(process.pid, os.getpid())
        process.communicate(b"\n")
    assert 0.3 <= found.program < 30
    assert found.postgres > 0


def test_costs_are_added_and_subtracted_each_by_itself() -> None:
    assert Spent(3, 5) - Spent(1, 2) + Spent(1, 1) == Spent(3, 4)
    assert Spent(3, 5).times(2) == Spent(6, 10)
