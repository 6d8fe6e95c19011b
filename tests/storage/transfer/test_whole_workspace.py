"""Show that no table of a workspace is lost on its way out and in, with a row of the awkward kind in each."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from storage.crm import customers
from storage.database.engine import Database
from storage.errors import Invalid
from storage.meaning.vectors import DIMENSIONS
from storage.transfer.exports.data import write_data
from tests.support import every_table
from tests.support.tables import Desk
from tests.support.whole_workspaces import bring_in, came_unchanged, taken_out

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


def test_an_archive_with_what_nothing_here_knows_is_refused_and_not_brought_in_part(
    desk: Desk, second_workspace: str, admin_url: str
) -> None:
    with desk.database.transaction(desk.workspace) as session, zipfile.ZipFile(desk.folder / "a.zip", "w") as archive:
        customers.add(session, name="Heron")
        write_data(session, archive)
        archive.writestr("data/shipping.parcel.jsonl", '{"id": 1}\n')
    with pytest.raises(Invalid, match=r"holds shipping\.parcel, which nothing here knows"):
        bring_in(desk.database, second_workspace, desk.folder / "a.zip", admin_url)
