"""Show that no route, whatever it is given, shows or changes anything of another workspace."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import strategies as st

from api.agents import door as agents
from api.agents.tools import TOOLS, AgentTool
from api.openapi.document import OPERATIONS
from storage.crm.customers import CUSTOMER
from storage.digests.metrics import Cut, Metric
from storage.records.schema import field_definitions, noun_definitions
from storage.workspace.api_keys import Verb
from tests.support import every_table
from tests.support.fuzzing import SECRET, fuzz
from tests.support.programs import Program, Programs

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


# What is stored says nothing secret, so that nothing secret is ever of this workspace.
FIELDS = st.dictionaries(
    st.sampled_from(["name", "customer", "owner", "tier", "domain", "zanzibar", "email"]),
    st.sampled_from(["Heron", "C-1", "P-1", "UREP", "jo@heron.example", None, 1]),
)
NAMED = FIELDS.map(
    lambda fields: {"name": "Heron"} | {key: fields[key] for key in ("customer", "tier") if key in fields}
)
QUERIES: tuple[dict[str, str], ...] = (
    {"filter": "tier:zanzibar"},
    {"filter": f"name:{SECRET}"},
    {"filter": "zanzibar:none"},
    {"sort": "zanzibar"},
    {"q": SECRET},
    {"q": "C-1"},
    {"period": "year"},
    {"period": "year", "by": "owner", "value": "UREP"},
)


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Draw for each address a body that it takes, by how the address ends; some of them name what is not there."""
    when = st.just("2099-01-01T09:00:00Z")
    return st.fixed_dictionaries(
        {
            "{noun}": st.one_of(NAMED, FIELDS).map(lambda fields: {"fields": fields}),
            "{reference}": FIELDS.map(lambda fields: {"fields": fields}),
            "bulk": st.lists(FIELDS, min_size=1, max_size=3).map(
                lambda some: {"records": [{"fields": f} for f in some]}
            ),
            "merge": st.sampled_from(REFERENCES).map(lambda into: {"into": into}),
            "notes": st.just({"text": "Heron"}),
            "followups": st.fixed_dictionaries({"text": st.just("Heron"), "due_at": when, "owner": st.just("UREP")}),
            "classify": st.just({"text": "Heron"}),
        }
    )


def made_by(told: Any) -> set[str]:
    """Return the references of what an answer says was made."""
    rows = [row.get("record") or {} for row in told.get("results", ())] if isinstance(told, dict) else []
    return {str(one["id"]) for one in [told, *rows] if isinstance(one, dict) and "id" in one}


class Theirs:
    """Hold another workspace, with one of everything in it, and look whether anything of it is shown or changed."""

    def __init__(self, programs: Programs, admin_url: str, workspace: str) -> None:
        with programs.database.transaction(workspace) as session:
            field_definitions.define(session, CUSTOMER, name=SECRET, type="text")
            noun_definitions.define(session, name="Contract", letter="K")
        self._admin_url, self._workspace = admin_url, workspace
        key = programs.key(workspace, name=SECRET)
        furnish(key)
        key.adds("contract", name=f"{SECRET} Lease")
        self.cursor = str(key.gets("records/customer", limit=1).json["next"])
        self._before = self._rows()
        self.mine: set[str] = set()
        """What was made in the workspace that asks."""

    def _rows(self) -> list[str]:
        rows = every_table.rows(self._admin_url)
        return [row for table in rows for row in rows[table] if self._workspace in row]

    def is_unseen(self, asked: str, sent: Any, reference: str | None, status: int, told: Any) -> None:
        """Fail where an answer shows something of it: what was sent may come back, and nothing else."""
        assert status < 500, (asked, sent, told)
        if reference is not None and reference not in self.mine:
            assert status >= 400, (asked, reference, sent)
        if status < 300:
            self.mine |= made_by(told)
        if SECRET.casefold() not in json.dumps(sent).casefold():
            assert SECRET.casefold() not in json.dumps(told).casefold(), (asked, sent)

    def is_unchanged(self) -> None:
        """Fail where any row of it is another than it was."""
        assert self._rows() == self._before


