"""Show what is known of who reads a channel, whatever the order in which events and answers come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.support import sharing

OWN = {"id": "C1", "is_ext_shared": False, "shared_team_ids": ["T0ACME"], "conversation_host_id": "T0ACME"}
EARLY, LATE = datetime(2030, 1, 7, 9, tzinfo=UTC), datetime(2030, 1, 7, 10, tzinfo=UTC)


def age(session: Session, seconds: float) -> None:
    session.execute(
        text("UPDATE channel_sharing SET known_at = known_at - make_interval(secs => :age)"), {"age": seconds}
    )


def learned(session: Session, shared: bool) -> None:
    assert sharing.learn(session, "C1", shared, since=sharing.known(session, "C1"))


@pytest.mark.parametrize(
    "said",
    [
        {"is_ext_shared": True},
        {"is_pending_ext_shared": True},
        {"is_org_shared": True},
        {"is_shared": True},
        {"is_global_shared": True},
        {"connected_team_ids": ["T0OTHER"]},
        {"connected_team_ids": ["E0OTHER"]},
        {"pending_shared": ["T0OTHER"]},
        {"pending_connected_team_ids": ["T0OTHER"]},
        {"shared_team_ids": ["T0ACME", "T0SISTER"]},
        {"internal_team_ids": ["T0SISTER"]},
        {"conversation_host_id": "T0OTHER"},
    ],
    ids=str,
)
def test_a_channel_is_shared_by_whatever_slack_says_it_with(said: dict[str, Any]) -> None:
    assert not sharing.others_read(OWN, "T0ACME")
    assert sharing.others_read(OWN | said, "T0ACME")


def test_a_channel_of_which_slack_says_nothing_is_shared() -> None:
    assert sharing.others_read({}, "T0ACME")
    assert sharing.others_read({"id": "C1", "is_private": True}, "T0ACME")
    assert sharing.others_read(OWN | {"is_ext_shared": None}, "T0ACME")
    assert not sharing.others_read({"is_ext_shared": False, "is_shared": None, "connected_team_ids": None}, "T0ACME")


def test_an_answer_holds_for_a_minute(session: Session) -> None:
    assert sharing.FRESH_S <= 60
    assert sharing.known(session, "C1").shared is None
    for shared in (False, True):
        learned(session, shared)
        assert sharing.known(session, "C1").shared is shared
    age(session, sharing.FRESH_S - 1)
    assert sharing.known(session, "C1").shared is True
    age(session, 2)
    assert sharing.known(session, "C1").shared is None


def test_an_event_ends_what_was_known(session: Session) -> None:
    learned(session, False)
    sharing.announced(session, "C1", shared=True, at=EARLY)
    assert sharing.known(session, "C1").shared is True
    sharing.announced(session, "C1", shared=False, at=LATE)
    assert sharing.known(session, "C1").shared is None, "others may still read it, so Slack is asked"
    assert sharing.known(session, "C2").shared is None


@pytest.mark.parametrize("shared", [True, False])
def test_an_answer_to_an_older_question_is_not_kept(session: Session, shared: bool) -> None:
    for _known_before in (False, True):
        asked = sharing.known(session, "C1")
        sharing.announced(session, "C1", shared=shared, at=None)
        assert not sharing.learn(session, "C1", False, since=asked)
        assert sharing.known(session, "C1").shared is (True if shared else None)


def test_a_newer_answer_stays(session: Session) -> None:
    learned(session, True)
    newer = sharing.known(session, "C1")
    older = sharing.KnownSharing(None, newer.changes, newer.at - timedelta(seconds=5))
    assert not sharing.learn(session, "C1", False, since=older)
    assert sharing.known(session, "C1").shared is True


def test_an_event_that_comes_late_says_only_that_slack_is_to_be_asked(session: Session) -> None:
    sharing.announced(session, "C1", shared=False, at=LATE)
    sharing.announced(session, "C1", shared=True, at=EARLY)
    assert sharing.known(session, "C1").shared is None
    sharing.announced(session, "C1", shared=True, at=LATE)
    assert sharing.known(session, "C1").shared is True


def test_what_came_from_a_shared_channel_says_so(session: Session) -> None:
    learned(session, False)
    sharing.noticed(session, "C1")
    known = sharing.known(session, "C1")
    assert known.shared is True
    sharing.noticed(session, "C1")
    assert sharing.known(session, "C1") == known, "nothing is written for each message"


def test_nothing_is_known_after_a_doubt(session: Session) -> None:
    for channel in ("C1", "C2"):
        sharing.learn(session, channel, False, since=sharing.known(session, channel))
    asked = sharing.known(session, "C1")
    sharing.doubt(session)
    assert [sharing.known(session, channel).shared for channel in ("C1", "C2")] == [None, None]
    assert not sharing.learn(session, "C1", False, since=asked), "asked before"
