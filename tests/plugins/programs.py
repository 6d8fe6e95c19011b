"""Use the nouns of the bundled plugins that are off by the API, as programs and agents do.

`tests/bot/plugins/test_off.py` runs it in a process that has them on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from api.agents import door as agents
from bot.registry import Registry, bundled, load
from storage.database.engine import Database
from storage.workspace.members import Role
from tests.support.programs import Program, Programs

OFF = set(bundled()) - load(on=()).plugins.keys()
EUR = {"amount": "12.50", "currency": "EUR"}
VALUES: dict[str, dict[str, Any]] = {
    "product": {"sku": "MUG-1", "price": EUR, "stock": 5},
    "order": {"lines": "MUG-1:2", "customer": "C-1"},
    "cart": {"total": EUR, "customer": "C-1"},
    "review": {"stars": 5, "customer": "C-1"},
    "instrument": {"symbol": "ACME", "currency": "EUR"},
    "portfolio": {"customer": "C-1", "currency": "EUR"},
    "account": {"portfolio": "PF-1", "number": "DE89 3704"},
    "question": {"answers": "Never = 1\nOften = 5"},
}
"""What a record of each noun is added with, besides its name and the first of each choice; those needed come first."""


@pytest.fixture
def programs(database: Database, registry: Registry) -> Iterator[Programs]:
    """Serve the API over the test's database."""
    serving = Programs(database, registry)
    yield serving
    serving.close()


def furnished(program: Program) -> dict[str, Any]:
    """Add a record of each noun, and return them."""
    program.adds("customer", name="Heron")
    schemas = program.gets("openapi.json").json["components"]["schemas"]
    made = {}
    for noun, values in VALUES.items():
        new = schemas[f"{noun}_new"]
        chosen = {
            key: new["properties"][key]["enum"][0]
            for key in new.get("required", ())
            if "enum" in new["properties"][key]
        }
        made[noun] = program.adds(noun, **{"name": f"Our {noun}", **chosen, **values})
    return made


def told_by(programs: Programs, program: Program, tool: str, **given: str) -> Any:
    """Return what a tool tells an agent of accounts."""
    who = programs.calls.identify(f"Bearer {program.secret}")
    return asyncio.run(agents.call(programs.door, who, tool, {"noun": "account", **given})).body


def test_the_table_has_every_noun(registry: Registry) -> None:
    assert OFF
    assert registry.nouns.keys() - load(on=()).nouns.keys() == VALUES.keys()


def test_each_noun_is_listed_changed_and_undone_as_the_cores_are(programs: Programs, workspace: str) -> None:
    program = programs.key(workspace, name="Sync")
    for noun, made in furnished(program).items():
        path = f"records/{noun}/{made['id']}"
        assert made["fields"].items() >= {key: value for key, value in VALUES[noun].items() if key != "lines"}.items()
        assert program.gets(path).json["id"] == made["id"]
        assert made["id"] in [one["id"] for one in program.gets(f"records/{noun}").json["records"]]
        assert program.gets(f"{path}/history").json["history"][-1]["source"] == f"api.add {noun}"
        assert [one["id"] for one in program.gets("search", q=f"Our {noun}", nouns=noun).json["found"]][:1] == [
            made["id"]
        ]
        version = program.gets(path).json["version"]
        changed = program.changes(path, {"name": f"Another {noun}"}, version)
        assert changed.status == 200, changed.text
        assert program.changes(path, {"name": "Late"}, version).kind == "changed"
        programs.types(workspace, "undo Sync")
        assert program.gets(path).json["fields"]["name"] == f"Our {noun}"
        refused = programs.key(workspace, "customer:*").gets(path)
        assert (refused.status, refused.kind) == (403, "forbidden")


def test_what_is_kept_from_a_role_is_kept_from_its_keys(programs: Programs, workspace: str) -> None:
    account = furnished(programs.key(workspace))["account"]
    keys = {Role.ADMIN: True, Role.VIEWER: False}
    for role, sees in keys.items():
        program = programs.key(workspace, role=role)
        assert ("number" in program.gets(f"records/account/{account['id']}").json["fields"]) == sees
        schemas = program.gets("openapi.json").json["components"]["schemas"]
        assert ("number" in schemas["account"]["properties"]["fields"]["properties"]) == sees
        assert ("number" in told_by(programs, program, "describe")["fields"]) == sees
        told = [str(told_by(programs, program, name, reference=account["id"])) for name in ("get", "timeline")]
        told += [program.gets(path).text for path in ("records/account", f"records/account/{account['id']}/history")]
        assert any("DE89" in one for one in told) == sees, role


def test_an_address_of_a_plugin_takes_its_scope(programs: Programs, registry: Registry, workspace: str) -> None:
    assert registry.routes
    for name, route in registry.routes.items():
        method, _, address = name.partition(" ")
        path = f"/api/v1/plugins/{address}"
        for scopes in (["customer:*"], [f"{route.noun}:read"]):
            assert programs.key(workspace, *scopes).sends(method, path, {}).status == 403, (name, scopes)
        assert programs.key(workspace, role=Role.VIEWER).sends(method, path, {}).status == 403
        assert path in programs.key(workspace).gets("openapi.json").json["paths"]
