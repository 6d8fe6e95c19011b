"""Show that what a program does has its effect once, in the history, with what follows, as if done in Slack."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from bot.plugin import Plugin
from bot.registry import Registry
from storage.crm.customers import Customer
from storage.database.engine import Database
from storage.events import CustomerAdded, CustomerChanged
from storage.records.history import ChangeAnswer, ChangeSet
from tests.support.cluster import connect
from tests.support.database_wire import Wire
from tests.support.programs import Program, Programs

NEW = {"fields": {"name": "Heron Sails"}}


def test_a_repeated_request_has_its_effect_once(program: Program, database: Database, workspace: str) -> None:
    first = program.posts("records/customer", NEW, idempotency_key="order-1")
    again = program.posts("records/customer", NEW, idempotency_key="order-1")
    assert (again.status, again.json, again.headers["etag"]) == (201, first.json, first.headers["etag"])
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    other = program.posts("records/customer", {"fields": {"name": "Egret"}}, idempotency_key="order-1")
    assert other.kind == "invalid"
    assert other.json["errors"][0]["field"] == "Idempotency-Key"
    assert program.posts("records/contact", NEW, idempotency_key="order-1").kind == "invalid"
    for odd in ("", "é", "x" * 201, "a b"):
        assert program.posts("records/customer", NEW, idempotency_key=odd).kind == "invalid"
    with database.transaction(workspace) as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_keys_share_no_idempotency_key(programs: Programs, workspace: str) -> None:
    one, other = programs.key(workspace), programs.key(workspace)
    first = one.posts("records/customer", NEW, idempotency_key="1").json
    assert other.posts("records/customer", NEW, idempotency_key="1").json["id"] != first["id"]


def test_what_was_refused_may_be_tried_again(program: Program) -> None:
    wrong = {"fields": {"name": ""}}
    assert program.posts("records/customer", wrong, idempotency_key="1").status == 422
    assert program.posts("records/customer", NEW, idempotency_key="1").status == 201


def test_of_requests_at_once_one_has_its_effect(program: Program, database: Database, workspace: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _n: program.posts("records/customer", NEW, idempotency_key="1"), range(8)))
    assert {reply.status for reply in replies} == {201}
    assert len({reply.json["id"] for reply in replies}) == 1
    with database.transaction(workspace) as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_a_forgotten_answer_is_no_second_effect(program: Program, admin_url: str) -> None:
    program.posts("records/customer", NEW, idempotency_key="1")
    with connect(admin_url) as connection:
        connection.execute("DELETE FROM change_answer")
    assert program.posts("records/customer", NEW, idempotency_key="1").kind == "conflict"


def test_listeners_hear_what_programs_do(database: Database, registry: Registry, workspace: str) -> None:
    heard: list[str] = []
    plugin = Plugin("hears", contract=2, title="Hears")

    @plugin.on(CustomerAdded)
    def added(fact: CustomerAdded) -> None:
        """Note who was added."""
        heard.append(f"added {fact.record.name}")

    @plugin.on(CustomerChanged)
    def changed(fact: CustomerChanged) -> None:
        """Note what it is now."""
        heard.append(f"changed {fact.record.tier}")

    serving = Programs(database, Registry([*registry.plugins.values(), plugin]))
    try:
        program = serving.key(workspace)
        program.posts("records/customer/bulk", {"records": [{"fields": {"name": "A"}}, {"fields": {}}]})
        program.changes("records/customer/C-1", {"tier": "gold"})
        assert heard == ["added A", "changed gold"]
    finally:
        serving.close()


def test_a_change_of_nothing_is_no_change(program: Program, database: Database, workspace: str) -> None:
    program.adds("customer", name="Heron")
    assert program.changes("records/customer/C-1", {"name": "Heron"}).json["version"] == 1
    program.gets("records/customer")
    with database.transaction(workspace) as session:
        assert session.scalar(select(func.count()).select_from(ChangeSet)) == 1
        assert session.scalar(select(func.count()).select_from(ChangeAnswer)) == 0


def test_of_two_changes_at_once_one_is_refused(programs: Programs, workspace: str) -> None:
    programs.key(workspace).adds("customer", name="Heron")
    several = [programs.key(workspace) for _ in range(6)]

    def change(number: int) -> int:
        return several[number].changes("records/customer/C-1", {"tier": f"t{number}"}, 1).status

    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(change, range(6)))
    assert statuses == [200, 412, 412, 412, 412, 412]
    assert several[0].gets("records/customer/C-1").json["version"] == 2


@pytest.mark.parametrize("before", [True, False])
def test_a_commit_whose_answer_is_lost_has_its_effect_once(
    admin_url: str, registry: Registry, workspace: str, before: bool
) -> None:
    wire = Wire(admin_url, change=b"INSERT INTO activity")
    wire.before = before
    database = Database(wire.url, pool_size=4)
    serving = Programs(database, registry)
    try:
        program = serving.key(workspace)
        wire.lose = 1
        reply = program.posts("records/customer", NEW, idempotency_key="1")
        assert wire.lost.is_set()
        assert reply.status == 201, reply.text
        assert [one["id"] for one in program.gets("records/customer").json["records"]] == [reply.json["id"]]
        wire.lose = 1
        assert program.posts("records/customer", NEW).kind == "in-doubt"
        wire.refuse = True
        away = program.gets("records/customer")
        assert (away.status, away.kind) == (503, "unavailable")
        assert away.headers["retry-after"]
    finally:
        serving.close()
        wire.close()
        database.dispose()
