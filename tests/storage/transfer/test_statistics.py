"""Show that Postgres learns how large tables have become while an import fills them."""

from __future__ import annotations

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.orm import Session

from storage.transfer.writing import statistics
from tests.support.tables import Desk

COUNTED = text("SELECT reltuples FROM pg_class WHERE oid = 'customer'::regclass")
ADD = text(
    "INSERT INTO external_id (workspace_id, noun, record_id, source, external_id)"
    " SELECT :workspace, 'customer', :record, 'other', number::text FROM generate_series(1, 5000) AS number"
)


def customers_known(session: Session) -> float:
    """Return for how many customers Postgres plans; less than none for a table it never looked at."""
    return float(session.scalar(COUNTED) or 0)


def test_an_import_has_the_tables_counted_that_it_fills(desk: Desk) -> None:
    with desk.database.transaction(desk.workspace) as session:
        assert customers_known(session) <= 0
    desk.bring_in(
        desk.write("Company,Website\n" + "".join(f"Firm {n} of {n % 7},firm{n}.example\n" for n in range(900)))
    )
    with desk.database.transaction(desk.workspace) as session:
        assert customers_known(session) >= 500


def test_a_table_is_counted_once_it_has_doubled_and_by_one_at_a_time(desk: Desk) -> None:
    desk.bring_in(desk.write("Company\nAcme\n"))
    with desk.database.transaction(desk.workspace) as session:
        statistics.refresh(session)
        assert statistics.refresh(session) == 0
        session.execute(ADD, {"workspace": desk.workspace, "record": 1})
        with desk.database.transaction(desk.workspace) as other:
            assert statistics.refresh(other) == 0, "whoever counts at this moment is not waited for"
        assert statistics.refresh(session) == 1


def test_an_owner_may_be_called_anything(admin_url: str) -> None:
    with create_engine(admin_url, poolclass=NullPool).connect() as admin:
        admin.execute(text('CREATE ROLE "Odd-Owner of Tables"'))
        admin.execute(text('ALTER FUNCTION refresh_statistics() OWNER TO "Odd-Owner of Tables"'))
        assert admin.scalar(text("SELECT refresh_statistics()")) == 0
        admin.rollback()
