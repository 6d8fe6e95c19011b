"""Show that no table of a workspace is lost on its way out and in, with a row of the awkward kind in each."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from bot.registry import bundled, load
from storage.crm import customers
from storage.database import migrate
from storage.database.engine import Database
from storage.errors import Invalid
from storage.meaning.vectors import DIMENSIONS
from storage.money import Money
from storage.records import history, lifecycle
from storage.records.schema import field_definitions
from storage.transfer import archives
from storage.transfer.exports.data import write_data
from storage.workspace.workspaces import Workspace
from tests.support import every_table
from tests.support.cluster import Cluster
from tests.support.tables import Desk

OF_ITS_OWN: dict[str, object] = {"workspace_id": ""}
OTHERS = {
    "data/member.jsonl": {**OF_ITS_OWN, "roles": [], "active": False},
    "data/external_id.jsonl": {**OF_ITS_OWN, "import_id": None},
}
FULL, EMPTY = "T0FULL", "T0EMPTY"
OWN = """
INSERT INTO noun (workspace_id, key, name, plural, letter, role) VALUES (:w, '地点', :t, :t, 'S', 'rep');
INSERT INTO field (workspace_id, noun, key, name, type, required, place, choices, begins)
VALUES (:w, '地点', 'own', :t, 'choice', false, 1, jsonb_build_array(:t), to_jsonb(:t));
INSERT INTO own_record (workspace_id, noun, letter, id, name, name_key, find_key, merged_into_id, archived_at, custom,
    version)
SELECT :w, '地点', 'S', n, :t, lower(:t), lower(:t), nullif(n % 2 + 2, 2), 'infinity', jsonb_build_object('1', :t, '2',
    9223372036854775807), 1 FROM generate_series(1, 3) AS n;
INSERT INTO field_value (workspace_id, noun, record_id, field_id, key, number, day, at)
SELECT :w, '地点', 1, id, :t, -9223372036854775808, '2024-02-29', 'infinity' FROM field WHERE workspace_id = :w;
INSERT INTO layout (workspace_id, noun, place, shown) VALUES (:w, '地点', 'card', ARRAY[:t, '']);
INSERT INTO meaning (workspace_id, ticket_id, signs, vector)
SELECT :w, 1, b'1'::bit(1)::bit({bits}), '\\x00ff'
"""
"""One of each table that `every_table` leaves out, with a text that says what JSON, SQL and COPY take for something."""


def taken_out(database: Database, workspace: str, path: Path) -> dict[str, list[dict[str, Any]]]:
    with database.transaction(workspace) as session, zipfile.ZipFile(path, "w") as archive:
        names = list(write_data(session, archive))
    with zipfile.ZipFile(path) as archive:
        return {name: [json.loads(line) for line in archive.read(name).decode().split("\n") if line] for name in names}


def came_unchanged(was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    assert was.keys() == now.keys()
    for name, rows in was.items():
        # Nobody gets rights through the archive of another workspace, and its imports are over.
        ours, theirs = ([row | OTHERS.get(name, OF_ITS_OWN) for row in found] for found in (rows, now[name]))
        assert theirs[: len(ours)] == ours, name


def bring_in(database: Database, workspace: str, path: Path, admin_url: str) -> None:
    admin = create_engine(admin_url, poolclass=NullPool)
    with database.transaction(workspace) as session:
        archives.advance(admin, archives.bring_in(session, path))


def test_a_row_of_every_table_goes_out_and_comes_in(database: Database, admin_url: str, tmp_path: Path) -> None:
    every_table.fill(admin_url, FULL)
    admin = create_engine(admin_url, poolclass=NullPool)
    with admin.begin() as connection:
        connection.execute(text("INSERT INTO workspace (id, name) VALUES (:id, 'Empty')"), {"id": EMPTY})
        for statement in OWN.format(bits=DIMENSIONS).split(";\n"):
            typed = re.sub(r":([wt])\b", r"CAST(:\1 AS text)", statement)
            connection.execute(text(typed), {"w": FULL, "t": every_table.HOSTILE})
    was = taken_out(database, FULL, tmp_path / "one.zip")
    assert [name for name, rows in was.items() if not rows] == []
    bring_in(database, EMPTY, tmp_path / "one.zip", admin_url)
    now = taken_out(database, EMPTY, tmp_path / "two.zip")
    came_unchanged(was, now)


@pytest.fixture
def every_plugin(cluster: Cluster) -> Iterator[str]:
    """Lend a database with the tables of every plugin that ships with the product, by its superuser's URL."""
    url = cluster.create()
    for line in load(on=bundled()).lines:
        migrate.upgrade(url, line=line)
    yield url
    cluster.drop(url)


def test_what_plugins_keep_goes_out_and_comes_in(every_plugin: str, tmp_path: Path, cluster: Cluster) -> None:
    from bot.plugins.commerce import orders
    from bot.plugins.finance.books import journal, portfolios, trades

    registry = load(on=bundled())
    database = cluster.open(every_plugin)
    for name in (FULL, EMPTY):
        with database.transaction(name) as session:
            session.add(Workspace(id=name, name=name))
    with database.transaction(FULL) as session, history.recording(session, actor_id=None, source="test"):
        product = registry.declarations(session)["product"]
        field_definitions.define(session, product, name="Shelf", type="number")
    with database.transaction(FULL) as session, history.recording(session, actor_id="UREP", source="test"):
        harbor = customers.add(session, name="Harbor")
        mug = {"name": "Mug", "sku": "MUG", "price": Money(5, "USD"), "stock": 9, "shelf": 7}
        lifecycle.add(session, registry.declarations(session)["product"], mug)
        orders.place(session, {"MUG": 2}, customer_id=harbor.id)
        portfolio = portfolios.add(session, name="Old", customer_id=harbor.id, currency="EUR")
        account = portfolios.accounts(session, portfolio)[0]
        journal.reverse(session, trades.deposit(session, account, Money(100_000, "EUR"), date(2026, 3, 2)))
    was = taken_out(database, FULL, tmp_path / "one.zip")
    kept = [name for name, rows in was.items() if rows]
    assert {"data/commerce.order_line.jsonl", "data/finance.posting.jsonl", "data/field_value.jsonl"} <= set(kept)
    bring_in(database, EMPTY, tmp_path / "one.zip", every_plugin)
    came_unchanged(was, taken_out(database, EMPTY, tmp_path / "two.zip"))
    database.dispose()


def test_an_archive_with_what_nothing_here_knows_is_refused_and_not_brought_in_part(
    desk: Desk, second_workspace: str, admin_url: str
) -> None:
    with desk.database.transaction(desk.workspace) as session, zipfile.ZipFile(desk.folder / "a.zip", "w") as archive:
        customers.add(session, name="Heron")
        write_data(session, archive)
        archive.writestr("data/shipping.parcel.jsonl", '{"id": 1}\n')
    with pytest.raises(Invalid, match=r"holds shipping\.parcel, which nothing here knows"):
        bring_in(desk.database, second_workspace, desk.folder / "a.zip", admin_url)
