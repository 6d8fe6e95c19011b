"""Show that two services share the nouns between them, and that one goes on while the other is down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from bot.registry import Registry
from bot.settings import SettingsError
from storage.database.engine import Database
from storage.records.schema import noun_definitions
from storage.workspace import api_keys
from storage.workspace.members import Role
from tests.support.path_proxy import proxy
from tests.support.ports import free_ports
from tests.support.programs import Program, Programs
from tests.support.replicas import Replica, StartReplica

INGRESS = Path(__file__).parents[2] / "k8s/services/ingress.yaml"
ONLY = {
    "rapport-deals": "deals,pipelines,stages",
    "rapport-customers": "customers,contacts,tickets,category,reply,renewals,own",
}


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
    """Send all to one address: a proxy leads where the ingress of `k8s/services` does."""
    workspace = make_workspace("TA")
    with database.transaction(workspace) as session:
        until = datetime(2099, 1, 1, tzinfo=UTC)
        _key, secret = api_keys.make(session, name="Sync", scopes=["*:*"], role=Role.ADMIN, expires_at=until)
    ports = dict(zip(ONLY, free_ports(len(ONLY)), strict=True))

    def serve(service: str) -> Replica:
        return start(role="api", settings={"RAPPORT_ONLY": ONLY[service], "PORT": str(ports[service])})

    deals, rest = serve("rapport-deals"), serve("rapport-customers")
    with proxy([(path, ports[service]) for path, service in _ingress()]) as port:
        program = Program(port, secret)
        customer = program.adds("customer", name="Heron")
        deal = program.adds("deal", name="Fleet", customer=customer["id"])
        assert deal["fields"]["customer"] == customer["id"]
        deals.kill()
        assert program.changes(f"records/customer/{customer['id']}", {"tier": "gold"}).status == 200
        assert program.gets(f"records/deal/{deal['id']}").status == 502
        deals = serve("rapport-deals")
        assert program.gets(f"records/deal/{deal['id']}").json == deal
        assert program.gets(f"records/customer/{customer['id']}").json["fields"]["tier"] == "gold"
    assert deals.stop() == 0
    assert rest.stop() == 0


def _ingress() -> Sequence[tuple[str, str]]:
    """Return which path of the ingress leads to which of the two services."""
    rule = yaml.safe_load(INGRESS.read_text("utf-8"))["spec"]["rules"][0]
    found = [(one["path"], one["backend"]["service"]["name"]) for one in rule["http"]["paths"]]
    return [(path, service) for path, service in found if service in ONLY]
