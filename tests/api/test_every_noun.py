"""Do by the API what it can with every noun, and see that each has its effect once, is told, and is undone in Slack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from mcp import Client
from sqlalchemy import func, select

from bot.registry import Registry
from storage.database.engine import Database
from storage.records.history import ChangeSet
from storage.records.schema import field_definitions, noun_definitions, whole
from tests.support import webhooks
from tests.support.agents import calls, over_http
from tests.support.programs import Program, Programs
from tests.support.webhooks import told

Fields = Mapping[str, Any]
NOUNS: Mapping[str, tuple[Fields, Fields, str]] = {
    "customer": ({"name": "Heron"}, {"domain": "heron.example"}, "domain:egret.example"),
    "contact": ({"name": "Jo Fox"}, {"role": "CFO"}, "role:CEO"),
    "deal": ({"name": "Sails"}, {"amount": {"amount": "12.00", "currency": "EUR"}}, "amount:15eur"),
    "ticket": ({"name": "Login fails"}, {"priority": "high"}, "priority:low"),
    "pipeline": ({"name": "Renewals"}, {"name": "Renewing"}, "name:Extensions"),
    "stage": ({"name": "Trial"}, {"probability": 30}, "probability:40"),
    "reply": ({"name": "Hello", "text": "Dear all"}, {"text": "Hi"}, "text:Servus"),
    "category": ({"name": "Parts", "examples": "A spare part\nA new lid\nScrews"}, {"name": "Spares"}, "name:Pieces"),
    "renewal": ({"name": "Hosting", "on": "2031-05-01"}, {"on": "2031-06-01"}, "on:2031-07-01"),
    "contract": ({"name": "Lease"}, {"term": 4}, "term:5"),
    "quote": ({"name": "Pumps"}, {"until": "2031-05-01"}, "until:2031-06-01"),
}
"""What a record of each noun is added with, what is changed of it, and what somebody in Slack changes."""
OPEN = {"deal", "ticket"}
"""Nouns whose records are not archived while they are open."""


@pytest.fixture(scope="module")
def nouns(registry: Registry) -> set[str]:
    """Return the nouns there are, with one of the workspace's own."""
    return {*registry.nouns, "contract"}


@pytest.fixture
def here(database: Database, workspace: str) -> str:
    """Return a workspace with a noun of its own and a webhook that is told all."""
    with database.transaction(workspace) as session:
        noun_definitions.define(session, name="Contract", letter="K")
        field_definitions.define(session, whole(session).nouns["contract"], name="Term", type="number")
        webhooks.add(session)
    return workspace


