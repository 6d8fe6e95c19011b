"""Show that every record of every noun has its row, whoever writes it, and that the words of names come and go."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from storage.crm import contacts, customers, deals, pipelines
from storage.database.engine import Database
from storage.database.policies import filling
from storage.records import search
from storage.records.history import recording, undo
from storage.records.named import Named
from storage.records.rows import NameWord, NameWordLeft, RecordRow
from storage.records.search import How
from storage.support import tickets
from tests.support.cluster import connect

# What the release before writes, with none of the columns that it does not know.
OLD_RELEASE = """
INSERT INTO customer (workspace_id, id, name, name_key, find_key, domain, version)
VALUES (:w, 90, 'Zoë Müller GmbH', 'zoë müller gmbh', 'zoë müller gmbh zoe.example', 'zoe.example', 1)
"""


def row(session: Session, noun: str, record_id: int) -> RecordRow | None:
    session.flush()
    found = select(RecordRow).where(RecordRow.noun == noun, RecordRow.id == record_id)
    return session.scalars(found, execution_options={"populate_existing": True}).one_or_none()


def words(session: Session) -> set[str]:
    session.flush()
    return set(session.scalars(select(NameWord.word)))


def forget(database: Database, workspace: str) -> int:
    with database.transaction(workspace) as session:
        return int(session.scalar(text("SELECT forget_name_words(500)")) or 0)


def test_each_named_record_has_its_row_in_the_same_transaction(session: Session) -> None:
    acme = customers.add(session, name="Acme & Söhne GmbH", domain="acme-labs.example")
    made: list[Named] = [
        acme,
        contacts.add(session, name="Jane O’Neil", email="jane.o@acme-labs.example"),
        deals.add(session, name="Renewal 2027"),
        tickets.add(session, name="Login fails"),
    ]
    for record in made:
        found = row(session, record.__noun__, record.id)
        assert found is not None
        assert (found.name, found.name_key, found.merged_into_id) == (record.name, record.name_key, None)
    first = row(session, "customer", acme.id)
    assert first is not None
    assert first.find_key == "acmesohne"
    assert set(first.words.split()) >= {"acme", "sohne", "gmbh", "acme-labs.example", "acmelabs", "labs"}
    assert {"acme", "sohne", "renewal", "2027", "jane", "oneil"} <= words(session)
    assert "acmelabs" not in words(session), "an address is found as it is written, not nearly"


def test_a_row_follows_its_record_through_renaming_merging_archiving_and_removal(session: Session) -> None:
    acme, other = customers.add(session, name="Acme"), customers.add(session, name="Globex")
    customers.update(session, acme, name="Initech")
    found = row(session, "customer", acme.id)
    assert found is not None
    assert (found.name, found.find_key) == ("Initech", "initech")
    assert search.find(session, "acme") == []
    acme.merged_into_id = other.id
    assert row(session, "customer", acme.id) is not None
    assert search.find(session, "initech") == []
    acme.merged_into_id = None
    session.flush()
    assert [hit.id for hit in search.find(session, "initech")] == [acme.id]
    acme.archived_at = acme.created_at
    session.flush()
    assert search.find(session, "initech") == []
    session.delete(acme)
    assert row(session, "customer", acme.id) is None


def test_an_undo_leaves_the_row_as_it_was(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session, recording(session, actor_id="UREP", source="test"):
        customers.add(session, name="Acme")
    with database.transaction(workspace) as session, recording(session, actor_id="UREP", source="test"):
        customers.update(session, customers.get(session, 1), name="Initech")
    with database.transaction(workspace) as session, recording(session, actor_id="UREP", source="test"):
        undo(session, "UREP")
        found = row(session, "customer", 1)
        assert found is not None and found.find_key == "acme"
    with database.transaction(workspace) as session, recording(session, actor_id="UREP", source="test"):
        undo(session, "UREP")
        assert row(session, "customer", 1) is None


def test_what_the_release_before_writes_is_found_and_it_finds_what_this_one_writes(session: Session) -> None:
    session.execute(text(OLD_RELEASE), {"w": session.info["workspace"]})
    assert [hit.reference for hit in search.find(session, "Zoe Mueller")] == ["C-90"]
    assert customers.resolve(session, "zoe muller").id == 90
    session.execute(text("UPDATE customer SET name = 'Initech', name_key = 'initech', find_key = 'initech'"))
    assert [hit.name for hit in search.find(session, "initech")] == ["Initech"]
    asked = text("SELECT id FROM find_records(:wanted, ARRAY['customer', 'contact', 'deal', 'ticket'], 10)")
    assert session.scalars(asked, {"wanted": "initehc"}).all() == [90]
    huawei = customers.add(session, name="深圳华为技术有限公司")
    assert session.scalars(asked, {"wanted": "华 为"}).all() == [huawei.id]


@pytest.fixture
def unkept(admin_url: str, database: Database, workspace: str, second_workspace: str) -> Iterator[str]:
    """Lend a database whose records have no row yet, in two workspaces."""
    for one in (workspace, second_workspace):
        with database.transaction(one) as session:
            for number in range(7):
                customers.add(session, name=f"Acme {number} of {one}", domain=f"a{number}.example")
    with connect(admin_url) as connection:
        connection.execute("DELETE FROM record")
        connection.execute("DELETE FROM name_word")
    yield admin_url


def test_rows_of_before_are_taken_in_by_batches_once(
    unkept: str, database: Database, workspace: str, second_workspace: str
) -> None:
    with connect(unkept) as connection:
        connection.execute(
            "INSERT INTO record VALUES (%s, 'customer', 99, 'gone', 'gone', 'gone', 'gone')", [workspace]
        )
        connection.execute("UPDATE record SET name = 'kept' WHERE id = 3")
        for _ in range(2):
            connection.execute(filling("customer", "customer", "domain", batch=3).encode())
    for one in (workspace, second_workspace):
        with database.transaction(one) as session:
            kept = session.scalars(select(RecordRow.name).order_by(RecordRow.id)).all()
            assert kept == [f"Acme {number} of {one}" for number in range(7)]
            assert words(session) == {"acme", "of", one.lower(), *map(str, range(7))}
            assert session.scalars(select(NameWord.word)).all().count("acme") == 1
            assert search.find(session, "a4.example")[0].name == f"Acme 4 of {one}"


def test_nobody_but_the_triggers_writes_rows_or_words(session: Session) -> None:
    customers.add(session, name="Acme")
    for statement in (
        "UPDATE record SET name = 'Evil'",
        "DELETE FROM name_word",
        "INSERT INTO name_word_left (workspace_id, word) VALUES ('T0ACME', 'acme')",
        "SELECT learn_name_words('T0OTHER', ARRAY['evil'])",
        "SELECT fill_record('customer', 'customer', NULL, '', 0, 10)",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
            session.execute(text(statement))


def test_a_temporary_table_of_ones_own_writes_no_rows(session: Session) -> None:
    session.execute(text("CREATE TEMP TABLE mine (LIKE customer)"))
    with pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(
            text("CREATE TRIGGER keep AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION keep_record('deal')")
        )


def test_another_workspaces_words_and_records_are_never_found(
    database: Database, workspace: str, second_workspace: str
) -> None:
    with database.transaction(second_workspace) as session:
        customers.add(session, name="Secret Harbor", domain="secret.example")
    with database.transaction(workspace) as session:
        assert search.find(session, "secret harbor") == search.find(session, "secret.example") == []
        for function in ("name_meant('secrets')", "name_alike('ecre')", "name_begins('customer', 'secret')"):
            found = session.execute(text(f"SELECT * FROM {function}")).all()
            assert [one for one in found if "secret" in one] == [], function


def test_a_word_that_nobody_uses_is_forgotten_and_a_shared_one_stays(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        pipelines.default(session)
        stages = words(session)
        one = customers.add(session, name="Harbor Logistics")
        customers.add(session, name="Harbor Foods")
        deals.add(session, name="Logistics renewal")
        customers.update(session, one, name="Lantern")
    assert forget(database, workspace) == 2
    with database.transaction(workspace) as session:
        assert words(session) - stages == {"harbor", "foods", "logistics", "renewal", "lantern"}
        session.execute(text("DELETE FROM deal"))
        one = customers.get(session, 1)
        one.archived_at = one.created_at
    assert forget(database, workspace) == 3
    with database.transaction(workspace) as session:
        assert words(session) - stages == {"harbor", "foods"}
        assert session.scalars(select(NameWordLeft)).all() == []
        customers.get(session, 1).archived_at = None
        session.flush()
        assert [hit.how for hit in search.find(session, "lantren")] == [How.NEAR], "its words are known again"
    assert forget(database, workspace) == 0


def test_words_of_names_that_are_not_committed_yet_are_waited_for(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        customers.update(session, customers.add(session, name="Harbor"), name="Lantern")
    with database.transaction(workspace) as session:
        deals.add(session, name="Harbor renewal")
        session.flush()
        done = threading.Event()

        def ask() -> None:
            forget(database, workspace)
            done.set()

        asked = threading.Thread(target=ask)
        asked.start()
        assert done.wait(60), "it gives up where somebody writes, and is asked again later"
        asked.join()
    with database.transaction(workspace) as session:
        assert {"harbor", "renewal"} <= words(session)
    assert forget(database, workspace) == 1
    with database.transaction(workspace) as session:
        assert "harbor" in words(session)


def test_a_workspace_goes_with_all_its_rows_and_words(admin_url: str, database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        customers.add(session, name="Acme")
    with connect(admin_url) as connection:
        connection.execute("DELETE FROM workspace")
        for table in ("record", "name_word", "name_word_left"):
            assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,)
