"""Show what is promised to whom."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.errors import Invalid, NotFound
from storage.records import history
from storage.support import sla
from storage.support.sla import FIRST_RESPONSE, RESOLUTION, best


def test_nothing_is_promised_until_somebody_does(session: Session) -> None:
    assert sla.targets(session) == []
    assert best([], FIRST_RESPONSE, priority="urgent", tier="gold") is None


def test_a_promise_is_made_changed_and_removed(session: Session) -> None:
    made = sla.set_target(session, priority="Urgent", tier=" Gold ", first_response_minutes=60)
    assert (made.priority, made.tier, made.first_response_minutes, made.resolution_minutes) == (
        "urgent",
        "gold",
        60,
        None,
    )
    again = sla.set_target(session, priority="urgent", tier="gold", resolution_minutes=480)
    assert again is made
    assert (made.first_response_minutes, made.resolution_minutes) == (60, 480)
    assert sla.remove_target(session, priority="urgent", tier="gold") is made
    assert sla.targets(session) == []
    with pytest.raises(NotFound):
        sla.remove_target(session, priority="urgent")


def test_the_usual_is_offered_for_each_priority(session: Session) -> None:
    sla.set_target(session, tier="gold", resolution_minutes=30)
    sla.set_usual(session)
    listed = [(one.priority, one.tier, one.first_response_minutes) for one in sla.targets(session)]
    assert listed == [
        ("urgent", None, 60),
        ("high", None, 240),
        ("normal", None, 480),
        ("low", None, 960),
        (None, "gold", None),
    ]


def test_the_closest_promise_counts_for_each_clock(session: Session) -> None:
    sla.set_target(session, first_response_minutes=1000, resolution_minutes=2000)
    sla.set_target(session, priority="urgent", first_response_minutes=60)
    sla.set_target(session, tier="gold", first_response_minutes=30, resolution_minutes=900)
    sla.set_target(session, priority="urgent", tier="gold", resolution_minutes=1200)
    known = sla.targets(session)

    def promised(priority: str, tier: str | None) -> tuple[int | None, int | None]:
        return (
            best(known, FIRST_RESPONSE, priority=priority, tier=tier),
            best(known, RESOLUTION, priority=priority, tier=tier),
        )

    assert promised("low", None) == (1000, 2000)
    assert promised("urgent", "silver") == (60, 2000)
    assert promised("low", "gold") == (30, 900)
    # Of two as close the shorter counts; the closest counts even where it is longer.
    assert promised("urgent", "gold") == (30, 1200)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "answer"),
        ({"first_response_minutes": 0}, "answer"),
        ({"resolution_minutes": 90 * 24 * 60 + 1}, "resolve"),
        ({"first_response_minutes": 5, "priority": "asap"}, "priority"),
        ({"first_response_minutes": 5, "tier": "x" * 41}, "tier"),
    ],
)
def test_promises_that_cannot_be_are_refused(session: Session, values: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        sla.set_target(session, **values)  # type: ignore[arg-type]  # the wrong ones are what is tested
    assert caught.value.field == field
    assert sla.targets(session) == []


def test_a_promise_is_taken_back_with_undo(session: Session) -> None:
    with history.recording(session, actor_id="UMANAGER", source="slash"):
        sla.set_target(session, priority="urgent", first_response_minutes=60)
    with history.recording(session, actor_id="UMANAGER", source="slash"):
        undone = history.undo(session, "UMANAGER")
    assert [row.name for row in undone.rows] == ["the promise for urgent tickets"]
    assert sla.targets(session) == []


def test_two_workspaces_promise_each_their_own(database: Database, workspace: str, second_workspace: str) -> None:
    with database.transaction(workspace) as session:
        sla.set_usual(session)
    with database.transaction(second_workspace) as session:
        assert sla.targets(session) == []
        sla.set_target(session, first_response_minutes=5)
    with database.transaction(workspace) as session:
        assert len(sla.targets(session)) == 4
