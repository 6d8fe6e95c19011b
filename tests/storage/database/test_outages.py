"""Show that what keeps a database from serving is told apart by what a server really says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from storage.database.confinement import Unconfined
from storage.database.engine import Database
from storage.database.outages import Outage, outage, refusal, words
from tests.support.cluster import Cluster, connect


def raised(call: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:
        call()
    assert isinstance(caught.value, Exception)
    return caught.value


def begin(database: Database) -> None:
    with database.transaction("T0ACME"):
        pass


def other(admin_url: str, **parts: Any) -> Database:
    return Database(make_url(admin_url).set(**parts))


def test_a_server_that_is_not_there_is_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    for url in ("postgresql://x@127.0.0.1:1/db", "postgresql://x@no-such-host.invalid/db", "postgresql:///db?host=/no"):
        exc = raised(partial(begin, Database(url)))
        assert outage(exc) is Outage.AWAY
        assert refusal(exc) is None


def test_a_server_that_is_read_only_is_found_on_old_connections_and_new(
    database: Database, admin_url: str, workspace: str
) -> None:
    database.ask()
    name = make_url(admin_url).database
    with closing(connect(admin_url)) as admin:
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        try:
            exc = raised(lambda: begin(Database(admin_url)))
            assert outage(exc) is Outage.READ_ONLY
            assert refusal(exc) is None
            with database.transaction(workspace) as session:
                session.execute(text("SET TRANSACTION READ ONLY"))
                wrote = raised(lambda: session.execute(text("UPDATE workspace SET name = 'x'")))
                session.rollback()
            assert outage(wrote) is Outage.READ_ONLY
            assert Outage.READ_ONLY in database.standing.troubles
        finally:
            admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
    database.ask()
    assert not database.standing.troubles


def test_a_connection_that_became_read_only_is_asked_and_says_so(database: Database, workspace: str) -> None:
    small = database.another(pool_size=1, application_name="small")
    with small.engine.connect() as connection:
        connection.execute(text("SET default_transaction_read_only = on"))
        connection.commit()
    assert outage(raised(small.ask)) is Outage.READ_ONLY
    with small.engine.connect() as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.commit()
    small.ask()
    small.dispose()


def test_a_server_without_a_connection_to_spare_is_crowded(
    database: Database, admin_url: str, cluster: Cluster, workspace: str
) -> None:
    cluster.run("CREATE ROLE crowd LOGIN PASSWORD 'word' CONNECTION LIMIT 1 IN ROLE rapport_app")
    crowd = other(admin_url, username="crowd", password="word")
    try:
        with crowd.transaction(workspace):
            exc = raised(lambda: begin(crowd))
            assert outage(exc) is Outage.CROWDED
            assert refusal(exc) is None
        assert crowd.standing.troubles == {Outage.CROWDED}
        # A connection of the pool is free again, but there is still none beside it.
        assert outage(raised(crowd.ask)) is Outage.CROWDED
        cluster.run("ALTER ROLE crowd CONNECTION LIMIT 5")
        crowd.ask()
        assert not crowd.standing.troubles
    finally:
        crowd.dispose()
        cluster.run("DROP ROLE crowd")


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", Outage.FULL),
        ("53200", Outage.FULL),
        ("53300", Outage.CROWDED),
        ("25006", Outage.READ_ONLY),
        ("57P01", Outage.AWAY),
        ("57P03", Outage.AWAY),
        ("08006", Outage.AWAY),
        ("57014", None),
        ("40P01", None),
        ("55P03", None),
        ("23505", None),
        ("42501", None),
    ],
)
def test_what_a_server_raises_is_told_by_its_code(
    database: Database, workspace: str, state: str, kind: Outage | None
) -> None:
    raising = text(f"DO $$ BEGIN RAISE EXCEPTION 'it says so' USING ERRCODE = '{state}'; END $$")
    with database.transaction(workspace) as session:
        exc = raised(lambda: session.execute(raising))
        session.rollback()
    assert isinstance(exc, DBAPIError)
    assert outage(exc) is kind
    assert words(exc) == "it says so"
    assert (kind in database.standing.troubles) is (kind is not None)


def test_an_error_is_known_by_what_it_was_raised_from() -> None:
    full = psycopg.errors.DiskFull("no space left")
    try:
        try:
            raise full
        except psycopg.Error as exc:
            raise RuntimeError("could not be drawn") from exc
    except RuntimeError as exc:
        assert outage(exc) is Outage.FULL
        assert words(exc) == "no space left"
    circle = RuntimeError("round")
    circle.__cause__ = RuntimeError("and round")
    circle.__cause__.__cause__ = circle
    assert outage(circle) is None
    assert words(circle) == "round"
    assert outage(Unconfined("It is open.", "Close it.")) is Outage.UNCONFINED


def test_what_will_never_connect_is_refused_in_a_sentence(admin_url: str, cluster: Cluster) -> None:
    cases = {
        "password authentication failed": other(admin_url, password="wrong"),
        'database "nowhere" does not exist': other(admin_url, database="nowhere"),
    }
    for said, database in cases.items():
        exc = raised(partial(begin, database))
        assert isinstance(exc, OperationalError)
        told = refusal(exc)
        assert told is not None and said in told and "DATABASE_URL" in told
    cluster.run("CREATE ROLE stranger LOGIN PASSWORD 'word'")
    try:
        told = refusal(raised(lambda: begin(other(admin_url, username="stranger", password="word"))))
    finally:
        cluster.run("DROP ROLE stranger")
    assert told is not None and "may not act as rapport_app" in told and "rapport db upgrade" in told


def test_a_statement_that_is_refused_is_no_refusal_of_the_connection(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        exc = raised(lambda: session.execute(text("SELECT * FROM pg_authid")))
        session.rollback()
    assert isinstance(exc, ProgrammingError)
    assert refusal(exc) is None
    assert outage(exc) is None
