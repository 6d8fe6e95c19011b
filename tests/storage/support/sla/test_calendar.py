"""Show when a workspace works, as its managers say it."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.errors import Duplicate, Invalid, NotFound
from storage.queues import due
from storage.records import history
from storage.support import sla
from storage.support.sla import RECOUNT
from storage.workspace.workspaces import Workspace
from tests.support.service_desk import OFFICE

CHRISTMAS = date(2026, 12, 25)


def test_until_somebody_says_so_it_is_always_in_the_workspaces_zone(session: Session) -> None:
    session.query(Workspace).one().zone = "Asia/Tokyo"
    assert sla.hours(session).always
    assert sla.hours(session).zone == "Asia/Tokyo"


def test_hours_are_kept_with_their_zone(session: Session) -> None:
    set_to = sla.set_hours(session, OFFICE, zone="europe/berlin")
    assert (set_to.zone, set_to.week) == ("Europe/Berlin", OFFICE)
    assert sla.hours(session) == set_to
    assert sla.set_hours(session, [(0, 1440)] * 7).zone == "Europe/Berlin"
    assert sla.set_hours(session, [None] * 7).always
    assert due.get(session, f"job:{RECOUNT}", RECOUNT) is not None


def test_hours_and_zones_that_cannot_be_are_refused(session: Session) -> None:
    with pytest.raises(Invalid, match="begin before they end"):
        sla.set_hours(session, [(1020, 540), *[None] * 6])
    with pytest.raises(Invalid) as caught:
        sla.set_hours(session, OFFICE, zone="Europe/Entenhausen")
    assert caught.value.field == "zone"


def test_holidays_are_off_until_they_are_removed(session: Session) -> None:
    sla.add_holiday(session, CHRISTMAS, "Christmas")
    assert sla.hours(session).holidays == {CHRISTMAS}
    with pytest.raises(Duplicate, match="Christmas"):
        sla.add_holiday(session, CHRISTMAS, "Xmas")
    assert [one.name for one in sla.holidays(session, since=CHRISTMAS)] == ["Christmas"]
    assert sla.holidays(session, since=date(2026, 12, 26)) == []
    assert sla.remove_holiday(session, CHRISTMAS).name == "Christmas"
    with pytest.raises(NotFound):
        sla.remove_holiday(session, CHRISTMAS)
    assert sla.hours(session).holidays == frozenset()


def test_a_holiday_is_taken_back_with_undo_both_ways(session: Session) -> None:
    with history.recording(session, actor_id="UMANAGER", source="slash"):
        sla.add_holiday(session, CHRISTMAS, "Christmas")
    with history.recording(session, actor_id="UMANAGER", source="slash"):
        sla.remove_holiday(session, CHRISTMAS)
    for known in ({CHRISTMAS}, set()):
        with history.recording(session, actor_id="UMANAGER", source="slash"):
            history.undo(session, "UMANAGER")
        assert sla.hours(session).holidays == known


def test_two_workspaces_have_each_their_own(database: Database, workspace: str, second_workspace: str) -> None:
    with database.transaction(workspace) as session:
        sla.set_hours(session, OFFICE)
        sla.add_holiday(session, CHRISTMAS, "Christmas")
    with database.transaction(second_workspace) as session:
        assert (sla.hours(session).always, sla.hours(session).holidays) == (True, frozenset())
