"""Show that a record is found by whatever people call it, and that what is about one is so for every release."""

from __future__ import annotations

from importlib import import_module

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.crm import contacts, customers, deals, followups, notes
from storage.crm.notes import Note
from storage.database.engine import Database
from storage.errors import Ambiguous, Conflict, NotFound
from storage.records.history import recording, undo
from storage.records.named import Named
from storage.subjects import called
from storage.support import tickets
from tests.support.cluster import connect
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


OLD = "SELECT customer_id, contact_id, deal_id, ticket_id FROM note ORDER BY id"
NEW = "SELECT about_noun, about_id FROM note ORDER BY id"
OLD_RELEASE = "INSERT INTO note (workspace_id, kind, text, at, deal_id) VALUES (:w, 'note', 'x', now(), 1)"


def test_the_release_before_reads_and_writes_the_same_subjects(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    deal, other = deals.add(session, name="Renewal"), deals.add(session, name="Upgrade")
    note = notes.add(session, acme, "asked for a quote")
    session.execute(text(OLD_RELEASE), {"w": session.info["workspace"]})
    assert session.execute(text(OLD)).all() == [(1, None, None, None), (None, None, 1, None)]
    assert [one.text for one in notes.about(session, deal)] == ["x"]
    session.execute(text("UPDATE note SET deal_id = 2 WHERE deal_id = 1"))
    session.execute(text("UPDATE note SET text = 'y'"))
    assert session.execute(text(NEW)).all() == [("customer", 1), ("deal", 2)]
    note.about_noun, note.about_id = "deal", other.id
    session.flush()
    assert session.execute(text(OLD)).all() == [(None, None, 2, None)] * 2
    session.execute(text("UPDATE note SET deal_id = NULL, customer_id = 1 WHERE text = 'y'"))
    assert session.execute(text(NEW)).all() == [("customer", 1)] * 2


def test_nothing_is_about_a_record_that_there_is_not(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    notes.add(session, acme, "asked for a quote")
    for wrong in ("about_id = 99", "about_noun = 'deal'", "about_noun = NULL", "about_noun = NULL, about_id = NULL"):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(f"UPDATE note SET {wrong}"))
    session.delete(acme)
    session.flush()
    assert session.execute(text(OLD)).all() == []


def test_rows_of_before_are_filled_in_batches_once(admin_url: str, database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        deal = deals.add(session, name="Renewal")
        for _ in range(7):
            promised(session, about=deal)
        promised(session)
    filling = import_module("storage.database.migrations.versions.0019_about").filling
    with connect(admin_url) as connection:
        connection.execute("ALTER TABLE followup DISABLE TRIGGER keep_about")
        connection.execute("UPDATE followup SET about_noun = NULL, about_id = NULL")
        connection.execute("ALTER TABLE followup ENABLE TRIGGER keep_about")
        for _ in range(2):
            connection.execute(filling("followup", batch=3).encode())
    with database.transaction(workspace) as session:
        assert [one.about for one in followups.list_followups(session)] == [("deal", 1)] * 7 + [None]


def test_what_is_about_a_merged_ticket_moves_along_and_back(session: Session) -> None:
    first, second = tickets.add(session, name="Login fails"), tickets.add(session, name="Cannot log in")
    notes.add(session, second, "called them")
    promised(session, about=second)
    with recording(session, actor_id="UAGENT", source="/ticket merge"):
        tickets.merge(session, second, first)
    assert [one.text for one in notes.about(session, first)] == ["called them"]
    assert followups.get(session, 1).about == ("ticket", first.id)
    with recording(session, actor_id="UAGENT", source="/undo"):
        undo(session, "UAGENT")
    assert notes.about(session, first) == []
    assert followups.get(session, 1).about == ("ticket", second.id)


def test_a_record_with_a_note_is_not_removed_by_an_undo(session: Session) -> None:
    with recording(session, actor_id="UREP", source="test"):
        deal = deals.add(session, name="Renewal")
    with recording(session, actor_id="UMANAGER", source="test"):
        notes.add(session, deal, "asked for a quote")
    with recording(session, actor_id="UREP", source="test"), pytest.raises(Conflict, match="note on D-1"):
        undo(session, "UREP")
    assert session.query(Note).count() == 1
