"""Show when digests are sent, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
from sqlalchemy.orm import Session

from storage.digests import schedules
from storage.digests.schedules import Digest
from storage.errors import Ambiguous, Invalid, NotFound
from storage.queues import due
from storage.records.history import recording, undo


def made(session: Session, name: str = "Pipeline", **values: Any) -> Digest:
    given = {"name": name, "at_time": time(9, 0), "zone": "Europe/Berlin", "owner_id": "UMANAGER", **values}
    return schedules.add(session, **given)


def test_a_digest_goes_to_its_owner_on_workdays_unless_said_otherwise(session: Session) -> None:
    digest = made(session)
    assert (digest.reference, digest.target_user, digest.content, digest.scope) == (
        "G-1",
        "UMANAGER",
        "both",
        "everyone",
    )
    waiting = due.get(session, "digest", "G-1")
    assert waiting is not None
    assert waiting.recurrence == "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0;BYSECOND=0"
    assert (waiting.zone, waiting.target_user, waiting.renderer) == ("Europe/Berlin", "UMANAGER", "digests.digest")
    assert waiting.at is not None
    assert waiting.at > datetime.now(UTC)


@pytest.mark.parametrize(
    ("values", "recurrence"),
    [
        ({"frequency": "daily"}, "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"),
        ({"frequency": "Weekly"}, "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0"),
        ({"frequency": "weekly", "weekday": 6}, "FREQ=WEEKLY;BYDAY=SU;BYHOUR=9;BYMINUTE=0;BYSECOND=0"),
    ],
)
def test_a_digest_recurs_on_the_local_calendar(session: Session, values: dict[str, Any], recurrence: str) -> None:
    digest = made(session, target_channel="C7", **values)
    assert (digest.recurrence, digest.target_user, digest.target_channel) == (recurrence, None, "C7")


@pytest.mark.parametrize(
    ("values", "after", "first"),
    [
        ({"frequency": "daily"}, "2030-01-05T07:59", "2030-01-05T08:00"),
        ({"frequency": "daily"}, "2030-01-05T08:00", "2030-01-06T08:00"),
        ({"frequency": "workdays"}, "2030-01-04T12:00", "2030-01-07T08:00"),
        ({"frequency": "weekly", "weekday": 2}, "2030-01-04T12:00", "2030-01-09T08:00"),
        ({"frequency": "daily", "zone": "Asia/Tokyo"}, "2030-01-05T12:00", "2030-01-06T00:00"),
        ({"frequency": "daily"}, "2030-07-05T12:00", "2030-07-06T07:00"),
        ({"frequency": "daily", "at_time": time(2, 30)}, "2026-03-28T12:00", "2026-03-29T01:00"),
        ({"frequency": "daily", "at_time": time(2, 30)}, "2026-03-29T01:00", "2026-03-30T00:30"),
        ({"frequency": "daily", "at_time": time(2, 30)}, "2026-10-24T12:00", "2026-10-25T00:30"),
        ({"frequency": "daily", "at_time": time(2, 30)}, "2026-10-25T00:30", "2026-10-26T01:30"),
        ({"frequency": "daily", "zone": "Pacific/Apia"}, "2011-12-29T20:00", "2011-12-30T19:00"),
    ],
)
def test_the_first_time_is_the_next_that_fits(session: Session, values: dict[str, Any], after: str, first: str) -> None:
    digest = made(session, **values)
    assert schedules.first_time(digest, _utc(after)) == _utc(first)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"frequency": "hourly"}, "frequency"),
        ({"content": "weather"}, "content"),
        ({"scope": "galaxy"}, "scope"),
        ({"frequency": "daily", "weekday": 1}, "weekday"),
        ({"frequency": "weekly", "weekday": 7}, "weekday"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_a_digest_names_its_field(session: Session, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        made(session, **values)
    assert caught.value.field == field


def test_a_digest_is_stopped_started_and_removed(session: Session) -> None:
    digest = made(session)
    schedules.stop(session, digest)
    assert due.get(session, "digest", "G-1") is None
    schedules.start(session, digest)
    assert due.get(session, "digest", "G-1") is not None
    schedules.remove(session, digest)
    assert due.get(session, "digest", "G-1") is None
    with pytest.raises(NotFound):
        schedules.get(session, 1)


def test_an_undo_stops_a_new_digest_and_starts_a_stopped_one(session: Session) -> None:
    kept = made(session)
    with recording(session, actor_id="UMANAGER", source="test"):
        schedules.stop(session, kept)
    with recording(session, actor_id="UMANAGER", source="test"):
        undo(session, "UMANAGER")
    assert due.get(session, "digest", "G-1") is not None
    with recording(session, actor_id="UMANAGER", source="test"):
        made(session, "Mistake")
    with recording(session, actor_id="UMANAGER", source="test"):
        undo(session, "UMANAGER")
    assert due.get(session, "digest", "G-2") is None


def test_a_digest_is_found_by_reference_and_name(session: Session) -> None:
    sales, support = made(session, "Sales"), made(session, "Support weekly", owner_id="UADMIN")
    assert (
        schedules.resolve(session, "g-1") is schedules.resolve(session, "sales") is schedules.get(session, 1) is sales
    )
    assert schedules.resolve(session, "supp") is support
    with pytest.raises(Ambiguous):
        schedules.resolve(session, "s")
    with pytest.raises(NotFound):
        schedules.resolve(session, "weather")
    assert schedules.list_digests(session) == [sales, support]
    assert schedules.list_digests(session, owner_id="UADMIN") == [support]
