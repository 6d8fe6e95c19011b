"""Use the records of every noun as a program does."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select

from storage.crm.customers import CUSTOMER
from storage.crm.deals import reasons
from storage.database.engine import Database
from storage.records import schema
from storage.records.history import Activity
from storage.records.schema import choice_definitions, field_definitions, noun_definitions
from storage.workspace import plugin_settings
from storage.workspace.members import Role
from tests.support.programs import Program, Programs


def test_a_record_is_added_got_and_changed(program: Program) -> None:
    reply = program.posts("records/customer", {"fields": {"name": "Heron Sails", "domain": "heron.example"}})
    assert reply.status == 201
    made = reply.json
    assert made["fields"] == {"name": "Heron Sails", "domain": "heron.example", "tier": None, "owner": None}
    assert reply.headers["location"] == f"/api/v1/records/customer/{made['id']}"
    got = program.gets(f"records/customer/{made['id']}")
    assert got.json == made
    assert got.headers["etag"] == '"1"'
    changed = program.changes(f"records/customer/{made['id']}", {"tier": "Gold", "domain": None}, made["version"])
    assert changed.status == 200
    assert changed.json["fields"] == {"name": "Heron Sails", "domain": None, "tier": "gold", "owner": None}
    assert changed.json["version"] == 2
    assert program.gets("records/customer", filter="tier:gold").json["records"] == [changed.json]


def test_a_contact_is_linked_by_reference(program: Program) -> None:
    customer = program.adds("customer", name="Heron Sails")
    contact = program.adds("contact", name="Jo Heron", customer=customer["id"], email="jo@heron.example")
    assert contact["fields"]["customer"] == customer["id"]
    listed = program.gets("records/contact", filter=f"customer:{customer['id']}").json
    assert [one["id"] for one in listed["records"]] == [contact["id"]]
    for wrong in ("C-99", "D-1", "Heron Sails", 1):
        reply = program.posts("records/contact", {"fields": {"name": "X", "customer": wrong}})
        assert (reply.kind, reply.json["errors"][0]["field"]) == ("invalid", "customer"), wrong


def test_what_is_wrong_is_named_by_field(program: Program) -> None:
    said = {
        "domain": ({"name": "X", "domain": "nothing"}, "This does not look like a domain: nothing"),
        "name": ({"domain": "heron.example"}, "Name is missing."),
        "tier": ({"name": "X", "tier": 5}, "tier is to be a text."),
        "owner": ({"name": "X", "owner": "UNOBODY"}, "I do not know this person yet."),
        "color": ({"name": "X", "color": "red"}, "There is no field color."),
    }
    for field, (fields, sentence) in said.items():
        reply = program.posts("records/customer", {"fields": fields})
        assert reply.status == 422
        assert reply.kind == "invalid"
        assert reply.json["errors"] == [{"field": field, "detail": sentence}]
    assert program.gets("records/customer").json == {"records": [], "next": None}


def test_a_stale_version_changes_nothing(program: Program) -> None:
    made = program.adds("customer", name="Heron")
    program.changes(f"records/customer/{made['id']}", {"tier": "gold"}, 1)
    stale = program.changes(f"records/customer/{made['id']}", {"tier": "silver"}, 1)
    assert (stale.status, stale.kind, stale.json["version"]) == (412, "changed", 2)
    unsaid = program.sends("PATCH", f"/api/v1/records/customer/{made['id']}", {"fields": {"tier": "silver"}})
    assert (unsaid.status, unsaid.kind) == (428, "version-needed")
    for odd in ('W/"2"', "2", "x"):
        assert program.changes(f"records/customer/{made['id']}", {"tier": "silver"}, odd).kind == "changed", odd
    assert program.gets(f"records/customer/{made['id']}").json["fields"]["tier"] == "gold"
    assert program.changes(f"records/customer/{made['id']}", {"tier": "silver"}, '"1", "2"').status == 200


def test_archiving_restoring_and_merging(program: Program) -> None:
    kept, gone = program.adds("customer", name="Heron"), program.adds("customer", name="Egret", tier="gold")
    contact = program.adds("contact", name="Jo", customer=gone["id"])
    archived = program.posts(f"records/customer/{gone['id']}/archive")
    assert archived.json["archived_at"]
    assert [one["id"] for one in program.gets("records/customer").json["records"]] == [kept["id"]]
    assert program.posts(f"records/customer/{gone['id']}/merge", {"into": kept["id"]}).kind == "conflict"
    assert program.posts(f"records/customer/{gone['id']}/restore").json["archived_at"] is None
    merged = program.posts(f"records/customer/{gone['id']}/merge", {"into": kept["id"]})
    assert (merged.json["id"], merged.json["fields"]["tier"]) == (kept["id"], "gold")
    assert program.gets(f"records/customer/{gone['id']}").json["id"] == kept["id"]
    assert program.gets(f"records/contact/{contact['id']}").json["fields"]["customer"] == kept["id"]
    for wrong in ({}, {"into": 5}, {"into": "C-99"}, {"into": kept["id"], "also": 1}):
        assert program.posts(f"records/customer/{kept['id']}/merge", wrong).kind == "invalid", wrong


def test_what_is_of_two_customers_is_merged_only_where_that_is_said(program: Program) -> None:
    heron, egret = program.adds("customer", name="Heron"), program.adds("customer", name="Egret")
    for noun in ("contact", "deal", "ticket"):
        gone, kept = (program.adds(noun, name=f"Of {of['id']}", customer=of["id"]) for of in (heron, egret))
        path = f"records/{noun}/{gone['id']}/merge"
        asked = program.posts(path, {"into": kept["id"]})
        assert (asked.status, asked.kind) == (409, "doubtful"), noun
        said = asked.json["detail"]
        assert f"{gone['id']} is of Heron, {kept['id']} is of Egret." in said and '"anyway": true' in said
        assert program.posts(path, {"into": kept["id"], "anyway": "yes"}).kind == "invalid"
        assert program.posts(path, {"into": kept["id"], "anyway": True}).json["id"] == kept["id"]


@pytest.mark.parametrize("sort", ["", "name", "-name", "tier,-created", "-tier", "owner,name", "-created"])
def test_pages_hold_every_record_once(program: Program, sort: str) -> None:
    for number in range(23):
        given = {"tier": ["gold", "silver"][number % 2]} if number % 3 else {}
        program.adds("customer", name=f"Heron {number % 7}", **given)
    whole = program.gets("records/customer", limit=200, sort=sort) if sort else program.gets("records/customer")
    if sort.startswith("owner"):
        assert whole.kind == "invalid"
        return
    ids = [one["id"] for one in whole.json["records"]]
    assert len(set(ids)) == 23
    paged: list[str] = []
    query = {"limit": "5"} | ({"sort": sort} if sort else {})
    while True:
        page = program.gets("records/customer", **query).json
        paged += [one["id"] for one in page["records"]]
        # What comes meanwhile moves nothing.
        program.adds("contact", name="Somebody")
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert paged == ids


def test_a_cursor_of_another_list_is_refused(program: Program) -> None:
    for number in range(3):
        program.adds("customer", name=f"Heron {number}")
    cursor = program.gets("records/customer", limit=1).json["next"]
    for query in ({"cursor": cursor, "sort": "tier,created"}, {"cursor": "x"}, {"cursor": "W10"}, {"cursor": "é"}):
        assert program.gets("records/customer", **query).json["errors"][0]["field"] == "cursor", query


def test_filters_are_those_of_the_chat(programs: Programs, workspace: str) -> None:
    rita = programs.key(workspace, member="UREP")
    mine = rita.adds("customer", name="Heron")
    rita.adds("customer", name="Egret", owner="UMANAGER")
    for filters in ("mine", "owner:me", "owner:Rep", "created:today name:heron", "name=heron"):
        found = rita.gets("records/customer", filter=filters).json
        assert [one["id"] for one in found["records"]] == [mine["id"]], filters
    for filters in ("color:red", "what is this", "owner:Zoe", 'name:"x'):
        assert rita.gets("records/customer", filter=filters).status == 422, filters


def test_bulk_tells_of_each_row(program: Program, database: Database, workspace: str) -> None:
    rows = [{"fields": {"name": "A"}}, {"fields": {"name": "B", "domain": "no"}}, 5, {"fields": {"name": "C"}}]
    reply = program.posts("records/customer/bulk", {"records": rows})
    assert reply.status == 200
    assert [one["status"] for one in reply.json["results"]] == [201, 422, 422, 201]
    assert reply.json["added"] == 2
    assert reply.json["results"][1]["problem"]["errors"][0]["field"] == "domain"
    names = [one["fields"]["name"] for one in program.gets("records/customer").json["records"]]
    assert names == ["A", "C"]
    with database.transaction(workspace) as session:
        added = session.scalars(select(Activity).where(Activity.noun == "customer")).all()
        assert (len(added), len({one.change_set_id for one in added})) == (2, 1)
    wrong: dict[str, Any]
    for wrong in ({}, {"records": []}, {"records": [{}] * 1_001}, {"records": {}}, {"rows": []}):
        assert program.posts("records/customer/bulk", wrong).kind == "invalid"


@pytest.mark.parametrize(
    ("noun", "rows"),
    [
        # The database alone sees that two rows want what one may have.
        ("contact", [{"name": "A", "slack": "UREP"}, {"name": "B", "slack": "UREP"}, {"name": "C"}, {}]),
        # Here a rule of the noun looks at what is there.
        ("pipeline", [{"name": "A"}, {"name": "A"}, {"name": "C"}, {}]),
    ],
)
def test_of_rows_that_want_the_same_the_first_has_it(
    program: Program, database: Database, workspace: str, noun: str, rows: list[dict[str, str]]
) -> None:
    reply = program.posts(f"records/{noun}/bulk", {"records": [{"fields": one} for one in rows]}).json
    assert [one["status"] for one in reply["results"]] == [201, 409, 201, 422], reply
    assert [one["record"]["fields"]["name"] for one in reply["results"] if "record" in one] == ["A", "C"]
    with database.transaction(workspace) as session:
        made = session.scalars(select(Activity).where(Activity.noun == noun, Activity.action == "created")).all()
        assert len({one.change_set_id for one in made}) == 1


def test_many_rows_take_few_statements(program: Program, database: Database) -> None:
    ran: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        ran.append(statement)

    def cost(rows: int) -> int:
        sent = {"records": [{"fields": {"name": f"Row {number}"}} for number in range(rows)]}
        ran.clear()
        assert program.posts("records/customer/bulk", sent).json["added"] == rows
        return len(ran)

    program.adds("customer", name="First")
    event.listen(database.engine, "before_cursor_execute", note)
    try:
        assert cost(500) < 10
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_a_required_text_of_spaces_is_missing(program: Program, database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        field_definitions.define(session, CUSTOMER, name="Why", type="long", required=True)
    for noun, fields in (("reply", {"text": " \n"}), ("customer", {"why": " \t"})):
        refused = program.posts(f"records/{noun}", {"fields": {"name": "Heron", **fields}})
        assert (refused.kind, refused.json["errors"][0]["field"]) == ("invalid", next(iter(fields)))
    made = program.adds("customer", name="Heron", why="They asked")
    assert program.changes(f"records/customer/{made['id']}", {"why": "  "}).kind == "invalid"
    assert program.gets(f"records/customer/{made['id']}").json == made


def test_what_is_no_request_is_told_so(program: Program) -> None:
    assert program.gets("records/ship").kind == "not-found"
    assert program.gets("records/customer/C-77").kind == "not-found"
    assert program.gets("records/customer/P-1").kind == "not-found"
    assert program.gets("records/customer/x%00y").kind == "not-found"
    assert program.gets("nothing").kind == "not-found"
    refused = program.sends("DELETE", "/api/v1/records/customer")
    assert (refused.kind, refused.headers["allow"]) == ("not-allowed", "GET, POST")
    assert program.sends("PUT", "/api/v1/records/customer/C-1").headers["allow"] == "GET, PATCH"
    assert program.gets("records/customer/%0A").kind == "not-found"
    assert program.sends("GET", "/api").kind == "not-found"
    assert program.gets("records/customer", colour="red").json["errors"][0]["field"] == "colour"
    for limit in ("0", "201", "x", "²"):
        assert program.gets("records/customer", limit=limit).kind == "invalid"
    path = "/api/v1/records/customer"
    for raw in (b"", b"{", b"[]", b'{"fields": NaN}', b"\xff", b"[" * 100_000, b'{"fields": {"name": 1' + b"0" * 5_000):
        assert program.sends("POST", path, raw=raw).kind == "malformed", raw[:20]
    twice = program.sends("POST", path, raw=b'{"fields": {"name": "A", "tier": "x", "name": "B"}}')
    assert (twice.kind, "name twice" in twice.json["detail"]) == ("malformed", True)
    assert program.sends("POST", path, raw=b"{}", content_type="text/plain").kind == "not-json"
    assert program.sends("POST", path, raw=b" " * 8_000_001).kind == "too-large"


HOSTILE = ["<!channel>", "'; DROP TABLE customer; --", "\u202e\U0001f98a 客户", "<@U1|x>", "{0} %s", "-" * 200]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_ordinary_text(program: Program, name: str) -> None:
    assert program.adds("customer", name=name)["fields"]["name"] == name
    for wrong in ("\x00", "\ud800", "x\x00", "x" * 201, "\u200b"):
        assert program.posts("records/customer", {"fields": {"name": wrong}}).kind == "invalid"


def test_fields_of_a_workspaces_own_are_fields(
    programs: Programs, database: Database, workspace: str, second_workspace: str
) -> None:
    with database.transaction(workspace) as session:
        own: list[dict[str, Any]] = [
            {"name": "Seats", "type": "number"},
            {"name": "Plan", "type": "choice", "choices": ["Basic", "Plus"]},
            {"name": "Budget", "type": "money"},
            {"name": "Renews", "type": "date"},
            {"name": "Partner", "type": "record", "links_to": "customer"},
        ]
        for field in own:
            field_definitions.define(session, CUSTOMER, **field)
    program = programs.key(workspace)
    given = {"seats": 5, "plan": "Plus", "budget": {"amount": "12.50", "currency": "EUR"}, "renews": "2031-05-01"}
    made = program.adds("customer", name="Heron", **given)
    assert made["fields"] == {"name": "Heron", "domain": None, "tier": None, "owner": None, "partner": None} | given
    linked = program.adds("customer", name="Ibis", partner=made["id"], seats=7)
    assert linked["fields"]["partner"] == made["id"]
    program.adds("customer", name="Jay")
    listed = program.gets("records/customer", filter="seats>5").json["records"]
    assert [one["id"] for one in listed] == [linked["id"]]
    for sort, names in (
        ("-seats", ["Ibis", "Heron", "Jay"]),
        ("seats", ["Heron", "Ibis", "Jay"]),
        ("renews,name", ["Heron", "Ibis", "Jay"]),
    ):
        got, query = [], {"sort": sort, "limit": "1"}
        while True:
            page = program.gets("records/customer", **query).json
            got += [one["fields"]["name"] for one in page["records"]]
            if not page["next"]:
                break
            query["cursor"] = page["next"]
        assert got == names, sort
    wrong: dict[str, Any] = {"seats": "5", "plan": "Gold", "renews": "tomorrow", "partner": "C-99"}
    wrong["budget"] = {"amount": "1.234", "currency": "EUR"}
    for key, value in wrong.items():
        reply = program.changes(f"records/customer/{made['id']}", {key: value})
        assert reply.json["errors"][0]["field"] == key, reply.text
    elsewhere = programs.key(second_workspace)
    assert elsewhere.posts("records/customer", {"fields": {"name": "X", "seats": 1}}).kind == "invalid"


def test_nouns_of_a_workspaces_own_are_nouns(
    programs: Programs, database: Database, workspace: str, second_workspace: str
) -> None:
    with database.transaction(workspace) as session:
        row = noun_definitions.define(session, name="Ship", letter="S")
    with database.transaction(workspace) as session:
        ship = schema.of(session).nouns[row.key]
        field_definitions.define(session, ship, name="Line", type="record", links_to="customer")
        field_definitions.define(session, CUSTOMER, name="Flagship", type="record", links_to=row.key)
    program = programs.key(workspace)
    customer = program.adds("customer", name="Heron Line")
    made = program.adds(row.key, name="Dolphin", line=customer["id"])
    assert (made["id"], made["fields"]["line"]) == ("S-1", customer["id"])
    changed = program.changes(f"records/customer/{customer['id']}", {"flagship": "S-1"})
    assert changed.json["fields"]["flagship"] == "S-1"
    path = f"records/{row.key}/S-1"
    assert program.changes(path, {"name": "Porpoise"}, made["version"]).status == 200
    assert program.posts(f"{path}/notes", {"text": "In dock"}).json["about"] == "S-1"
    assert program.gets("search", q="porpoise").json["found"][0]["id"] == "S-1"
    assert program.gets(f"records/{row.key}", filter="name:porpoise").json["records"][0]["id"] == "S-1"
    assert f"/api/v1/records/{row.key}" in program.gets("openapi.json").json["paths"]
    assert programs.key(workspace, f"{row.key}:read").gets(path).status == 200
    assert programs.key(workspace, "customer:*").gets(path).kind == "forbidden"
    assert programs.key(second_workspace).gets(path).kind == "not-found"


def test_a_deal_is_closed_for_a_reason_which_is_demanded_where_people_are_asked(
    programs: Programs, database: Database, workspace: str
) -> None:
    with database.transaction(workspace) as session:
        for name, kind in (("Price", "lost"), ("Reference", "won")):
            choice_definitions.define(session, "deal", reasons.FIELD, name=name, kind=kind)
    rita = programs.key(workspace, member="UREP")
    first, second = (f"records/deal/{rita.adds('deal', name=name)['id']}" for name in ("Heron", "Egret"))
    lost = rita.changes(first, {"stage": "Lost", "closed_reason": "Price", "reason": "20 % too high"})
    assert lost.status == 200, lost.text
    assert (lost.json["fields"]["closed_reason"], lost.json["fields"]["reason"]) == ("Price", "20 % too high")
    assert rita.posts("undo").json["undone"]
    assert rita.gets(first).json["fields"]["closed_reason"] is None
    assert rita.changes(first, {"stage": "Lost"}).status == 200, "nobody demands it"
    assert rita.changes(first, {"closed_reason": "Price"}).json["fields"]["closed_reason"] == "Price"
    with database.transaction(workspace) as session:
        plugin_settings.choose(session, reasons.ASK, reasons.BOTH)
    for given, field in (
        ({"stage": "Lost"}, "closed_reason"),
        ({"stage": "Won", "closed_reason": "Price"}, "closed_reason"),
        ({"stage": "Won", "closed_reason": "Luck"}, "closed_reason"),
        ({"closed_reason": "Price"}, "closed_reason"),
    ):
        refused = rita.changes(second, given)
        assert (refused.status, refused.json["errors"][0]["field"]) == (422, field), given
    assert "Price" in rita.changes(second, {"stage": "Lost"}).text
    assert rita.changes(second, {"stage": "Won", "closed_reason": "Reference"}).status == 200
    assert rita.posts("records/deal", {"fields": {"name": "X", "closed_reason": "Price"}}).status == 422


def test_deals_move_and_are_worth_something(programs: Programs, workspace: str) -> None:
    rita = programs.key(workspace, member="UREP")
    customer = rita.adds("customer", name="Heron Sails")
    amount = {"amount": "12000.50", "currency": "EUR"}
    deal = rita.adds("deal", name="Heron fleet", customer=customer["id"], amount=amount)
    assert deal["fields"]["amount"] == amount
    assert deal["fields"]["owner"] == "UREP"
    first = deal["fields"]["stage"]
    path = f"records/deal/{deal['id']}"
    moved = rita.changes(path, {"stage": "Proposal"}, deal["version"])
    assert moved.status == 200, moved.text
    assert moved.json["fields"]["stage"] != first
    assert rita.changes(path, {"stage": "Nowhere"}).json["errors"][0]["field"] == "stage"
    assert rita.changes(path, {"closed": "2031-05-01T09:00:00Z"}).json["errors"][0]["field"] == "closed"
    for filters in ("amount>10k EUR mine", "amount:12000.50..900k EUR"):
        assert [one["id"] for one in rita.gets("records/deal", filter=filters).json["records"]] == [deal["id"]]
    assert rita.gets("records/deal", filter="amount:1..2 EUR").json["records"] == []
    assert rita.posts("undo").json["undone"]
    assert rita.gets(path).json["fields"]["stage"] == first
    assert "closed_reason" in rita.gets("openapi.json").text
    assert programs.key(workspace, role=Role.AGENT).changes(path, {"name": "X"}).kind == "forbidden"
