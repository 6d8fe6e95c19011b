"""Show that what somebody promised is never forgotten, and no longer asked for once it is done."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from storage.crm import customers, deals, followups
from storage.errors import Conflict, Invalid, NotFound
from storage.queues import due
from storage.records.history import recording, undo
from storage.records.query import parse_query
from storage.subjects import subject_of
from tests.support.filter_values import Said
from tests.support.promises import SOON, promised


def test_a_followup_reminds_its_owner_at_its_time(session: Session) -> None:
    deal = deals.add(session, name="Renewal")
    call = promised(session, about=deal)
    assert (call.reference, call.status, call.about_reference) == ("F-1", "open", "D-1")
    assert subject_of(session, call) is deal
    assert call.owner is not None
    waiting = due.get(session, "followup", "F-1")
    assert waiting is not None
    assert (waiting.at, waiting.zone, waiting.target_user) == (SOON, "Europe/Berlin", "UREP")
    free = promised(session)
    assert (free.about, free.about_reference, subject_of(session, free)) == (None, None, None)


def test_snoozing_puts_the_reminder_off(session: Session) -> None:
    call = promised(session)
    followups.snooze(session, call, SOON + timedelta(days=1))
    waiting = due.get(session, "followup", "F-1")
    assert waiting is not None
    assert (waiting.at, call.due_at, call.snoozes) == (SOON + timedelta(days=1), SOON + timedelta(days=1), 1)


def test_what_is_closed_reminds_nobody_until_it_is_open_again(session: Session) -> None:
    call, mail = promised(session), promised(session, "mail")
    followups.done(session, call)
    followups.cancel(session, mail)
    assert (call.status, mail.status, call.closed_at is not None) == ("done", "cancelled", True)
    assert due.get(session, "followup", "F-1") is due.get(session, "followup", "F-2") is None
    for change in (followups.done, followups.cancel):
        with pytest.raises(Conflict, match="F-1 is already done"):
            change(session, call)
    with pytest.raises(Conflict):
        followups.snooze(session, mail, SOON)
    followups.reopen(session, call)
    assert call.status == "open"
    assert due.get(session, "followup", "F-1") is not None


def test_an_undo_of_a_new_followup_stops_its_reminder(session: Session) -> None:
    with recording(session, actor_id="UREP", source="test"):
        promised(session)
    with recording(session, actor_id="UREP", source="test"):
        assert [row.name for row in undo(session, "UREP").rows] == ["call back"]
    assert due.get(session, "followup", "F-1") is None
    assert followups.list_followups(session) == []


def test_an_undo_of_a_reopening_stops_the_reminder_again(session: Session) -> None:
    call = followups.done(session, promised(session))
    with recording(session, actor_id="UREP", source="test"):
        followups.reopen(session, call)
    with recording(session, actor_id="UREP", source="test"):
        undo(session, "UREP")
    assert call.status == "done"
    assert due.get(session, "followup", "F-1") is None


def test_what_cannot_be_a_followup_is_refused(session: Session) -> None:
    with pytest.raises(Invalid):
        promised(session, text="")
    with pytest.raises(Invalid):
        promised(session, zone="Mars/Olympus")
    with pytest.raises(ValueError, match="needs a zone"):
        promised(session, due_at=datetime(2030, 1, 1))


def test_open_followups_are_listed_by_when_they_are_due(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    later = promised(session, due_at=SOON + timedelta(days=2))
    soon = promised(session, about=acme)
    boss = promised(session, owner_id="UMANAGER")
    gone = followups.done(session, promised(session, "gone"))
    assert followups.list_followups(session) == [soon, boss, later]
    assert followups.list_followups(session, owner_id="UREP") == [soon, later]
    assert followups.list_followups(session, about=acme) == [soon]
    assert followups.list_followups(session, due_before=SOON + timedelta(hours=1), limit=1) == [soon]
    assert followups.list_followups(session, closed=True) == [gone]
    query = parse_query("owner:rep status:open sort:-due")
    where = query.where(session, followups.FIELDS, Said())
    order = query.order_by(followups.FIELDS)
    assert followups.list_followups(session, *where, order_by=order, closed=None) == [later, soon]


def test_a_followup_is_found_by_reference_and_by_how_it_begins(session: Session) -> None:
    call, mail = promised(session, "Call Jane"), promised(session, "Send the offer")
    assert followups.resolve(session, "f-1") is followups.resolve(session, "call") is followups.get(session, 1) is call
    with pytest.raises(NotFound) as caught:
        followups.resolve(session, "offer")
    assert caught.value.candidates == [mail]
    with pytest.raises(NotFound):
        followups.resolve(session, "F-9")
