"""Use what belongs to records, find them, and take changes back, as a program does."""

from __future__ import annotations

import pytest

from storage.crm.customers import CUSTOMER
from storage.database.engine import Database
from storage.queues.due import Due
from storage.records.schema import field_definitions
from storage.workspace.members import Role
from tests.support.programs import Program, Programs


def test_notes_are_written_and_listed(program: Program) -> None:
    made = program.adds("customer", name="Heron")
    path = f"records/customer/{made['id']}/notes"
    assert program.posts(path, {"text": "Asked for a quote"}).json["kind"] == "note"
    call = program.posts(path, {"text": "Agreed", "kind": "call", "at": "2031-05-01T09:00:00+02:00"}).json
    assert (call["about"], call["at"]) == (made["id"], "2031-05-01T07:00:00+00:00")
    assert [one["text"] for one in program.gets(path).json["notes"]] == ["Agreed", "Asked for a quote"]
    assert len(program.gets(path, limit=1).json["notes"]) == 1
    for field, wrong in {
        "text": {"text": 5},
        "kind": {"text": "x", "kind": "rumour"},
        "at": {"text": "x", "at": "2031-05-01"},
        "color": {"text": "x", "color": "red"},
    }.items():
        reply = program.posts(path, wrong)
        assert (reply.kind, reply.json["errors"][0]["field"]) == ("invalid", field)
    assert program.posts(path, {"text": " "}).kind == "invalid"
    assert program.posts("records/customer/C-99/notes", {"text": "x"}).kind == "not-found"


def test_follow_ups_are_set_listed_and_closed(programs: Programs, database: Database, workspace: str) -> None:
    rita = programs.key(workspace, member="UREP")
    made = rita.adds("customer", name="Heron")
    path = f"records/customer/{made['id']}/followups"
    due = rita.posts(path, {"text": "Call", "due_at": "2099-05-01T09:00:00Z"}).json
    assert (due["owner"], due["status"], due["about"]) == ("UREP", "open", made["id"])
    with database.transaction(workspace) as session:
        assert [row.target_user for row in session.query(Due)] == ["UREP"]
    other = rita.posts(path, {"text": "Write", "due_at": "2098-05-01T09:00:00Z", "owner": "UMANAGER"}).json
    assert [one["id"] for one in rita.gets(path).json["followups"]] == [other["id"], due["id"]]
    assert rita.posts(f"followups/{due['id']}/done").json["status"] == "done"
    assert rita.posts(f"followups/{due['id']}/done").kind == "conflict"
    assert rita.posts(f"followups/{other['id']}/cancel").json["status"] == "cancelled"
    with database.transaction(workspace) as session:
        assert session.query(Due).all() == []
    assert rita.posts("followups/F-99/done").kind == "not-found"
    assert rita.posts("followups/C-1/done").kind == "not-found"
    nobody = programs.key(workspace)
    for field, wrong in {
        "owner": {"text": "x", "due_at": "2099-05-01T09:00:00Z"},
        "due_at": {"text": "x", "owner": "UREP"},
        "text": {"due_at": "2099-05-01T09:00:00Z", "owner": "UREP"},
    }.items():
        assert nobody.posts(path, wrong).json["errors"][0]["field"] == field
    stranger = {"text": "x", "due_at": "2099-05-01T09:00:00Z", "owner": "UGUEST"}
    assert nobody.posts(path, stranger).json["errors"][0]["field"] == "owner"


def test_the_history_tells_who_did_what(programs: Programs, database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        field_definitions.define(session, CUSTOMER, name="Plan", type="choice", choices=["Basic", "Plus"])
    program = programs.key(workspace, name="Billing")
    made = program.adds("customer", name="Heron", plan="Basic")
    program.changes(f"records/customer/{made['id']}", {"plan": "Plus", "tier": "gold"})
    told = program.gets(f"records/customer/{made['id']}/history").json["history"]
    assert [one["action"] for one in told] == ["updated", "created"]
    assert told[0]["by"]["name"] == "Billing"
    assert told[0]["source"] == "api.change customer"
    assert (told[0]["before"], told[0]["after"]) == ({"tier": None, "plan": "Basic"}, {"tier": "gold", "plan": "Plus"})


def test_a_key_takes_its_own_changes_back(programs: Programs, workspace: str) -> None:
    one, other = programs.key(workspace), programs.key(workspace)
    made = one.adds("customer", name="Heron")
    one.changes(f"records/customer/{made['id']}", {"tier": "gold"})
    other.adds("customer", name="Ibis")
    assert one.posts("undo").json["undone"] == [{"noun": "customer", "name": "Heron", "was": "updated"}]
    assert one.gets(f"records/customer/{made['id']}").json["fields"]["tier"] is None
    one.changes(f"records/customer/{made['id']}", {"tier": "gold"})
    other.changes(f"records/customer/{made['id']}", {"domain": "heron.example"})
    assert one.posts("undo").kind == "conflict"
    assert programs.key(workspace).posts("undo").kind == "not-found"


def test_undoing_takes_the_right_to_change(programs: Programs, workspace: str) -> None:
    adds = programs.key(workspace, "customer:add", "customer:read")
    adds.adds("customer", name="Heron")
    assert adds.posts("undo").kind == "forbidden"


def test_records_are_found_among_what_may_be_read(programs: Programs, workspace: str) -> None:
    program = programs.key(workspace)
    customer = program.adds("customer", name="Heron Sails")
    contact = program.adds("contact", name="Heron Jo")
    assert {one["id"] for one in program.gets("search", q="hern").json["found"]} == {customer["id"], contact["id"]}
    assert [one["id"] for one in program.gets("search", q="heron", nouns="contact").json["found"]] == [contact["id"]]
    assert [one["id"] for one in program.gets("search", q=customer["id"]).json["found"]] == [customer["id"]]
    assert program.gets("search").json["found"] == []
    narrow = programs.key(workspace, "contact:read")
    assert [one["id"] for one in narrow.gets("search", q="heron").json["found"]] == [contact["id"]]
    assert narrow.gets("search", q=customer["id"]).json["found"] == []
    assert narrow.gets("search", q="heron", nouns="customer").kind == "forbidden"
    assert programs.key(workspace, "contact:add").gets("search", q="heron").json["found"] == []
    assert program.gets("search", q="heron", nouns="ship").json["errors"][0]["field"] == "nouns"


def test_a_text_is_classified(programs: Programs, workspace: str) -> None:
    said = programs.key(workspace).posts("classify", {"text": "I was charged twice, please refund the invoice"}).json
    assert {"category", "confidence", "abstained", "reasons", "model"} <= said.keys()
    assert 0 <= said["confidence"] <= 1
    assert programs.key(workspace, "customer:*").posts("classify", {"text": "x"}).kind == "forbidden"
    assert programs.key(workspace).posts("classify", {}).kind == "invalid"


@pytest.mark.parametrize("role", [None, Role.REP])
def test_a_key_knows_itself(programs: Programs, workspace: str, role: Role | None) -> None:
    program = programs.key(workspace, "customer:read", role=role, member=None if role else "UREP", name="Billing")
    told = program.gets("key").json
    assert (told["name"], told["scopes"], told["role"]) == ("Billing", ["customer:read"], role)
    assert told["acts_as"] == (None if role else "UREP")
    assert told["workspace"]["id"] == workspace
