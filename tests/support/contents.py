"""Tell whether anything that a workspace holds has changed."""

from __future__ import annotations

from typing import Any

from tests.support.cluster import connect

TABLES = """
SELECT oid::regclass::text, CASE relname WHEN 'workspace' THEN 'id' ELSE 'workspace_id' END
FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND (relname = 'workspace'
    OR oid IN (SELECT attrelid FROM pg_attribute WHERE attname = 'workspace_id' AND NOT attisdropped))
"""
# What writes nothing at all takes no number.
LAST_WRITER = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"


class Contents:
    """Read the rows of workspaces as the superuser, where nobody else than the test writes."""

    def __init__(self, admin_url: str) -> None:
        self._connection = connect(admin_url)
        tables = self._connection.execute(TABLES).fetchall()
        self._all = " UNION ALL ".join(
            f"SELECT '{table}', count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} AS t"
            f" WHERE {key} = %(workspace)s"
            for table, key in tables
        )
        self._read: dict[str, tuple[Any, dict[str, Any]]] = {}

    def of(self, workspace: str) -> dict[str, Any]:
        """Return how many rows each table has of a workspace, and a fingerprint of them."""
        (last,) = self._connection.execute(LAST_WRITER).fetchall()
        if workspace not in self._read or self._read[workspace][0] != last:
            found = self._connection.execute(self._all.encode(), {"workspace": workspace}).fetchall()
            self._read[workspace] = last, {table: values for table, *values in found}
        return self._read[workspace][1]

    def close(self) -> None:
        """Leave the database."""
        self._connection.close()
