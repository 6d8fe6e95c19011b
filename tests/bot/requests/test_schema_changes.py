"""Show that no request is carried out by definitions that somebody has changed, though nobody was told of the change.

The runtime here hears no NOTIFY at all, as a replica whose connection was lost.
"""

from __future__ import annotations

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
from storage.records.schema import field_definitions, noun_definitions
from tests.support.answers import text_of
from tests.support.office import HERE, Office, Use, furnish


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
