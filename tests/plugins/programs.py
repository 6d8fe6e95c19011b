"""Use the nouns of the bundled plugins that are off by the API, as programs and agents do.

`tests/bot/plugins/test_off.py` runs it in a process that has them on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import strategies as st

from api.agents import door as agents
from bot.registry import Registry, bundled, load
from storage.database.engine import Database
from storage.workspace.members import Role
from tests.support import every_table
from tests.support.fuzzing import SECRET, fuzz
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


def figures(program: Program) -> dict[str, Any]:
    """Return the whole of each figure that a program is told."""
    told = program.gets("figures", period="month").json["figures"]
    return {one["figure"]: one for one in told if one["part"] is None}


def test_each_figure_of_a_plugin_is_told_with_its_records(
    programs: Programs, registry: Registry, workspace: str
) -> None:
    program = programs.key(workspace)
    furnished(program)
    told = figures(program)
    assert registry.figures and registry.figures.keys() <= told.keys()
    names = program.gets("openapi.json").json["paths"]["/api/v1/figures/{figure}"]["get"]["parameters"][0]["schema"]
    assert registry.figures.keys() <= set(names["enum"])
    for name, figure in registry.figures.items():
        one = program.gets(f"figures/{name}", period="month").json
        assert {key: one[key] for key in told[name]} == told[name]
        agent = told_of(programs, program, figure=name, period="month")
        assert (agent["count"], agent["records"]) == (one["count"], one["records"])
        others = programs.key(workspace, f"{'customer' if figure.noun != 'customer' else 'deal'}:read")
        assert others.gets(f"figures/{name}").status == 403, name
        assert name not in figures(others)
        assert program.gets(f"figures/{name}", filter="owner:none").status == 422
        assert program.gets(f"figures/{name}", by="colour", value="red").status == 422


def told_of(programs: Programs, program: Program, **given: str) -> Any:
    """Return how a figure is explained to an agent."""
    who = programs.calls.identify(f"Bearer {program.secret}")
    return asyncio.run(agents.call(programs.door, who, "explain_figure", given)).body


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


def test_no_address_of_a_plugin_shows_or_changes_anything_of_theirs(
    programs: Programs, registry: Registry, workspace: str, second_workspace: str, admin_url: str
) -> None:
    theirs = programs.key(second_workspace)
    made = furnished(theirs)
    for noun, secret in (("product", {"sku": f"{SECRET}-1"}), ("instrument", {"symbol": SECRET.upper()})):
        named = theirs.changes(f"records/{noun}/{made[noun]['id']}", {"name": f"{SECRET} {noun}", **secret})
        assert named.status == 200, named.text
    before = rows_of(admin_url, second_workspace)
    mine = programs.key(workspace)
    done = set()

    def use(address: str, body: Any, query: dict[str, str]) -> None:
        method, _, path = address.partition(" ")
        given = None if method == "GET" else body
        reply = mine.sends(method, f"/api/v1/plugins/{path}?{urlencode(query)}", given)
        done.update([address] if reply.status < 300 else [])
        assert reply.status < 500, reply.text
        if SECRET.casefold() not in f"{body}{query}".casefold():
            assert SECRET.casefold() not in reply.text.casefold(), (address, body)

    line = st.fixed_dictionaries(
        {"symbol": st.sampled_from([SECRET.upper(), "ACME"]), "price": st.sampled_from(["5", "x", ""])}
    )
    furnished(mine)
    for name in registry.routes:
        queries = st.sampled_from([{}, {"like": SECRET}])
        body = st.fixed_dictionaries({"prices": st.lists(line, max_size=2)})
        fuzz(use, 16, address=st.just(name), body=body, query=queries)
    assert done == registry.routes.keys()
    assert rows_of(admin_url, second_workspace) == before


def rows_of(admin_url: str, workspace: str) -> list[str]:
    """Return every row of a workspace, of plugins' tables too."""
    rows = every_table.rows(admin_url)
    return [row for table in rows for row in rows[table] if workspace in row]
