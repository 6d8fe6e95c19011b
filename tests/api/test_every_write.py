"""Write by every route and tool, and see that the same follows as when a person does it in Slack, and is undone there.

Each row is done by a program in one workspace and by a person in another that has the same records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from api.agents import door as agents
from api.agents.tools import TOOLS
from api.openapi.document import OPERATIONS
from bot.handlers.history.notices import yours
from bot.kit import format
from bot.plugin import Plugin
from bot.registry import Registry
from storage import events
from storage.crm import customers, deals, followups
from storage.database.engine import Database
from storage.events import Fact
from storage.queues.outbox import Delivery
from storage.records import history, lifecycle
from storage.records.history import ownership
from storage.workspace import api_keys, members
from storage.workspace.members import Role
from storage.workspace.workspaces import Workspace
from tests.support import webhooks
from tests.support.programs import Program, Programs
from tests.support.webhooks import told

WHEN = "2099-05-01T07:00:00+00:00"
AS = "UMANAGER"
"""Who does it in Slack; what they change is UREP's."""
STORED = ("customer", "contact", "deal", "note", "followup")


@dataclass(frozen=True)
class Write:
    """Hold one way of writing: a route or a tool, what it is given, and what a person types for the same."""

    by: str
    path: str
    given: Mapping[str, Any] | None
    typed: tuple[str, ...]
    before: tuple[str, ...] = ()
    """What a person has typed before, for which a program has sent the same."""
    notices: tuple[str, ...] | None = None
    """What people are told where that differs: by one message for a request, and of what others did for them."""

    def __str__(self) -> str:
        return f"{self.by} {self.path}"


EGRET = {"name": "Egret", "owner": "UREP"}
TIER = {"fields": {"tier": "gold"}}
C1 = {"noun": "customer", "reference": "C-1"}
ROUTES = (
    Write("post", "records/customer", {"fields": EGRET}, ("customer add Egret owner:<@UREP>",)),
    Write(
        "post", "records/customer/bulk", {"records": [{"fields": EGRET}, {"fields": EGRET | {"name": "Stork"}}]},
        ("customer add Egret owner:<@UREP>", "customer add Stork owner:<@UREP>"),
        notices=("post pending UREP history.yours C-4",),
    ),
    Write("patch", "records/customer/C-1", TIER, ("customer edit C-1 tier:gold",)),
    Write("post", "records/customer/C-2/archive", None, ("customer archive C-2",)),
    Write("post", "records/customer/C-3/restore", None, ("customer restore C-3",)),
    Write("post", "records/customer/C-2/merge", {"into": "C-1"}, ("customer merge C-2 into:C-1",)),
    Write("post", "records/customer/C-1/notes", {"text": "Asked twice"}, ("customer note C-1 Asked twice",)),
    Write(
        "post", "records/customer/C-1/followups", {"text": "Call", "due_at": WHEN, "owner": AS},
        ('followup add C-1 Call when:"2099-05-01 9:00"',), notices=("post pending UMANAGER history.yours F-2",),
    ),
    Write("post", "followups/F-1/done", None, ("followup done F-1",)),
    Write("post", "followups/F-1/cancel", None, ("followup cancel F-1",)),
    Write("post", "undo", None, ("undo",), before=("customer edit C-1 tier:gold",)),
    # What others are told of: a deal that is given to somebody, with all that is in it.
    Write("patch", "records/deal/D-1", {"fields": {"owner": "UADMIN"}}, ("deal edit D-1 owner:<@UADMIN>",)),
)  # fmt: skip
AGENTS = (
    Write("tool", "create", {"noun": "customer", "fields": EGRET}, ("customer add Egret owner:<@UREP>",)),
    Write("tool", "update", {**C1, "version": 1, **TIER}, ("customer edit C-1 tier:gold",)),
    Write("tool", "note", {**C1, "text": "Asked twice"}, ("customer note C-1 Asked twice",)),
)  # fmt: skip


@pytest.fixture
def heard() -> list[tuple[str, str]]:
    """Return where the listener notes what it hears: which fact, in which workspace."""
    return []


@pytest.fixture
def listening(database: Database, registry: Registry, heard: list[tuple[str, str]]) -> Iterator[Programs]:
    """Serve programs and people, with a plugin that listens for every fact."""
    plugin = Plugin("hears", contract=2, title="Hears")
    for kind in Fact.__subclasses__():
        if kind.__module__ == events.__name__:
            plugin.on(kind)(_hearing(heard))
    serving = Programs(database, Registry([*registry.plugins.values(), plugin]))
    yield serving
    serving.close()


