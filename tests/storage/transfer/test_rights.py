"""Show that an import changes no record that the person it is for may not change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from storage.crm.deals import Deal
from storage.records.history import ownership, recording
from storage.transfer import running
from storage.workspace import permissions
from tests.support.tables import Desk

ONLY = "Theirs is Manager's. Only they and managers may change it. "
DEALS = "Id,Deal Name,Amount\n1,Mine,500\n2,Theirs,500\n3,Nobody's,500\n4,New,500\n"


@pytest.fixture
def deals(desk: Desk) -> Desk:
    """Return a desk where deals of three owners are, and a file changes each of them."""
    desk.bring_in(desk.write("Id,Deal Name,Owner\n1,Mine,Rep\n2,Theirs,Manager\n3,Nobody's,\n", "before.csv"))
    return desk


def guard(desk: Desk, who: str) -> None:
    with desk.database.transaction(desk.workspace) as session, recording(session, actor_id=None, source="job"):
        ownership.let_change(session, "deal", who)


def amounts(desk: Desk) -> list[tuple[str, int]]:
    with desk.database.transaction(desk.workspace) as session:
        found = session.scalars(select(Deal).order_by(Deal.id))
        return [(one.name, one.amount.minor if one.amount else 0) for one in found]


@pytest.mark.parametrize(
    ("who", "actor", "refused"),
    [
        (ownership.OWNER, "UREP", f"{ONLY}Ask them, or a manager."),
        (ownership.ASK, "UREP", f"{ONLY}Ask them first: `/crm ask D-2`"),
        (ownership.OWNER, "UMANAGER", ""),
        (ownership.OWNER, None, ""),
        ("", "UREP", ""),
    ],
)
def test_rows_of_guarded_records_of_others_are_refused_with_the_reason(
    deals: Desk, who: str, actor: str | None, refused: str
) -> None:
    if who:
        guard(deals, who)
    path = deals.write(DEALS, "deals.csv")
    expected = {"added": 1, "changed": 2, "refused": 1} if refused else {"added": 1, "changed": 3}
    assert deals.rehearse(path, actor=actor) == expected
    run = deals.go_on(deals.begin(path, actor=actor), path)
    assert running.as_numbers(run.counts) == expected
    said = deals.refused(run.id)
    assert list(said) == ([3] if refused else [])
    assert all(reason.startswith(refused) for reason in said.values())
    theirs = 0 if refused else 50_000
    assert amounts(deals) == [("Mine", 50_000), ("Theirs", theirs), ("Nobody's", 50_000), ("New", 50_000)]


def test_who_asked_the_owner_and_was_allowed_to_brings_it_in(deals: Desk) -> None:
    guard(deals, ownership.ASK)
    now = datetime.now(UTC)
    with deals.database.transaction(deals.workspace) as session, recording(session, actor_id="UREP", source="test"):
        asked = permissions.ask(session, "deal", 2, "UREP", None, now)
        permissions.decide(session, asked.id, by="UMANAGER", allowed=True, now=now)
    path = deals.write(DEALS, "deals.csv")
    expected = {"added": 1, "changed": 3}
    assert deals.rehearse(path, actor="UREP") == expected
    assert running.as_numbers(deals.go_on(deals.begin(path, actor="UREP"), path).counts) == expected
