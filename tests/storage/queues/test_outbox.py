"""Show that a delivery is written with its change, waits for what it edits, can be taken back until it is claimed."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from storage.database.engine import Database
from storage.queues import outbox, outbox_claims
from tests.support.outbox_rows import claim, post, read, send
from tests.support.passing_time import pass_time


def test_nothing_is_sent_of_a_change_that_was_rolled_back(database: Database, workspace: str) -> None:
    with database.listen([outbox.CHANNEL]) as listener:
        with pytest.raises(RuntimeError), database.transaction(workspace) as session:
            outbox.enqueue(session, target_user="U1", renderer="followups.reminder", record="F-1")
            raise RuntimeError
        assert listener.wait(0.1) == []
        assert claim(database) == []
        post(database, workspace)
        assert len(listener.wait(2)) == 1


def test_a_dedupe_key_names_one_delivery(database: Database, workspace: str, second_workspace: str) -> None:
    first = post(database, workspace, dedupe_key="digest:G-1:2026-01-01")
    assert post(database, workspace, dedupe_key="digest:G-1:2026-01-01") == first
    assert post(database, second_workspace, dedupe_key="digest:G-1:2026-01-01") != first
    assert len(claim(database)) == 2


def test_an_update_waits_for_its_post(database: Database, workspace: str) -> None:
    card = post(database, workspace, target_channel=None, target_user="U1")
    change = post(database, workspace, target_channel=None, kind="update", edits=card)
    (first,) = claim(database)
    assert first.id == card
    assert claim(database) == []
    send(database, first)
    pass_time(database, workspace, 1)
    (second,) = claim(database)
    assert (second.id, second.target_user, second.edits) == (change, "U1", card)


def test_a_newer_update_takes_the_place_of_an_unsent_one(database: Database, workspace: str) -> None:
    card = post(database, workspace)
    older = post(database, workspace, kind="update", edits=card, payload={"n": 1})
    assert post(database, workspace, kind="update", edits=card, payload={"n": 2}, renderer="tickets.closed") == older
    row = read(database, workspace, older)
    assert (row.payload, row.renderer) == ({"n": 2}, "tickets.closed")


def test_an_update_that_is_on_its_way_is_followed_by_the_newer(database: Database, workspace: str) -> None:
    card = post(database, workspace)
    send(database, claim(database)[0])
    older = post(database, workspace, kind="update", edits=card)
    pass_time(database, workspace, 1)
    assert claim(database)[0].id == older
    assert post(database, workspace, kind="update", edits=card) != older


def test_a_delete_leaves_no_update_to_send(database: Database, workspace: str) -> None:
    card = post(database, workspace)
    change = post(database, workspace, kind="update", edits=card)
    gone = post(database, workspace, kind="delete", edits=card)
    assert read(database, workspace, change).state == "cancelled"
    send(database, claim(database)[0])
    pass_time(database, workspace, 1)
    assert [row.id for row in claim(database)] == [gone]


def test_an_update_of_what_was_never_sent_comes_up_to_be_cancelled(database: Database, workspace: str) -> None:
    card = post(database, workspace)
    change = post(database, workspace, kind="update", edits=card)
    (row,) = claim(database)
    with database.transaction(workspace) as session:
        assert outbox_claims.dead(session, row, "channel_not_found")
    assert [row.id for row in claim(database)] == [change]


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_channel": None},
        {"target_user": "U1"},
        {"kind": "update"},
        {"edits": uuid4()},
        {"kind": "update", "edits": uuid4()},
    ],
)
def test_a_delivery_without_one_target_is_refused(database: Database, workspace: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"delivery|either"):
        post(database, workspace, **wrong)


def test_another_workspaces_delivery_cannot_be_edited(
    database: Database, workspace: str, second_workspace: str
) -> None:
    theirs = post(database, second_workspace)
    with pytest.raises(ValueError, match="no delivery"):
        post(database, workspace, kind="update", edits=theirs)


def test_what_is_cancelled_is_not_sent_and_what_is_claimed_is_not_cancelled(database: Database, workspace: str) -> None:
    first, second = post(database, workspace, "C1"), post(database, workspace, "C2")
    with database.transaction(workspace) as session:
        assert outbox.cancel(session, first, reason="the deal is closed")
    (row,) = claim(database)
    assert row.id == second
    with database.transaction(workspace) as session:
        assert not outbox.cancel(session, second, reason="too late")
    assert read(database, workspace, first).reason == "the deal is closed"


def test_everything_about_a_record_can_be_cancelled(database: Database, workspace: str) -> None:
    card = post(database, workspace, "C1", record="F-1", renderer="followups.reminder")
    post(database, workspace, "C2", record="F-1", renderer="followups.card")
    post(database, workspace, "C3", record="F-2", renderer="followups.reminder")
    with database.transaction(workspace) as session:
        assert outbox.cancel_for_record(session, "F-1", renderer="followups.reminder", reason="done") == 1
        assert outbox.cancel_for_record(session, "F-1", reason="erased") == 1
    assert read(database, workspace, card).state == "cancelled"
    assert [row.record for row in claim(database)] == ["F-2"]