def _hearing(heard: list[tuple[str, str]]) -> Callable[..., None]:
    def hear(fact: Any) -> None:
        """Note what was heard."""
        heard.append((type(fact).__name__, fact.record.workspace_id))

    return hear


def furnish(database: Database, workspace: str) -> None:
    """Store what is written to, all of it UREP's, with a webhook that is told all."""
    with database.transaction(workspace) as session, history.recording(session, actor_id=None, source="test"):
        made = [customers.add(session, name=name, owner_id="UREP") for name in ("Heron", "Ibis", "Crane")]
        lifecycle.archive(session, made[2])
        deals.add(session, name="Sails", owner_id="UREP", customer_id=made[0].id)
        due = datetime(2099, 1, 1, 9, tzinfo=UTC)
        followups.add(session, text="Write", due_at=due, zone="UTC", owner_id="UREP", about=made[0])
        webhooks.add(session)


class Followed:
    """Hold what has followed from a write in a workspace."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database, self._workspace = database, workspace
        self._seen = self._changes(), len(told(database, workspace))
        self._outbox = self.outbox()

    def _changes(self) -> int:
        return self._ask("SELECT max(id) FROM change_set")[0] or 0

    def _ask(self, statement: str, **values: Any) -> list[Any]:
        with self._database.transaction(self._workspace) as session:
            return list(session.scalars(text(statement), values))

    def change_sets(self) -> int:
        """Return how many change sets came."""
        return int(self._ask("SELECT count(*) FROM change_set WHERE id > :seen", seen=self._seen[0])[0])

    def outbox(self) -> list[Any]:
        """Return what is to be sent to whom."""
        return self._ask(
            "SELECT concat_ws(' ', kind, state, coalesce(target_user, target_channel), renderer, record) FROM outbox"
            " WHERE workspace_id = :here ORDER BY 1",
            here=self._workspace,
        )

    def all(self) -> Mapping[str, Any]:
        """Return what was done to which records, what webhooks are told, and what people are."""
        done = self._ask(
            "SELECT jsonb_build_array(noun, record_id, entity, action, after) FROM activity"
            " WHERE change_set_id > :seen ORDER BY noun, record_id, entity, action",
            seen=self._seen[0],
        )
        events = told(self._database, self._workspace)[self._seen[1] :]
        return {
            "history": [[*which, _by_nobody(after)] for *which, after in done],
            # Notes of all workspaces have their numbers from one counter.
            "webhooks": [(event, about.partition(" ")[0] if "note" in about else about) for event, about in events],
            "outbox": [one for one in self.outbox() if one not in self._outbox],
            "due": self._ask(
                "SELECT concat_ws(' ', kind, subject, at, target_user) FROM due WHERE workspace_id = :here ORDER BY 1",
                here=self._workspace,
            ),
        }


def _by_nobody(after: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was written, without who did it and where; of moments of its own only that there is one."""
    told = {name: value for name, value in after.items() if name not in {"created_by", "zone", "at"}}
    return {name: bool(value) if name.endswith("ed_at") else value for name, value in told.items()}


def state(database: Database, workspace: str) -> Mapping[str, list[Any]]:
    """Return what a workspace holds, without what says how often and when it was written."""
    found = {}
    with database.transaction(workspace) as session:
        for table in STORED:
            rows = f"SELECT to_jsonb(t) - '{{version,updated_at,touched_at}}'::text[] FROM {table} AS t ORDER BY 1"
            found[table] = list(session.scalars(text(rows)))
    return found


def send(programs: Programs, program: Program, write: Write) -> None:
    """Have a program do it."""
    if write.by == "tool":
        who = programs.calls.identify(f"Bearer {program.secret}")
        answer = asyncio.run(agents.call(programs.door, who, write.path, dict(write.given or {})))
        assert answer.is_good, answer.body
        return
    reply = program.sends(write.by.upper(), f"/api/v1/{write.path}", write.given, if_match="*")
    assert reply.status < 300, reply.text


