"""Show that one model of a workspace is live, and that another can take its place and give it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.errors import Conflict, NotFound
from storage.records import history
from storage.support import categories, labels, model_versions
from storage.support.model_versions import ModelVersion, State
from tests.support.received_messages import received


def kept(session: Session, version: str, **values: Any) -> ModelVersion:
    given: dict[str, Any] = {"figures": {"accuracy": 0.8}, "last_label_id": 7, "weights": b"weights", "promote": True}
    return model_versions.keep(session, version=version, **given | values)


def test_a_better_model_takes_the_place_of_the_one_before(session: Session) -> None:
    assert model_versions.live(session) is None
    first, second = kept(session, "learned-1"), kept(session, "learned-2")
    worse = kept(session, "learned-3", promote=False, weights=None)
    assert (first.state, second.state, worse.state) == (State.RETIRED, State.LIVE, State.REFUSED)
    assert model_versions.live(session) is second
    assert second.live_at is not None and second.live_at <= datetime.now(UTC)
    assert model_versions.newest(session) == [worse, second, first]
    assert model_versions.weights(session, second.id) == b"weights"


def test_a_model_is_rolled_back_to_one_before_or_to_the_starter_and_that_is_undone(session: Session) -> None:
    first, second = kept(session, "learned-1"), kept(session, "learned-2")
    with history.recording(session, actor_id="UMANAGER", source="test"):
        model_versions.make_live(session, first)
    assert (first.state, second.state) == (State.LIVE, State.RETIRED)
    with history.recording(session, actor_id="UMANAGER", source="test"):
        history.undo(session, "UMANAGER")
    assert (first.state, second.state) == (State.RETIRED, State.LIVE)
    model_versions.make_live(session, None)
    assert model_versions.live(session) is None
    model_versions.make_live(session, None)
    model_versions.make_live(session, second)
    model_versions.make_live(session, second)
    assert model_versions.live(session) is second


def test_the_version_before_is_found_behind_any_number_of_refused_ones(session: Session) -> None:
    first = kept(session, "learned-1")
    assert model_versions.before(session, first) is None
    second = kept(session, "learned-2")
    third = kept(session, "learned-3")
    for number in range(4, 24):
        kept(session, f"learned-{number}", promote=False)
    assert model_versions.before(session, third) is second
    model_versions.make_live(session, first)
    assert model_versions.before(session, first) is third


def test_a_model_without_weights_cannot_be_live(session: Session) -> None:
    worse = kept(session, "learned-1", promote=False, weights=None)
    with pytest.raises(Conflict, match="no longer stored"):
        model_versions.make_live(session, worse)
    with pytest.raises(NotFound):
        model_versions.get(session, 10**9)
    with pytest.raises(IntegrityError), session.begin_nested():
        worse.state = State.LIVE
        session.flush()


def test_the_standing_says_what_a_model_depends_on(session: Session) -> None:
    before = model_versions.standing(session)
    assert (before.live_id, before.last_label_id, before.last_example_id, before.merged) == (None, 0, 0, {})
    label = labels.correct(session, received(session), "bug", actor_id="UAGENT")
    row = categories.add(session, "Wholesale", ["a", "b", "c"], taken={})
    categories.merge(session, "bug", row.key, taken={"bug": "Bug"})
    version = kept(session, "learned-1")
    after = model_versions.standing(session)
    assert (after.live_id, after.last_label_id) == (version.id, label.id)
    assert after.last_example_id == categories.examples_of(session)[-1].id
    assert after.examples == before.examples + 3
    assert after.merged == {"bug": "wholesale"}
