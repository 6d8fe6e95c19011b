"""Show that what people wrote down is kept with its record, in its timeline too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from storage.crm import contacts, customers, deals, notes
from storage.crm.deals import Deal
from storage.errors import Invalid
from storage.records.history import recording, timeline, undo
from storage.records.named import Named
from storage.subjects import subject_of
from storage.support import tickets


def test_a_note_can_be_about_any_record(session: Session) -> None:
    records: list[Named] = [
        customers.add(session, name="Acme"),
        contacts.add(session, name="Jane"),
        deals.add(session, name="Renewal"),
        tickets.add(session, name="Login fails"),
    ]
    for record in records:
        with recording(session, actor_id="UREP", source="test"):
            note = notes.add(session, record, f"asked about {record.name}", kind="call")
        assert (note.about, note.about_reference) == ((record.__noun__, record.id), record.reference)
        assert (note.kind, note.created_by) == ("call", "UREP")
        assert subject_of(session, note) is record
        assert notes.about(session, record) == [note]
        assert [row.entity for row in timeline(session, record.__noun__, record.id)] == ["note"]


def test_notes_are_read_newest_first_by_when_it_happened(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    today = notes.add(session, acme, "today")
    met = notes.add(session, acme, "met", kind="meeting", at=datetime(2020, 1, 1, tzinfo=UTC))
    assert notes.about(session, acme) == [today, met]
    assert notes.about(session, acme, limit=1) == [today]


def test_a_note_on_a_deal_keeps_it_from_being_stalled(session: Session) -> None:
    deal = deals.add(session, name="Renewal")
    long_ago = datetime.now(UTC) - timedelta(days=30)
    session.execute(update(Deal).values(touched_at=long_ago))
    notes.add(session, deal, "still talking")
    session.refresh(deal)
    assert deal.touched_at > long_ago


def test_a_note_can_be_undone(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    with recording(session, actor_id="UREP", source="test"):
        notes.add(session, acme, "wrong customer")
    with recording(session, actor_id="UREP", source="test"):
        assert [row.name for row in undo(session, "UREP").rows] == ["note on C-1"]
    assert notes.about(session, acme) == []
    assert timeline(session, "customer", acme.id)[0].action == "deleted"


@pytest.mark.parametrize(
    ("text", "kind", "field"), [("", "note", "text"), ("x" * 10_001, "note", "text"), ("a", "fax", "kind")]
)
def test_what_cannot_be_noted_is_returned(session: Session, text: str, kind: str, field: str) -> None:
    acme = customers.add(session, name="Acme")
    with pytest.raises(Invalid) as caught:
        notes.add(session, acme, text, kind=kind)
    assert caught.value.field == field