def test_the_table_has_every_route_and_tool_that_writes() -> None:
    unwritten = {("post", "classify")}
    routes = {(one.method, one.path) for one in OPERATIONS if one.method != "get"} - unwritten
    tried = {(one.by, one.path.replace("/customer", "/{noun}")) for one in ROUTES}
    named = {(by, "/".join("{reference}" if "-" in part else part for part in path.split("/"))) for by, path in tried}
    assert routes <= named
    assert {tool.name for tool in TOOLS if not tool.reads} == {one.path for one in AGENTS}


@pytest.mark.parametrize("write", [*ROUTES, *AGENTS], ids=str)
def test_what_a_program_writes_is_one_change_that_all_are_told_and_people_undo(
    listening: Programs,
    database: Database,
    workspace: str,
    second_workspace: str,
    heard: list[tuple[str, str]],
    write: Write,
) -> None:
    for here in (workspace, second_workspace):
        furnish(database, here)
    program = listening.key(workspace, name="Sync", role=Role.MANAGER)
    program.gets("key")
    for line in write.before:
        listening.types(second_workspace, line, AS)
        assert program.changes("records/customer/C-1", {"tier": "gold"}).status == 200, line
    before = state(database, workspace)
    ours, theirs = Followed(database, workspace), Followed(database, second_workspace)
    heard.clear()

    send(listening, program, write)
    assert ours.change_sets() == 1
    for line in write.typed:
        listening.types(second_workspace, line, AS)
    wanted = theirs.all()
    assert ours.all() == {**wanted, **({} if write.notices is None else {"outbox": [*write.notices]})}
    assert wanted["history"]
    # People need not be told of what they set for themselves.
    untold = {events.OwnedChanged.__name__} if "followups" in write.path else set()
    told_of = [
        [one for one, where in heard if where == here and one not in untold] for here in (workspace, second_workspace)
    ]
    assert sorted(told_of[0]) == sorted(told_of[1])
    with database.transaction(workspace) as session:
        newest = session.scalars(text("SELECT actor_id FROM change_set ORDER BY id DESC LIMIT 1")).one()
        assert api_keys.name_of(session, newest) == "Sync"
    assert state(database, workspace) != before

    if write.path != "undo":
        listening.types(workspace, "undo Sync", "UADMIN")
        assert state(database, workspace) == before


@pytest.mark.parametrize(
    "write", [one for one in (*ROUTES, *AGENTS) if "C-" in str(one.path) + str(one.given)], ids=str
)
def test_what_only_owners_may_change_no_program_changes_for_others(
    listening: Programs, database: Database, workspace: str, write: Write
) -> None:
    furnish(database, workspace)
    with database.transaction(workspace) as session:
        ownership.let_change(session, "customer", ownership.OWNER)
        session.execute(text("UPDATE member SET roles = '{rep}' WHERE id = 'UAGENT'"))
    written_about = write.path.rpartition("/")[2] in {"notes", "followups", "note"}
    for member, refused in (("UAGENT", not written_about), ("UREP", False)):
        program = listening.key(workspace, member=member)
        if write.by == "tool":
            who = listening.calls.identify(f"Bearer {program.secret}")
            status = asyncio.run(agents.call(listening.door, who, write.path, dict(write.given or {}))).status
        else:
            status = program.sends(write.by.upper(), f"/api/v1/{write.path}", write.given, if_match="*").status
        assert (status == 403) == refused, (member, status)


def test_who_owns_a_record_reads_which_program_changed_it(
    listening: Programs, database: Database, workspace: str
) -> None:
    furnish(database, workspace)
    program = listening.key(workspace, name="Sync <!here>", role=Role.REP)
    assert program.changes("records/customer/C-1", {"tier": "gold"}).status == 200
    assert program.changes("records/customer/C-2", {"owner": "UMANAGER"}).status == 200
    said = []
    with database.transaction(workspace) as session:
        here = session.get_one(Workspace, workspace)
        for row in session.scalars(select(Delivery).where(Delivery.renderer == "history.yours").order_by(Delivery.seq)):
            receiver = members.get(session, str(row.target_user))
            message = yours(row, session, receiver, format.reader(receiver, here, datetime.now(UTC)))
            assert message is not None
            said.append((row.target_user, str(message.text)))
    assert said[-3:] == [
        ("UREP", "*Sync &lt;!here&gt;* changed your C-1 *Heron*"),
        ("UMANAGER", "*Sync &lt;!here&gt;* gave you C-2 *Ibis*"),
        ("UREP", "*Sync &lt;!here&gt;* took C-2 *Ibis* from you"),
    ]
