"""Show that months are made ahead, and that nobody misuses the right to make them."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.database.partitions import make_partitions


def test_months_are_made_ahead_once(session: Session) -> None:
    tables = session.scalar(text("SELECT count(*) FROM pg_partitioned_table"))
    assert isinstance(tables, int) and tables >= 1
    assert make_partitions(session) == 0
    assert make_partitions(session, 6) == 3 * tables
    assert make_partitions(session, 6) == 0
    reachable = text("SELECT count(*) FROM pg_class WHERE relispartition AND relacl IS NOT NULL AND relkind = 'r'")
    assert session.scalar(reachable) == 0


@pytest.mark.parametrize("name", ["member", "activity; DROP TABLE member", "no_such"])
def test_only_partitioned_tables_have_partitions_made(database: Database, name: str) -> None:
    with pytest.raises(DBAPIError, match="no partitioned table"), database.transaction("T0ANY") as session:
        session.execute(text("SELECT make_partitions(:name, 3)"), {"name": name})


def test_a_month_that_began_in_the_default_partition_stays_there(admin_url: str) -> None:
    with create_engine(admin_url, poolclass=NullPool).begin() as admin:
        admin.execute(text("INSERT INTO workspace (id, name) VALUES ('T1', 'One')"))
        admin.execute(text("INSERT INTO change_set (workspace_id, source) VALUES ('T1', 'test')"))
        admin.execute(
            text(
                "INSERT INTO activity (workspace_id, at, change_set_id, noun, entity, row_key, action)"
                " SELECT 'T1', now() + interval '5 months', id, 'deal', 'deal', '1', 'noted' FROM change_set"
            )
        )
        assert admin.scalar(text("SELECT make_partitions('activity', 6)")) == 2


def test_a_table_that_is_held_is_left_for_the_next_tick(database: Database, admin_url: str) -> None:
    with create_engine(admin_url, poolclass=NullPool).connect() as admin:
        admin.execute(text("LOCK TABLE activity IN ACCESS SHARE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"), database.transaction("T0ANY") as session:
            make_partitions(session, 6)
