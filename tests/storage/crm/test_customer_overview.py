"""Show that a glance at a customer shows what the lists of deals, tickets and notes show."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from storage.crm import customers, deals, notes
from storage.crm.customer_overview import Glance, glance
from storage.crm.customers import Customer
from storage.database.engine import Database
from storage.money import Money
from storage.records.history import recording
from storage.support import tickets
from storage.support.tickets import TicketStatus


def busy(session: Session) -> Customer:
    acme = customers.add(session, name="Acme")
    for number, amount in enumerate([Money(120_050, "EUR"), None, Money(5, "JPY")]):
        close_on = date(2030, 1, 9 - number) if number else None
        deals.add(session, name=f"Deal {number}", customer_id=acme.id, amount=amount, close_on=close_on)
    for priority in ("low", "urgent", "normal"):
        tickets.add(session, name=f"A {priority} one", customer_id=acme.id, priority=priority)
    with recording(session, actor_id="UREP", source="test"):
        notes.add(session, acme, "today")
    notes.add(session, acme, "last year", at=datetime.now(UTC) - timedelta(days=365))
    return acme


def test_a_glance_shows_what_the_lists_show_in_their_order(session: Session) -> None:
    acme = busy(session)

    seen = glance(session, acme.id, deals=10, tickets=10, notes=10)

    listed = deals.list_deals(session, customer_id=acme.id)
    assert [(d.reference, d.name, d.stage, d.amount, d.close_on) for d in seen.deals] == [
        (d.reference, d.name, d.stage.name, d.amount, d.close_on) for d in listed
    ]
    assert [d.name for d in seen.deals] == ["Deal 2", "Deal 1", "Deal 0"]
    assert [(t.reference, t.name, t.priority, t.standing) for t in seen.tickets] == [
        (t.reference, t.name, t.priority, t.status) for t in tickets.list_tickets(session, customer_id=acme.id)
    ]
    assert [t.priority for t in seen.tickets] == ["urgent", "normal", "low"]
    assert [(n.text, n.at, n.created_by) for n in seen.notes] == [
        (n.text, n.at, n.created_by) for n in notes.about(session, acme)
    ]


def test_what_is_closed_or_another_customers_is_not_seen(session: Session) -> None:
    acme, other = busy(session), customers.add(session, name="Other")
    deals.win(session, deals.resolve(session, "Deal 1"))
    tickets.set_status(session, tickets.resolve(session, "A low one"), TicketStatus.RESOLVED)

    seen = glance(session, acme.id, deals=10, tickets=10, notes=1)

    assert [d.name for d in seen.deals] == ["Deal 2", "Deal 0"]
    assert [t.priority for t in seen.tickets] == ["urgent", "normal"]
    assert [n.text for n in seen.notes] == ["today"]
    assert glance(session, other.id, deals=1, tickets=1, notes=1) == Glance([], [], [], [])


def test_a_glance_sees_what_was_just_changed_and_no_more_than_asked_for(session: Session) -> None:
    acme = busy(session)
    deals.resolve(session, "Deal 2").name = "Renamed"

    seen = glance(session, acme.id, deals=1, tickets=2, notes=0)

    assert [d.name for d in seen.deals] == ["Renamed"]
    assert len(seen.tickets) == 2
    assert seen.notes == []


def test_a_glance_does_not_reach_another_workspace(database: Database, session: Session, second_workspace: str) -> None:
    acme = busy(session)
    session.commit()

    with database.transaction(second_workspace) as elsewhere:
        assert glance(elsewhere, acme.id, deals=9, tickets=9, notes=9) == Glance([], [], [], [])
