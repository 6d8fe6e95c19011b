"""Show what a key opens, and that it opens nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text, update

from api.limits import Limits
from api.openapi.document import OPERATIONS
from bot.registry import Registry
from storage.database.engine import Database
from storage.records import history
from storage.workspace import api_keys, members
from storage.workspace.api_keys import ApiKey, Verb
from storage.workspace.members import Role
from tests.support.programs import Program, Programs

ROUTES = {
    ("GET", "records/customer"): Verb.READ,
    ("GET", "records/customer/C-1"): Verb.READ,
    ("POST", "records/customer"): Verb.ADD,
    ("POST", "records/customer/bulk"): Verb.ADD,
    ("PATCH", "records/customer/C-1"): Verb.CHANGE,
    ("POST", "records/customer/C-1/archive"): Verb.ARCHIVE,
    ("POST", "records/customer/C-1/restore"): Verb.ARCHIVE,
    ("POST", "records/customer/C-1/merge"): Verb.MERGE,
    ("GET", "records/customer/C-1/notes"): Verb.READ,
    ("POST", "records/customer/C-1/notes"): Verb.NOTE,
    ("GET", "records/customer/C-1/followups"): Verb.READ,
    ("POST", "records/customer/C-1/followups"): Verb.NOTE,
    ("GET", "records/customer/C-1/history"): Verb.READ,
    ("POST", "followups/F-1/done"): Verb.NOTE,
    ("POST", "followups/F-1/cancel"): Verb.NOTE,
}
"""What a key must be allowed to do with customers, by method and address; what is left out is in `OF_ALL`."""
OF_ALL = {"undo", "search", "figures", "figures/{figure}", "classify", "key", "openapi.json"}
"""Addresses that are about no one noun: each tells what the key may know, as the tests of each show."""
BODIES = {
    "records/customer": {"fields": {"name": "Egret"}},
    "records/customer/bulk": {"records": [{"fields": {"name": "Egret"}}]},
    "records/customer/C-1": {"fields": {"tier": "gold"}},
    "records/customer/C-1/merge": {"into": "C-2"},
    "records/customer/C-1/notes": {"text": "Asked twice"},
    "records/customer/C-1/followups": {"text": "Call", "due_at": "2099-05-01T09:00:00Z", "owner": "UREP"},
}


def use(program: Program, method: str, path: str) -> int:
    body = BODIES.get(path) if method != "GET" else None
    return program.sends(method, f"/api/v1/{path}", body, if_match="*").status


@pytest.fixture
def furnished(programs: Programs, workspace: str) -> Programs:
    program = programs.key(workspace)
    for name in ("Heron", "Ibis"):
        program.adds("customer", name=name)
    assert program.posts("records/customer/C-1/followups", BODIES["records/customer/C-1/followups"]).status == 201
    return programs


def test_the_table_has_every_route() -> None:
    about = {"records/{noun}": "records/customer", "followups/{reference}": "followups/F-1", "{reference}": "C-1"}
    paths = [(one.method.upper(), one.path) for one in OPERATIONS]
    for written, meant in about.items():
        paths = [(method, path.replace(written, meant)) for method, path in paths]
    assert {(method, path) for method, path in paths if path not in OF_ALL} == {*ROUTES}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_each_route_takes_its_scope(furnished: Programs, workspace: str, method: str, path: str) -> None:
    verb = ROUTES[method, path]
    others = [f"customer:{other}" for other in Verb if other != verb]
    for scopes in (others, [f"contact:{verb}"], ["contact:*", "message:*"]):
        refused = furnished.key(workspace, *scopes).sends(method, f"/api/v1/{path}", BODIES.get(path), if_match="*")
        assert (refused.status, refused.kind) == (403, "forbidden"), scopes
    for scope in (f"customer:{verb}", f"*:{verb}", "customer:*"):
        assert use(furnished.key(workspace, scope), method, path) < 300, scope
        if path.endswith(("merge", "done", "cancel")):
            break  # it can be done once


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_each_route_takes_its_role(furnished: Programs, workspace: str, method: str, path: str) -> None:
    reads = ROUTES[method, path] is Verb.READ
    for role in (Role.VIEWER, Role.AGENT):
        assert use(furnished.key(workspace, role=role), method, path) == (200 if reads else 403)
    assert use(furnished.key(workspace, role=Role.REP), method, path) < 300


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_opens_without_a_good_key(furnished: Programs, workspace: str, method: str, path: str) -> None:
    good = furnished.key(workspace)
    assert good.gets("records/customer").status == 200
    bad = ["", "x", good.secret[:-1] + ("A" if good.secret[-1] != "A" else "B"), api_keys.PREFIX + "A" * 43]
    for secret in bad:
        reply = furnished.nobody(secret).sends(method, f"/api/v1/{path}", BODIES.get(path))
        assert (reply.status, reply.kind) == (401, "unauthenticated"), secret
        assert reply.headers["www-authenticate"].startswith("Bearer")
    for header in (f"Basic {good.secret}", good.secret, f"Bearer {good.secret} x", "Bearer"):
        reply = furnished.nobody().sends(method, f"/api/v1/{path}", BODIES.get(path), authorization=header)
        assert reply.status == 401, header


@pytest.mark.parametrize("how", ["revoked", "expired", "gone", "guest"])
def test_a_key_ends_at_once(programs: Programs, database: Database, workspace: str, how: str) -> None:
    program = programs.key(workspace, member="UREP")
    assert program.gets("records/customer").status == 200
    with database.transaction(workspace) as session:
        key = api_keys.listed(session)[0]
        member = members.get(session, "UREP")
        assert member is not None
        if how == "revoked":
            api_keys.revoke(session, key, datetime.now(UTC))
        elif how == "expired":
            key.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        elif how == "gone":
            member.active = False
        else:
            member.kind, member.roles = members.MemberKind.GUEST, []
    assert program.gets("records/customer").status == 401


def test_a_key_that_is_known_is_looked_up_as_the_transaction_begins(programs: Programs, workspace: str) -> None:
    """Count the statements: a list takes one, and adding no more than without a key."""
    program = programs.key(workspace, member="UREP")
    program.adds("customer", name="Heron")
    program.gets("key")  # as the first use of a key is noted with it
    said: list[str] = []

    def ran(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(programs.database.engine, "before_cursor_execute", ran)
    try:
        program.gets("records/contact")
        assert len(said) == 1
        assert program.gets("records/ship").status == 404  # its transaction is rolled back
        assert program.gets("records/customer/C-1").status == 200
        assert program.gets("key").json["acts_as"] == "UREP"
        assert not any("FROM api_key" in one for one in said), said
    finally:
        event.remove(programs.database.engine, "before_cursor_execute", ran)


def test_a_key_loses_what_its_person_loses(programs: Programs, database: Database, workspace: str) -> None:
    program = programs.key(workspace, member="UREP")
    assert program.adds("customer", name="Heron")["fields"]["owner"] == "UREP"
    with database.transaction(workspace) as session:
        member = members.get(session, "UREP")
        assert member is not None
        members.set_roles(session, member, [Role.VIEWER])
    assert program.posts("records/customer", {"fields": {"name": "Egret"}}).kind == "forbidden"
    assert program.gets("records/customer").status == 200


def test_the_last_use_is_kept(programs: Programs, database: Database, workspace: str) -> None:
    program = programs.key(workspace)
    with database.transaction(workspace) as session:
        assert api_keys.listed(session)[0].last_used_at is None
    program.gets("records/customer")
    with database.transaction(workspace) as session:
        first = api_keys.listed(session)[0].last_used_at
    assert first is not None
    program.gets("records/customer")
    with database.transaction(workspace) as session:
        assert api_keys.listed(session)[0].last_used_at == first


def test_the_history_names_the_key(programs: Programs, database: Database, workspace: str) -> None:
    made = programs.key(workspace, name="Billing sync", member="UREP").adds("customer", name="Heron")
    with database.transaction(workspace) as session:
        activity = history.timeline(session, "customer", int(made["id"][2:]))[0]
        assert activity.change_set.source == "api.add customer"
        assert history.actor_name(session, activity.change_set.actor_id) == "Billing sync"
        assert history.actor_name(session, "key:999") == "key:999"
        assert history.actor_name(session, "key:x") == "key:x"


def test_too_many_requests_are_told_when_to_come_again(database: Database, registry: Registry, workspace: str) -> None:
    serving = Programs(database, registry, per_minute=10)
    try:
        program, other = serving.key(workspace), serving.key(workspace)
        assert [program.gets("records/customer").status for _ in range(3)] == [200, 200, 429]
        reply = program.gets("records/customer")
        assert reply.kind == "too-many"
        assert 0 < int(reply.headers["retry-after"]) <= 60
        assert other.gets("records/customer").status == 200
    finally:
        serving.close()


def test_a_bucket_fills_again() -> None:
    now = [0.0]
    limits = Limits(per_minute=60, at_once=1, clock=lambda: now[0])
    assert [limits.wait("a"), limits.wait("a")] == [0, 1]
    now[0] = 1.0
    assert [limits.wait("a"), limits.wait("a")] == [0, 1]


def test_only_a_hash_is_stored(programs: Programs, database: Database, workspace: str) -> None:
    secret = programs.key(workspace).secret
    with database.transaction(workspace) as session:
        row = session.scalar(text("SELECT api_key::text FROM api_key"))
        assert secret not in row
        assert secret.removeprefix(api_keys.PREFIX)[:20] not in row


def test_a_key_keeps_its_workspace(
    programs: Programs, database: Database, workspace: str, second_workspace: str
) -> None:
    programs.key(workspace)
    with database.transaction(second_workspace) as session:
        assert api_keys.listed(session) == []
        assert session.execute(update(ApiKey).values(revoked_at=datetime.now(UTC))).rowcount == 0  # type: ignore[attr-defined]  # a cursor's
    with pytest.raises(Exception, match="keeps its workspace"), database.transaction("*") as session:
        session.execute(text("UPDATE api_key SET workspace_id = :w"), {"w": second_workspace})
