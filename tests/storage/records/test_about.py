"""Show that a record is found by whatever people call it."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from storage.crm import contacts, customers, deals, followups
from storage.errors import Ambiguous, NotFound
from storage.records.named import Named
from storage.subjects import called
from storage.support import tickets
from tests.support.promises import promised


def test_a_record_is_called_by_reference_or_name(session: Session) -> None:
    acme = customers.add(session, name="Acme Corp", domain="acme.com")
    deal = deals.add(session, name="Renewal")
    ticket = tickets.add(session, name="Login fails")
    carla = contacts.add(session, name="Carla", email="carla@acme.com")
    known: dict[str, Named] = {
        "c-1": acme,
        "acme": acme,
        "acme.com": acme,
        "D-1": deal,
        "renewal": deal,
        "login": ticket,
        "carla@acme.com": carla,
        "P-1": carla,
    }
    for typed, meant in known.items():
        assert called(session, typed) is meant


def test_what_is_called_nothing_brings_what_is_called_nearly_so(session: Session) -> None:
    customers.add(session, name="Globex")
    deals.add(session, name="Globex renewal")
    with pytest.raises(NotFound) as caught:
        called(session, "globx", field="record")
    assert caught.value.field == "record"
    assert {record.name for record in caught.value.candidates} == {"Globex", "Globex renewal"}


@pytest.mark.parametrize("typed", ["D-9", "F-1", "G-1"])
def test_a_reference_that_names_nothing_of_the_kind_is_not_found(session: Session, typed: str) -> None:
    promised(session)
    assert followups.get(session, 1)
    with pytest.raises(NotFound) as caught:
        called(session, typed, field="record")
    assert caught.value.field == "record"
    assert typed in str(caught.value)


def test_namesakes_are_asked_about(session: Session) -> None:
    customers.add(session, name="Acme")
    customers.add(session, name="Acme")
    with pytest.raises(Ambiguous) as caught:
        called(session, "acme", field="record")
    assert caught.value.field == "record"
