"""Look at an embedded server from outside."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import psycopg
import sqlalchemy as sa

from storage.database.embedded import (
    EmbeddedPostgres,
)
from tests.support.waiting import PATIENCE_S


def conninfo(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def ask(url: str, query: str) -> object:
    with psycopg.connect(conninfo(url)) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def server_pid(server: EmbeddedPostgres) -> int:
    return int((server.cluster / "postmaster.pid").read_text().splitlines()[0])


def is_up(server: EmbeddedPostgres) -> bool:
    return (server.cluster / "postmaster.pid").exists()


def gone(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def copy_server(made: Path, folder: Path) -> Path:
    """Copy the folder of a stopped server with its owners and rights, and return where it is now."""
    subprocess.run(["cp", "-a", str(made), str(folder)], check=True)
    return folder
