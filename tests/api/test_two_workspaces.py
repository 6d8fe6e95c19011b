"""Show that no route, whatever it is given, shows or changes anything of another workspace."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.agents import door as agents
from api.agents.tools import TOOLS, AgentTool
from api.openapi.document import OPERATIONS
from storage.crm.customers import CUSTOMER
from storage.database.engine import Database
from storage.digests.metrics import Metric
from storage.records.schema import field_definitions
from storage.workspace.api_keys import Verb
from tests.support import every_table
from tests.support.programs import Program, Programs

SECRET = "Zanzibar"
NOUNS = ("customer", "contact")
REFERENCES = ("C-1", "P-1", "F-1", "C-2", "D-1")


def furnish(program: Program) -> None:
    """Store one of each, all with the secret in it."""
    made = program.adds("customer", name=f"{SECRET} Sails", domain=f"{SECRET}.example", tier=SECRET)
    program.adds("customer", name=f"{SECRET} Two", zanzibar=SECRET)
    program.adds("contact", name=f"{SECRET} Jo", customer=made["id"], email=f"jo@{SECRET}.example")
    program.posts(f"records/customer/{made['id']}/notes", {"text": SECRET})
    program.adds("deal", name=f"{SECRET} Deal", customer=made["id"], owner="UREP")
    program.adds("ticket", name=f"{SECRET} Ticket", customer=made["id"])
    due = {"text": SECRET, "due_at": "2099-01-01T09:00:00Z", "owner": "UREP"}
    assert program.posts(f"records/customer/{made['id']}/followups", due).status == 201


def bodies() -> st.SearchStrategy[Any]:
    fields = st.dictionaries(
        st.sampled_from(["name", "customer", "owner", "tier", "domain", "zanzibar", "email"]),
        st.sampled_from(["C-1", "P-1", SECRET, f"{SECRET} Sails", "UREP", None, 1]),
    )
    return st.one_of(
        st.builds(lambda one: {"fields": one}, fields),
        st.builds(
            lambda some: {"records": [{"fields": one} for one in some]}, st.lists(fields, min_size=1, max_size=3)
        ),
        st.sampled_from(REFERENCES).map(lambda into: {"into": into}),
        st.just({"text": "Heron", "due_at": "2099-01-01T09:00:00Z", "owner": "UREP"}),
    )


def test_nothing_of_another_workspace_is_shown_or_changed(
    programs: Programs, database: Database, admin_url: str, workspace: str, second_workspace: str
) -> None:
    with database.transaction(second_workspace) as session:
        field_definitions.define(session, CUSTOMER, name=SECRET, type="text")
    theirs = programs.key(second_workspace, name=SECRET)
    furnish(theirs)
    mine = programs.key(workspace)
    cursor = theirs.gets("records/customer", limit=1).json["next"]

    def belonging() -> list[str]:
        rows = every_table.rows(admin_url)
        return [row for table in rows for row in rows[table] if second_workspace in row]

    before = belonging()

    @settings(
        max_examples=150,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(
        one=st.sampled_from(OPERATIONS),
        noun=st.sampled_from(NOUNS),
        reference=st.sampled_from(REFERENCES),
        figure=st.sampled_from(Metric),
        body=bodies(),
        query=st.sampled_from(
            [
                {},
                {"filter": "tier:zanzibar"},
                {"filter": f"name:{SECRET}"},
                {"cursor": cursor},
                {"sort": "zanzibar"},
                {"q": SECRET},
                {"q": "C-1"},
                {"period": "year"},
                {"period": "year", "by": "owner", "value": "UREP"},
            ]
        ),
    )
    def use(one: Any, noun: str, reference: str, figure: str, body: Any, query: dict[str, str]) -> None:
        path = one.path.format(noun=noun, reference=reference, figure=figure)
        if one.method == "get":
            reply = mine.gets(path, **query)
            sent = query
        else:
            reply = mine.sends(one.method.upper(), f"/api/v1/{path}", body, if_match="*")
            sent = body
        assert reply.status < 500, reply.text
        # What was sent may come back, and nothing else.
        if SECRET.casefold() not in json.dumps(sent).casefold():
            assert SECRET.casefold() not in reply.text.casefold(), (path, sent)

    use()
    assert belonging() == before


@pytest.mark.parametrize("query", [{"q": SECRET}, {"q": "zanzibr"}])
def test_a_search_finds_nothing_of_theirs(
    programs: Programs, workspace: str, second_workspace: str, query: dict[str, str]
) -> None:
    programs.key(second_workspace).adds("customer", name=f"{SECRET} Sails")
    assert programs.key(workspace).gets("search", **query).json == {"found": []}


def test_no_tool_of_an_agent_shows_or_changes_anything_of_theirs(
    programs: Programs, admin_url: str, database: Database, workspace: str, second_workspace: str
) -> None:
    with database.transaction(second_workspace) as session:
        field_definitions.define(session, CUSTOMER, name=SECRET, type="text")
    theirs = programs.key(second_workspace, name=SECRET)
    furnish(theirs)
    who = programs.calls.identify(f"Bearer {programs.key(workspace).secret}")

    def belonging() -> list[str]:
        rows = every_table.rows(admin_url)
        return [row for table in rows for row in rows[table] if second_workspace in row]

    before = belonging()
    for tool in TOOLS:
        for noun in NOUNS:
            for reference in REFERENCES:
                given = {"noun": noun, "reference": reference, "version": 1, "fields": {"name": "Heron"}, "text": "Z"}
                taken = {name: value for name, value in given.items() if name in {"noun", *tool.given}}
                answer = asyncio.run(agents.call(programs.door, who, tool.name, taken))
                assert answer.status < 500
                assert SECRET.casefold() not in json.dumps(answer.body).casefold(), (tool.name, taken)
    for figure in Metric:
        told = asyncio.run(agents.call(programs.door, who, "explain_figure", {"figure": figure, "period": "year"}))
        assert told.body is not None and (told.body["count"], told.body["records"]) == (0, [])
    found = asyncio.run(agents.call(programs.door, who, "find", {"text": SECRET}))
    assert found.body == {"found": []}
    assert belonging() == before


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool.of_noun], ids=lambda tool: tool.name)
def test_each_tool_takes_its_scope(programs: Programs, workspace: str, tool: AgentTool) -> None:
    programs.key(workspace).adds("customer", name="Heron")
    given = {"noun": "customer", "reference": "C-1", "version": 1, "fields": {"tier": "x", "name": "X"}, "text": "Z"}
    taken = {name: value for name, value in given.items() if name in {"noun", *tool.given}}
    others = [f"customer:{verb}" for verb in Verb if verb != tool.verb]
    for scopes, refused in ((others, True), (["contact:*"], True), ([f"customer:{tool.verb}"], False)):
        who = programs.calls.identify(f"Bearer {programs.key(workspace, *scopes).secret}")
        answer = asyncio.run(agents.call(programs.door, who, tool.name, taken))
        assert (answer.status == 403) == refused, (scopes, answer.body)
