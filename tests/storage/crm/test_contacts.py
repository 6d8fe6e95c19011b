"""Show how the people at customers are kept and found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from storage import events
from storage.crm import contacts, customers
from storage.errors import Invalid, NotFound
from storage.events import MemberChanged
from storage.records.query import parse_query
from storage.workspace import members
from storage.workspace.members import Member
from tests.support.filter_values import Said


def test_a_contact_is_found_by_reference_name_address_and_slack_user(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    jane = contacts.add(
        session,
        name="Jane Doe",
        email="Jane@Acme.example",
        phone="+49 30 1234",
        job_title="CFO",
        customer_id=acme.id,
        slack_user_id="U9",
    )
    assert jane.reference == "P-1"
    assert jane.customer is acme
    for typed in ("P-1", "jane doe", "JANE@acme.example", "jan"):
        assert contacts.resolve(session, typed) is jane
    assert contacts.by_slack_user(session, "U9") is jane
    assert contacts.by_slack_user(session, "U8") is None
    assert contacts.find(session, "jnae doe") == [jane]
    assert contacts.find(session, "jane@acme") == [jane]
    assert contacts.get(session, 1) is jane
    with pytest.raises(NotFound):
        contacts.resolve(session, "Nobody")


def test_an_address_that_changes_is_found_by_the_new_one(session: Session) -> None:
    jane = contacts.add(session, name="Jane", email="jane@acme.example")
    jane.email = "jane@globex.example"
    session.flush()
    assert contacts.resolve(session, "jane@globex.example") is jane
    jane.email = None
    session.flush()
    with pytest.raises(NotFound):
        contacts.resolve(session, "jane@globex.example")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": " "}),
        ("email", {"name": "Jane", "email": "jane"}),
        ("phone", {"name": "Jane", "phone": "call me"}),
        ("phone", {"name": "Jane", "phone": "1" * 41}),
        ("job_title", {"name": "Jane", "job_title": "x" * 201}),
    ],
)
def test_what_cannot_be_a_contact_names_its_field(session: Session, field: str, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        contacts.add(session, **values)
    assert caught.value.field == field


def test_likely_duplicates_share_the_name_or_the_address(session: Session) -> None:
    jane = contacts.add(session, name="Jane Doe", email="jane@acme.example")
    assert contacts.likely_duplicates(session, "jane DOE") == [jane]
    assert contacts.likely_duplicates(session, "J. Doe", "Jane@acme.example") == [jane]
    assert contacts.likely_duplicates(session, "John Doe") == []


def test_contacts_are_listed_by_name(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    zoe = contacts.add(session, name="Zoe", customer_id=acme.id)
    adam = contacts.add(session, name="adam", customer_id=acme.id)
    other = contacts.add(session, name="Ben")
    assert contacts.list_contacts(session, customer_id=acme.id) == [adam, zoe]
    assert contacts.list_contacts(session) == [adam, other, zoe]
    query = parse_query("customer:acme sort:-name")
    where = query.where(session, contacts.CONTACT.filters, Said())
    assert contacts.list_contacts(session, *where, order_by=query.order_by(contacts.CONTACT.filters)) == [zoe, adam]


def guest(session: Session, at: datetime, name: str, email: str | None) -> Member:
    """Have Slack say how a guest is called at a moment."""
    profile = {"id": "U9", "is_restricted": True, "profile": {"display_name": name, "email": email}}
    return members.ensure(session, "U9", profile, at=at)


def test_a_contact_follows_who_they_are_in_slack(session: Session) -> None:
    first = guest(session, datetime(2026, 3, 1, tzinfo=UTC), "Jane Doe", "jane@acme.example")
    contact = contacts.add_member(session, first, customer_id=None)
    events.drain(session)
    guest(session, datetime(2026, 3, 2, tzinfo=UTC), "Jane Smith", "smith@acme.example")
    (fact,) = events.drain(session)
    assert isinstance(fact, MemberChanged)
    contacts.follow(session, fact.record, was_called=fact.was_called, had_email=fact.had_email)
    assert (contact.name, contact.email) == ("Jane Smith", "smith@acme.example")
    for typed in ("jane smith", "smith@acme.example"):
        assert contacts.resolve(session, typed) is contact
    with pytest.raises(NotFound):
        contacts.resolve(session, "jane doe")


def test_what_people_call_a_contact_otherwise_than_slack_stays(session: Session) -> None:
    member = guest(session, datetime(2026, 3, 1, tzinfo=UTC), "jd", "jane@acme.example")
    contact = contacts.add(session, name="Dr. Jane Doe", email="office@acme.example", slack_user_id="U9")
    member = guest(session, datetime(2026, 3, 2, tzinfo=UTC), "jd 2", None)
    contacts.follow(session, member, was_called="jd", had_email="jane@acme.example")
    assert (contact.name, contact.email) == ("Dr. Jane Doe", "office@acme.example")
