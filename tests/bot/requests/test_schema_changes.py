"""Show that no request is carried out by definitions that somebody has changed, though nobody was told of the change.

The runtime here hears no NOTIFY at all, as a replica whose connection was lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.registry import Registry
from bot.requests.request import RequestKind
from storage.crm import customers
from storage.crm.customers import CUSTOMER
from storage.database.engine import Database
from storage.records import schema
from storage.records.schema import checking, field_definitions, noun_definitions
from tests.support.answers import text_of
from tests.support.office import HERE, Office, Use, furnish
from tests.support.waiting import PATIENCE_S

WRITERS = 20


@pytest.fixture
def office(database: Database, registry: Registry, workspace: str) -> Office:
    furnish(database, workspace, "heron")
    return Office(database, registry)


@pytest.fixture
def says(office: Office, workspace: str) -> Callable[[str], str]:
    """Return what an admin hears who types a line; who that is and what the workspace has is known from before."""

    def types(line: str) -> str:
        slash, _space, rest = line.partition(" ")
        body = {"command": slash, "text": rest, "channel_id": HERE}
        return text_of(office.does(Use("command", line, "viewer", RequestKind.COMMAND, body), workspace, "UADMIN"))

    types("/customer list")
    return types


@pytest.fixture
def elsewhere(database: Database, workspace: str) -> Callable[[Callable[[Session], Any]], Any]:
    """Change something on another replica."""

    def change(what: Callable[[Session], Any]) -> Any:
        with database.transaction(workspace) as session:
            return what(session)

    return change


def custom(session: Session, name: str) -> Any:
    return customers.resolve(session, name).custom


def test_a_new_field_is_used_by_the_next_request(says: Any, elsewhere: Any) -> None:
    row = elsewhere(lambda session: field_definitions.define(session, CUSTOMER, name="Plan", type="text"))
    assert "Added." in says("/customer add Egret plan:gold")
    assert elsewhere(lambda session: custom(session, "Egret")) == {str(row.id): "gold"}


def test_a_retired_field_is_written_by_no_request(says: Any, elsewhere: Any) -> None:
    row = elsewhere(lambda session: field_definitions.define(session, CUSTOMER, name="Plan", type="text"))
    says("/customer add Egret plan:gold")
    elsewhere(lambda session: field_definitions.retire(session, field_definitions.get(session, row.id)))
    assert "Saved." not in says("/customer edit Egret plan:silver")
    assert elsewhere(lambda session: custom(session, "Egret")) == {str(row.id): "gold"}


def test_a_key_that_means_another_field_now_is_read_as_that(says: Any, elsewhere: Any) -> None:
    first = elsewhere(lambda session: field_definitions.define(session, CUSTOMER, name="Plan", type="text"))
    says("/customer add Egret plan:gold")

    def swap(session: Session) -> int:
        field_definitions.retire(session, field_definitions.get(session, first.id))
        return field_definitions.define(session, CUSTOMER, name="Plan", type="number").id

    second = elsewhere(swap)
    assert "gold is not a number" in says("/customer edit Egret plan:gold")
    assert "Saved." in says("/customer edit Egret plan:7")
    assert elsewhere(lambda session: custom(session, "Egret")) == {str(first.id): "gold", str(second): 7}


def test_a_retired_noun_takes_no_record(says: Any, elsewhere: Any) -> None:
    elsewhere(lambda session: noun_definitions.define(session, name="Contract", letter="K"))
    assert "K-2" in says("/crm contract add Frame")
    elsewhere(lambda session: noun_definitions.retire(session, noun_definitions.called(session, "contract")))
    assert "I don't know “contract" in says("/crm contract add Support")
    with_it = elsewhere(lambda session: schema.of(session).models)
    assert "contract" not in with_it


def test_a_definition_changed_while_twenty_write_loses_and_misfiles_nothing(
    database: Database, registry: Registry, workspace: str
) -> None:
    furnish(database, workspace, "heron")
    crowd = database.another(pool_size=WRITERS + 1, application_name="crowd")
    office = Office(crowd, registry)
    with crowd.transaction(workspace) as session:
        field_definitions.define(session, CUSTOMER, name="Plan", type="text")
        rows = [customers.add(session, name=f"Crane {number}").reference for number in range(WRITERS)]
    begun, saved, odd = threading.Barrier(WRITERS + 1, timeout=PATIENCE_S), {}, []

    def write(reference: str) -> None:
        begun.wait()
        for value in ("7", "gold", "12", "tin"):
            line = f"{reference} plan:{value}"
            body = {"command": "/customer", "text": f"edit {line}", "channel_id": HERE}
            use = Use("command", f"/customer edit {line}", "viewer", RequestKind.COMMAND, body)
            said = text_of(office.does(use, workspace, "UADMIN"))
            if "Saved." in said:
                saved[reference] = value
            elif "is not a number" not in said and "plan" not in said:
                odd.append(said)

    def define() -> None:
        begun.wait()
        for type in ("number", "text", "number", "text"):
            time.sleep(0.1)
            with crowd.transaction(workspace) as session:
                field_definitions.retire(session, field_definitions.called(session, CUSTOMER, "plan"))
            with crowd.transaction(workspace) as session:
                field_definitions.define(session, CUSTOMER, name="Plan", type=type)

    threads = [threading.Thread(target=write, args=(one,)) for one in rows] + [threading.Thread(target=define)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE_S)
    crowd.dispose()
    assert odd == []
    with database.transaction(workspace) as session:
        schema.see_as(session, None)
        types = {str(row.id): row.type for row in schema.of(session).rows if row.key == "plan"}
        assert len(types) == 5
        for reference in rows:
            held = custom(session, reference)
            assert all(isinstance(value, int) == (types[field] == "number") for field, value in held.items()), held
            assert reference not in saved or saved[reference] in {str(value) for value in held.values()}
        assert list(checking.differing(session)) == []
    assert len(saved) > WRITERS // 2, "each that saved nothing met only moments without the field"
