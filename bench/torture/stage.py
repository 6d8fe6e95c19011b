"""Set the stage: a Postgres of our own, an app and teams for the sandbox, and what every replica is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from bench.servers import SECRET
from bot.registry import load
from ml.learn.train import ensure_starter
from storage.database import migrate
from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres


@dataclass(frozen=True, slots=True)
class Stage:
    """Hold where a run keeps its files, the folder with the model, and the server's address."""

    folder: Path
    data: Path
    server: str

    def database(self, name: str) -> str:
        """Make a database with every table and return its address."""
        address = make_url(self.server)
        plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        made = address.set(database=name).render_as_string(hide_password=False)
        for line in load().lines:
            migrate.upgrade(made, line=line)
        return made

    @property
    def version(self) -> str:
        """Return which PostgreSQL it is."""
        plain = make_url(self.server).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            return str(connection.info.parameter_status("server_version"))

    def settings(self, database_url: str, slack: str) -> dict[str, str]:
        """Return the settings that all replicas share."""
        return {
            "DATABASE_URL": database_url,
            "RAPPORT_DATA_DIR": str(self.data.resolve()),
            "RAPPORT_LOG_LEVEL": "WARNING",
            "SLACK_API_URL": f"{slack}/api/",
            "SLACK_SIGNING_SECRET": SECRET,
        }


@contextmanager
def stage(folder: Path, data: Path | None = None) -> Iterator[Stage]:
    """Start a Postgres in a folder that is thrown away; `data` is where a model is already, if anywhere.

    It is told not to wait for its disk: replicas are killed here, not the machine.
    """
    where = data or folder
    ensure_starter(where / "models")
    server = EmbeddedPostgres(
        folder / "postgres", settings={**UNSAFE_BUT_FAST, "max_connections": "300"}, dies_with_starter=True
    )
    try:
        yield Stage(folder, where, server.start())
    finally:
        server.remove()
