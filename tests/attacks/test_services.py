"""Show that two services share the nouns between them, and that one goes on while the other is down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bot.registry import Registry
from bot.settings import SettingsError
from storage.database.engine import Database
from storage.records.schema import noun_definitions
from storage.workspace import api_keys
from storage.workspace.members import Role
from tests.support.programs import Program, Programs
from tests.support.replicas import StartReplica


def test_a_process_serves_the_nouns_it_is_told(database: Database, registry: Registry, workspace: str) -> None:
    with database.transaction(workspace) as session:
        ship = noun_definitions.define(session, name="Ship", letter="S").key
    deals, rest = (Programs(database, registry, only=only) for only in (("Deals",), ("customer", "contacts", "own")))
    try:
        one, other = deals.key(workspace), rest.key(workspace)
        for served, unserved, nouns in ((one, other, ["deal"]), (other, one, ["customer", "contact", ship])):
            for noun in nouns:
                assert served.gets(f"records/{noun}").status == 200
                assert unserved.gets(f"records/{noun}").kind == "not-found"
        made = other.adds("customer", name="Heron")
        assert one.adds("deal", name="Fleet", customer=made["id"])["fields"]["customer"] == made["id"]
        assert [hit["noun"] for hit in other.gets("search", q="fleet").json["found"]] == []
        assert all("/records/deal" in path for path in one.gets("openapi.json").json["paths"] if "/records/" in path)
    finally:
        deals.close()
        rest.close()


def test_a_noun_that_is_none_is_refused_at_the_start(database: Database, registry: Registry) -> None:
    with pytest.raises(SettingsError, match="ships is no noun"):
        Programs(database, registry, only=["ships"])


def test_one_service_goes_on_while_the_other_is_down(
    start: StartReplica, database: Database, make_workspace: Callable[[str], str]
) -> None:
    workspace = make_workspace("TA")
    with database.transaction(workspace) as session:
        until = datetime(2099, 1, 1, tzinfo=UTC)
        _key, secret = api_keys.make(session, name="Sync", scopes=["*:*"], role=Role.ADMIN, expires_at=until)
    deals = start(role="api", settings={"RAPPORT_ONLY": "deals"})
    rest = start(role="api", settings={"RAPPORT_ONLY": "customers,contacts,own"})

    def by_path(path: str) -> Program:
        return Program((deals if path.startswith("records/deal") else rest).port, secret)

    customer = by_path("records/customer").adds("customer", name="Heron")
    deal = by_path("records/deal").adds("deal", name="Fleet", customer=customer["id"])
    deals.kill()
    changed = by_path("records/customer").changes(f"records/customer/{customer['id']}", {"tier": "gold"})
    assert changed.status == 200
    with pytest.raises(OSError):
        by_path("records/deal").gets(f"records/deal/{deal['id']}")
    deals = start(role="api", settings={"RAPPORT_ONLY": "deals"})
    assert by_path("records/deal").gets(f"records/deal/{deal['id']}").json == deal
    assert deals.stop() == 0
    assert rest.stop() == 0
