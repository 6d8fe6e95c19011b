"""Measure how fast files come in, beside a COPY of the same rows into the same tables: `measure()`."""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench import company
from bench.figures import Figure
from bot.registry import load
from storage.crm import pipelines
from storage.crm.customers import CUSTOMER
from storage.database import migrate
from storage.database.embedded import EmbeddedPostgres
from storage.database.engine import Database
from storage.records import schema
from storage.records.history import recording
from storage.records.schema import field_definitions
from storage.transfer import looking, mapping, running, tables
from storage.transfer.lookup import Links
from storage.workspace import workspaces

ROWS, ROWS_QUICK = 1_000_000, 5_000
TEAM = "TIMPORT"
OWN = {"Region": "text", "Seats": "number", "Budget": "money", "Since": "date", "Partner": "yesno"}
COPIED = {
    "change_set": "id",
    "import_run": "id",
    "customer": "id",
    "deal": "id",
    "stage_change": "id",
    "activity": "id",
    "external_id": "noun, record_id",
    "field_value": "noun, record_id, field_id",
}
"""The tables that an import writes, each with the order in which it does."""
COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


def measure(rows: int, logs: Path, settings: dict[str, str]) -> tuple[list[Figure], str]:
    """Bring in so many customers with five fields of the workspace's own, and a tenth as many deals of theirs."""
    logs.mkdir(exist_ok=True)
    made: list[Figure] = []
    with EmbeddedPostgres(logs / "postgres", settings=settings) as server:
        admin_url = server.start()
        url = prepared(admin_url, "imports")
        version = company.version(url)
        for noun, count in (("customer", rows), ("deal", rows // 10)):
            with closing(company.connect(admin_url)) as connection:
                connection.execute(f"CREATE DATABASE floor_{noun} TEMPLATE imports".encode())
            file = _written(logs, noun, count, customers=rows)
            began = _copied(url)
            asked = [sys.executable, "-m", "bench.imports", url, str(file)]
            said = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
            floor = _copy(url, company.named(admin_url, f"floor_{noun}"), began, logs)
            at = f"{count} {noun}s"
            made.append(Figure("import_rows_per_s", count / said["seconds"], "1/s", at, count / floor))
            made.append(Figure("import_rss_mb", said["rss_mb"], "MB", at))
    return made, version


def prepared(admin_url: str, name: str) -> str:
    """Make a database with a workspace that has five fields of its own, and return its URL."""
    with closing(company.connect(admin_url)) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    url = company.named(admin_url, name)
    for line in load().lines:
        migrate.upgrade(url, line=line)
    database = Database(url, pool_size=1)
    try:
        with database.transaction(TEAM) as session, recording(session, actor_id=None, source="bench"):
            workspaces.ensure(session, name="Imports")
            workspaces.install(session)
            pipelines.stages(session)
            for field, kind in OWN.items():
                field_definitions.define(session, CUSTOMER, name=field, type=kind)
    finally:
        database.dispose()
    return url


def _written(folder: Path, noun: str, count: int, *, customers: int) -> Path:
    path = folder / f"{noun}s.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        if noun == "customer":
            writer.writerow(["Id", "Company", "Website", "Tier", *OWN])
            for n in range(count):
                own = ["north", n % 500, f"{n % 9_000}.50 EUR", f"2024-03-{n % 28 + 1:02}", "yes" if n % 2 else "no"]
                writer.writerow([n, f"{_word(n)} {_word(n // 7)} {n}", f"company{n}.example", "gold", *own])
        else:
            writer.writerow(["Id", "Deal", "Amount", "Customer", "Close date"])
            for n in range(count):
                of = n * 7 % customers
                linked = f"{_word(of)} {_word(of // 7)} {of}"
                writer.writerow([n, f"Deal {n}", f"{n}.00 EUR", linked, f"2026-03-{n % 28 + 1:02}"])
    return path


def _word(number: int) -> str:
    return ("Aurora", "Beacon", "Cedar", "Delta", "Ember", "Falcon", "Granite", "Harbor")[number % 8]


def _copied(url: str) -> dict[str, int]:
    """Return how many rows each table has."""
    with closing(company.connect(url)) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()[0] for table in COPIED}  # type: ignore[index]  # count(*) has a row


def _copy(url: str, floor: str, began: dict[str, int], folder: Path) -> float:
    """Copy what an import wrote into a database that lacks it, and return the seconds it took."""
    files = {}
    with closing(company.connect(url)) as connection:
        for table, order in COPIED.items():
            columns = connection.execute(COLUMNS.format(table=table).encode()).fetchone()
            assert columns is not None
            files[table] = (columns[0], folder / f"{table}.copy")
            query = f"COPY (SELECT {columns[0]} FROM {table} ORDER BY {order} OFFSET {began[table]}) TO STDOUT"
            with files[table][1].open("wb") as file, connection.cursor().copy(query.encode()) as copy:
                for piece in copy:
                    file.write(piece)
    with closing(company.connect(floor)) as connection:
        begun = time.perf_counter()
        for table, (columns, path) in files.items():
            with (
                path.open("rb") as file,
                connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy,
            ):
                while piece := file.read(1 << 20):
                    copy.write(piece)
        return time.perf_counter() - begun


def bring_in(url: str, file: Path) -> dict[str, float]:
    """Bring a file in, and return how long the run took and how much memory the process had at most."""
    database = Database(url, pool_size=1)
    try:
        table = tables.open_table(file)
        with database.transaction(TEAM) as session:
            nouns = {key: schema.extended(session, noun.declaration) for key, noun in load().nouns.items()}
        how = looking.look(table, mapping.guess(table.header, table.name, nouns), nouns[file.stem.removesuffix("s")])
        begun = time.perf_counter()
        with database.transaction(TEAM) as session:
            run = running.draw_up(session, table, how, digest=tables.digest(file), actor_id=None)
            number = running.begin(session, run.id).id
        links = Links(how.source, nouns)
        for rows in running.batches(table.rows()):
            with database.transaction(TEAM) as session:
                running.run_batch(session, number, links, rows)
        seconds = time.perf_counter() - begun
    finally:
        database.dispose()
    return {"seconds": seconds, "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main(arguments: Sequence[str]) -> None:
    """Bring in the file that is named, in a process of its own, so that its memory is known."""
    url, file = arguments
    print(json.dumps(bring_in(url, Path(file))))


if __name__ == "__main__":
    main(sys.argv[1:])