@pytest.fixture
def theirs(programs: Programs, admin_url: str, second_workspace: str) -> Theirs:
    """Return another workspace with one of everything in it."""
    return Theirs(programs, admin_url, second_workspace)


def test_nothing_of_another_workspace_is_shown_or_changed(programs: Programs, workspace: str, theirs: Theirs) -> None:
    mine = programs.key(workspace)
    done: set[str] = set()

    def use(one: Any, noun: str, reference: str, figure: str, body: Any, query: dict[str, str]) -> None:
        path = one.path.format(noun=noun, reference=reference, figure=figure)
        sent = query if one.method == "get" else body.get(one.path.rpartition("/")[2])
        if one.method == "get":
            reply = mine.gets(path, **{name: query[name] for name in query if name in one.query})
        else:
            reply = mine.sends(one.method.upper(), f"/api/v1/{path}", sent, if_match="*")
        done.update([one.path] if reply.status < 300 else [])
        about = reference if "{reference}" in one.path else None
        theirs.is_unseen(path, sent, about, reply.status, reply.json)

    for one in OPERATIONS:
        fuzz(
            use, 5, one=st.just(one), noun=st.sampled_from([*NOUNS, "contract"]), reference=st.sampled_from(REFERENCES),
            figure=st.sampled_from(Metric), body=bodies(), query=st.sampled_from([*QUERIES, {"cursor": theirs.cursor}]),
        )  # fmt: skip
    theirs.is_unchanged()
    # Most were carried out, so that there was something to show.
    assert len(done) > len({one.path for one in OPERATIONS}) * 0.8, {one.path for one in OPERATIONS} - done


def test_no_tool_of_an_agent_shows_or_changes_anything_of_theirs(
    programs: Programs, workspace: str, theirs: Theirs
) -> None:
    who = programs.calls.identify(f"Bearer {programs.key(workspace).secret}")
    words = st.sampled_from([SECRET, "zanzibr", "C-1", "P-1", "UREP", "heron"])
    figures = st.sampled_from(["year", "week", *Metric, *Cut])
    done: set[str] = set()

    def use(tool: AgentTool, named: dict[str, Any], more: dict[str, Any]) -> None:
        needed = {name: value for name, value in named.items() if name in tool.required}
        taken = needed | {name: value for name, value in more.items() if name in tool.given}
        if tool.name == "find":
            taken |= {"noun": named["noun"]}
        answer = asyncio.run(agents.call(programs.door, who, tool.name, taken))
        done.update([tool.name] if answer.is_good else [])
        theirs.is_unseen(tool.name, taken, taken.get("reference"), answer.status, answer.body)

    named = st.fixed_dictionaries(
        {
            "noun": st.sampled_from([*NOUNS, "contract"]),
            "reference": st.sampled_from(REFERENCES),
            "fields": st.one_of(NAMED, FIELDS),
            "version": st.sampled_from([1, 2]),
            "text": st.just("Heron"),
        }
    )
    more = st.fixed_dictionaries(
        {},
        optional={
            "text": words,
            "filter": st.sampled_from(["tier:zanzibar", f"name:{SECRET}", "owner:none", "zanzibar:none"]),
            "sort": st.sampled_from(["zanzibar", "-created", "name"]),
            "cursor": st.sampled_from([theirs.cursor, "e30"]),
            "limit": st.integers(0, 60),
            "figure": figures,
            "period": figures,
            "owner": words,
            "by": figures,
            "value": words,
        },
    )
    # What adds records first, so that there is something to show.
    for tool in sorted(TOOLS, key=lambda tool: tool.verb != Verb.ADD):
        fuzz(use, 16, tool=st.just(tool), named=named, more=st.one_of(st.just({}), more))
    theirs.is_unchanged()
    assert done == {tool.name for tool in TOOLS}


@pytest.mark.parametrize("query", [{"q": SECRET}, {"q": "zanzibr"}])
def test_a_search_finds_nothing_of_theirs(
    programs: Programs, workspace: str, second_workspace: str, query: dict[str, str]
) -> None:
    programs.key(second_workspace).adds("customer", name=f"{SECRET} Sails")
    assert programs.key(workspace).gets("search", **query).json == {"found": []}


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