class Done:
    """Count the change sets and events that each request causes."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database, self._workspace = database, workspace
        self._seen = self._now()

    def _now(self) -> tuple[int, int]:
        with self._database.transaction(self._workspace) as session:
            changes = session.scalar(select(func.count()).select_from(ChangeSet)) or 0
        return changes, len(told(self._database, self._workspace))

    def since(self) -> tuple[int, list[str]]:
        """Return how many change sets came since it was last asked, and which events."""
        before, self._seen = self._seen, self._now()
        events = [event for event, _of in told(self._database, self._workspace)]
        return self._seen[0] - before[0], events[before[1] :]


def first(program: Program, noun: str) -> Fields:
    """Return what a record of a noun is added with; a stage is one of a pipeline."""
    if noun != "stage":
        return NOUNS[noun][0]
    return {**NOUNS[noun][0], "pipeline": program.gets("records/pipeline").json["records"][0]["id"]}


def values(record: Any, changes: Fields) -> Fields:
    """Return what a record has in the fields that are changed."""
    return {key: record["fields"][key] for key in changes}


def test_the_table_has_every_noun(nouns: set[str]) -> None:
    assert nouns - {*NOUNS} == set()


@pytest.mark.parametrize("noun", NOUNS)
def test_each_effect_is_one_change_is_told_and_is_undone_in_slack(
    programs: Programs, database: Database, here: str, nouns: set[str], noun: str
) -> None:
    if noun not in nouns:
        pytest.skip("the plugin is not installed in this run")
    program, (_, changes, typed) = programs.key(here, name="Sync"), NOUNS[noun]
    program.gets("key")
    fields = first(program, noun)
    done = Done(database, here)

    made = program.adds(noun, **fields)
    path = f"records/{noun}/{made['id']}"
    assert made in program.gets(f"records/{noun}", limit=200).json["records"]
    count, events = done.since()
    assert (count, events[:1]) == (1, [f"{noun}.created"] if noun != "ticket" else ["ticket.opened"]), events
    (history,) = program.gets(f"{path}/history").json["history"]
    assert (history["by"]["name"], history["source"]) == ("Sync", f"api.add {noun}")

    changed = program.changes(path, changes, made["version"]).json
    assert done.since() == (1, [f"{noun}.changed"])
    assert program.changes(path, changes, made["version"]).kind == "changed"
    assert done.since() == (0, [])

    # Somebody in Slack is quicker: what the program knows is old, and nothing of theirs is lost.
    programs.types(here, f"{noun} edit {made['id']} {typed}")
    assert done.since() == (1, [f"{noun}.changed"])
    theirs = program.gets(path).json
    assert theirs["fields"] != changed["fields"]
    assert program.changes(path, changes, changed["version"]).kind == "changed"
    assert program.gets(path).json == theirs
    programs.types(here, "undo")
    assert done.since() == (1, [f"{noun}.changed"])
    assert values(program.gets(path).json, changes) == values(changed, changes)

    if noun in OPEN:
        assert program.posts(f"{path}/archive").kind == "conflict"
        assert done.since() == (0, [])
    else:
        assert program.posts(f"{path}/archive").status == 200
        assert done.since() == (1, [f"{noun}.archived"])
        programs.types(here, "undo Sync")
        assert done.since() == (1, [f"{noun}.restored"])

    programs.types(here, "undo Sync")
    assert done.since() == (1, [f"{noun}.changed"])
    assert values(program.gets(path).json, changes) == values(made, changes)
    programs.types(here, "undo Sync")
    count, events = done.since()
    assert (count, events[-1:]) == (1, [f"{noun}.removed"]), events
    assert program.gets(path).status == 404


@pytest.mark.parametrize("noun", NOUNS)
def test_agents_do_with_each_noun_what_programs_do(programs: Programs, here: str, nouns: set[str], noun: str) -> None:
    if noun not in nouns:
        pytest.skip("the plugin is not installed in this run")
    program, changes = programs.key(here), NOUNS[noun][1]

    async def uses(client: Client) -> Any:
        described = await calls(client, "describe", noun=noun)
        made = await calls(client, "create", noun=noun, fields=first(program, noun))
        of = {"noun": noun, "reference": made["id"]}
        changed = await calls(client, "update", **of, version=made["version"], fields=changes)
        return described, changed, await calls(client, "get", **of), await calls(client, "find", noun=noun)

    described, changed, got, found = over_http(program, uses)
    assert changes.keys() <= described["fields"].keys()
    assert got == program.gets(f"records/{noun}/{got['id']}").json
    assert values(got, changes) == values(changed, changes)
    assert got["id"] in {one["id"] for one in found["records"]}


@pytest.mark.parametrize("noun", NOUNS)
def test_each_noun_is_served_alone(
    database: Database, registry: Registry, here: str, nouns: set[str], noun: str
) -> None:
    if noun not in nouns:
        pytest.skip("the plugin is not installed in this run")
    alone = Programs(database, registry, only=["own" if noun == "contract" else noun])
    try:
        program = alone.key(here)
        assert program.gets(f"records/{noun}").status == 200
        assert {program.gets(f"records/{other}").kind for other in nouns - {noun}} == {"not-found"}
        paths = [one for one in program.gets("openapi.json").json["paths"] if "/records/" in one]
        assert paths and all(one.startswith(f"/api/v1/records/{noun}") for one in paths)
    finally:
        alone.close()
