"""Show that programs are told the numbers of digests with the records behind each, as far as their keys may know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from storage.crm import deals, followups
from storage.crm.customers import CUSTOMER
from storage.crm.deals import DEAL
from storage.database.engine import Database
from storage.digests.metrics import Metric
from storage.money import Money
from storage.records import history, lifecycle, schema
from storage.records.schema import field_definitions
from storage.support import ratings, tickets
from storage.support.ratings import Rating
from storage.support.tickets import TICKET, Ticket
from storage.workspace.members import Role
from tests.support.programs import Program, Programs

DEALS = {one for one in Metric if one.startswith("deals")}


@pytest.fixture
def busy(database: Database, workspace: str) -> str:
    """Return a workspace in which something of everything has happened."""
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source="test"):
        made = [
            deals.add(session, name=f"Deal {number}", owner_id="UREP", amount=Money(number * 100_00, "EUR"))
            for number in range(1, 6)
        ]
        deals.win(session, made[0])
        deals.lose(session, made[1], "price")
        made[2].touched_at = datetime.now(UTC) - timedelta(days=30)
        for number, category in enumerate(("billing", "billing", None)):
            ticket = tickets.add(session, name=f"Ticket {number}", category=category, assignee_id="UAGENT")
            late(session, ticket) if number == 0 else None
            rated(session, ticket, score=5 - 2 * number)
        due = datetime.now(UTC) - timedelta(hours=1)
        followups.add(session, text="Call", due_at=due, zone="UTC", owner_id="UREP", about=made[0])
    return workspace


def late(session: Session, ticket: Ticket) -> None:
    """Answer a ticket and resolve it."""
    tickets.responded(session, ticket, datetime.now(UTC))
    tickets.set_status(session, ticket, "resolved")


def rated(session: Session, ticket: Ticket, *, score: int) -> None:
    """Have a customer say how they were served."""
    asked = Rating(workspace_id=ticket.workspace_id, ticket_id=ticket.id, person_id="UCUSTOMER", agent_id="UAGENT")
    session.add(asked)
    session.flush()
    ratings.answer(session, asked, score, "Thank you" if score == 1 else None)


def figures(program: Program, **query: Any) -> list[Any]:
    found: list[Any] = program.gets("figures", **query).json["figures"]
    return found


def test_each_number_has_the_records_it_was_counted_from(programs: Programs, busy: str) -> None:
    program = programs.key(busy)
    told = figures(program)
    whole = {one["figure"]: one["count"] for one in told if one["part"] is None}
    wanted = {"deals_open": 3, "deals_won": 1, "deals_lost": 1, "deals_stalled": 1, "tickets_backlog": 2}
    wanted |= {"deals_new": 5, "tickets_opened": 3, "tickets_resolved": 1, "followups_overdue": 1}
    assert whole.items() >= wanted.items()
    assert {"by": "reason", "value": "price"} in [one["part"] for one in told]
    assert {"by": "owner", "value": "UREP"} in [one["part"] for one in told]
    for one in told:
        part = {name: value for name, value in (one["part"] or {}).items() if value is not None}
        reply = program.gets(f"figures/{one['figure']}", **part).json
        assert reply["count"] == one["count"] == len(reply["records"]), one
        assert reply["part"] == one["part"]
    won = program.gets("figures/deals_won").json["records"]
    assert [(one["id"], one["fields"]["amount"]) for one in won] == [("D-1", {"amount": "100.00", "currency": "EUR"})]
    assert next(one for one in told if one["figure"] == "deals_won")["amounts"] == [
        {"amount": "100.00", "currency": "EUR"}
    ]
    assert (whole["ratings"], whole["ratings_bad"]) == (3, 1)
    (bad,) = program.gets("figures/ratings_bad").json["records"]
    assert bad.pop("at")
    assert bad == {"ticket": "T-3", "agent": "UAGENT", "score": 1, "words": "Thank you"}
    assert program.gets("figures/deals_open", limit=1).json["records"][0]["id"] == "D-5"


def test_only_some_peoples_records_count_on_request(programs: Programs, busy: str) -> None:
    program = programs.key(busy)
    assert program.gets("figures/deals_open", owner="UREP").json["count"] == 3
    assert program.gets("figures/deals_open", owner="UAGENT").json["count"] == 0
    assert {one["count"] for one in figures(program, owner="UVIEWER")} == {0}


def test_filters_say_what_counts(programs: Programs, database: Database, busy: str) -> None:
    with database.transaction(busy) as session, history.recording(session, actor_id="UREP", source="test"):
        field_definitions.define(session, CUSTOMER, name="Region", type="choice", choices=["EMEA", "APAC"])
        field_definitions.define(session, CUSTOMER, name="Margin", type="number", seen_by=[Role.MANAGER])
        field_definitions.define(session, DEAL, name="Source", type="text")
    with database.transaction(busy) as session, history.recording(session, actor_id="UREP", source="test"):
        customer, deal, ticket = (schema.whole(session).declared[noun.key] for noun in (CUSTOMER, DEAL, TICKET))
        nearby = lifecycle.add(session, customer, {"name": "Nearby", "region": "EMEA", "margin": 40})
        for number in (3, 4):
            lifecycle.change(session, deal, deals.get(session, number), {"customer": nearby.id})
        lifecycle.change(session, deal, deals.get(session, 4), {"source": "web"})
        lifecycle.change(session, ticket, tickets.get(session, 2), {"customer": nearby.id})
    program = programs.key(busy)
    told = {one["figure"]: one["count"] for one in figures(program, filter="region:emea") if one["part"] is None}
    assert told.items() >= {"deals_open": 2, "deals_won": 0, "tickets_backlog": 1, "followups_overdue": 0}.items()
    found = program.gets("figures/deals_open", filter='region:emea amount>"300 EUR"').json
    assert (found["count"], [one["id"] for one in found["records"]]) == (1, ["D-4"])
    assert program.gets("figures/deals_open", filter="region:apac").json["count"] == 0
    # What has no such field is not counted by it.
    assert {one["figure"] for one in figures(program, filter="source:web")} <= {*DEALS, "followups_overdue"}
    assert program.gets("figures/tickets_backlog", filter="source:web").status == 422
    # Whoever may not read customers learns nothing of them by what is counted.
    sales = programs.key(busy, "deal:read")
    assert sales.gets("figures/deals_open", filter="source:web").json["count"] == 1
    assert "There is no region" in sales.gets("figures/deals_open", filter="region:emea").text
    assert program.gets("figures/deals_open", filter="margin>10").json["count"] == 2
    rep = programs.key(busy, "*:read", member="UREP")
    unseen, unknown = (rep.gets("figures/deals_open", filter=f"{name}>10") for name in ("margin", "planet"))
    assert unseen.status == unknown.status == 422
    assert unseen.text.replace("margin", "planet") == unknown.text


def test_a_key_is_told_what_it_may_read(programs: Programs, busy: str) -> None:
    sales = programs.key(busy, "deal:read")
    assert {one["figure"] for one in figures(sales)} <= {str(one) for one in DEALS}
    for figure in Metric:
        reply = sales.gets(f"figures/{figure}")
        assert reply.status == (200 if figure in DEALS else 403), figure
    support = programs.key(busy, "ticket:read")
    assert support.gets("figures/deals_open").kind == "forbidden"
    assert support.gets("figures/labels_corrected").status == support.gets("figures/ratings").status == 200
    assert programs.key(busy, "*:add").gets("figures").json["figures"] == []


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("figures/ships", {}, 404),
        ("figures", {"period": "century"}, 422),
        ("figures/deals_open", {"period": ""}, 422),
        ("figures", {"owner": "UNOBODY"}, 422),
        ("figures/deals_open", {"by": "colour", "value": "red"}, 422),
        ("figures/deals_open", {"by": "stage", "value": "x"}, 422),
        ("figures/deals_open", {"by": "priority", "value": "high"}, 422),
        ("figures/tickets_backlog", {"by": "priority", "value": "mild"}, 422),
        ("figures/tickets_backlog", {"by": "category", "value": "\x00"}, 422),
        ("figures/deals_open", {"limit": 0}, 422),
        ("figures", {"limit": 5}, 422),
        ("figures", {"filter": "region:emea"}, 422),
        ("figures", {"filter": "sort:amount"}, 422),
        ("figures/deals_open", {"filter": "mine"}, 422),
    ],
)
def test_what_is_wrong_is_named(programs: Programs, workspace: str, path: str, query: Any, status: int) -> None:
    assert programs.key(workspace).gets(path, **query).status == status
