"""Show that a workspace's model learns when enough was said, once, in a process of its own, and only for the better."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from bot.learning.models import Models
from bot.learning.trainer import ENOUGH_LABELS, Learning
from ml.classify.classifier import MessageClassifier
from ml.learn.train import ensure_starter
from ml.text.encoder import installed
from storage.database.engine import Database
from storage.queues.outbox import Delivery
from storage.records import history
from storage.support import categories, channels, labels, messages, model_versions, tickets
from storage.support.model_versions import State
from storage.workspace import workspaces
from tests.support.small_model import KIND, NEXT

PRESS = ["interview?", "we write", "press kit", "a quote?", "logo please", "your founder's photo?", "on the record?"]


@pytest.fixture(scope="session")
def starter(models: Path) -> MessageClassifier:
    return ensure_starter(models / "models")


@dataclass
class Later:
    """Tell the time, which may be later than it is."""

    by: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@pytest.fixture
def enough() -> int:
    return ENOUGH_LABELS


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def learning(
    admin_url: str, workspace: str, database: Database, starter: MessageClassifier, later: Later, enough: int
) -> Iterator[Learning]:
    with database.transaction(workspace) as session:
        workspaces.install(session)
        channels.seen(session, "CTRIAGE", name="support")
        channels.set_triage(session, "CTRIAGE")
    learning = Learning(admin_url, Models(lambda: starter), enough=enough, now=later.now)
    yield learning
    learning.close()


Say = Callable[[list[str], str], None]


@pytest.fixture
def say(database: Database, workspace: str) -> Say:
    numbers = itertools.count()

    def corrected(texts: list[str], category: str) -> None:
        with database.transaction(workspace) as session:
            for text in texts:
                number = next(numbers)
                message = messages.receive(
                    session, channel_id="C1", ts=f"18934{number:05d}.000100", text=text, author_id="U9"
                )
                assert message is not None
                labels.correct(session, message, category, actor_id="UAGENT")

    return corrected


def test_twenty_corrections_of_a_new_kind_teach_it_to_every_replica_once(
    admin_url: str, database: Database, workspace: str, learning: Learning, say: Say, starter: MessageClassifier
) -> None:
    other = Learning(admin_url, Models(lambda: starter))
    say(KIND[:-1], "wholesale")
    learning.tick()
    with database.transaction(workspace) as session:
        assert model_versions.newest(session) == []
    say_last = threading.Thread(target=other.tick)
    with database.transaction(workspace) as session:
        message = messages.receive(session, channel_id="C2", ts="1893499999.000100", text=KIND[-1], author_id="U9")
        assert message is not None
        labels.correct(session, message, "wholesale", actor_id="UAGENT")
    say_last.start()
    learning.tick()
    say_last.join(60)
    other.tick()
    learning.tick()
    other.close()
    with database.transaction(workspace) as session:
        (version,) = model_versions.newest(session)
        assert version.state == State.LIVE, version.figures
        assert version.figures["method"] == "cross-validation"
        assert version.figures["candidate"]["right"] > version.figures["current"]["right"] == 0
        verdict = Models(lambda: starter).of(session).classify(NEXT)
        assert (verdict.category, verdict.version) == ("wholesale", version.version)
        assert starter.classify(NEXT).category != "wholesale"
        (delivery,) = session.scalars(select(Delivery)).all()
        assert (delivery.target_channel, delivery.payload) == ("CTRIAGE", {"version_id": version.id})


class Fits:
    """Stand where a fit is begun, and give what it is told to."""

    def __init__(self, learning: Learning, monkeypatch: pytest.MonkeyPatch, **outcome: Any) -> None:
        worth = {"right": 0.9, "ece": 0.05, "surer": 0.0, "coverage": 1.0, "precision": 0.9, "confusion": []}
        self.outcome: dict[str, Any] = {
            "version": "learned-1", "better": True, "reason": "", "method": "held-out", "judged": 40, "labels": 60,
            "candidate": worth, "current": worth | {"right": 0.8}, "current_version": "starter-1",
        } | outcome  # fmt: skip
        self.count = 0
        self.given: tuple[Any, ...] = ()
        self.half = ""
        self.before_it_ends: Callable[[], None] = lambda: None
        monkeypatch.setattr(learning, "fit", self)

    def __call__(self, *given: Any, half: str) -> tuple[bytes, dict[str, Any]]:
        self.count, self.given, self.half = self.count + 1, given, half
        self.before_it_ends()
        return b"weights", dict(self.outcome)


def test_a_candidate_that_is_no_better_is_kept_with_its_figures_and_nobody_is_told(
    database: Database, workspace: str, learning: Learning, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Fits(learning, monkeypatch, better=False, reason="not right more often")
    say(KIND, "wholesale")
    learning.tick()
    learning.tick()
    assert fits.count == 1
    with database.transaction(workspace) as session:
        (version,) = model_versions.newest(session)
        assert (version.state, version.figures["reason"]) == (State.REFUSED, "not right more often")
        assert session.scalars(select(Delivery)).all() == []


@pytest.mark.parametrize("enough", [5])
def test_the_same_question_is_asked_again_only_with_half_as_much_evidence_more(
    workspace: str, learning: Learning, later: Later, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Fits(
        learning,
        monkeypatch,
        better=False,
        reason="not surely better",
        missing=90,
        judged=20,
        method="cross-validation",
    )
    later.by = timedelta(days=1)
    say(KIND, "wholesale")
    learning.tick()
    assert fits.count == 1
    say([f"{text} Thanks." for text in KIND[:9]], "wholesale")
    learning.tick()
    assert fits.count == 1, "nine more than twenty mostly say the same, also in the night"
    say(["we sell tea and want a pallet"], "wholesale")
    learning.tick()
    assert fits.count == 2
    fits.outcome["method"] = "held-out"
    say([f"{text} Bye." for text in KIND], "wholesale")
    learning.tick()
    say([f"{text} Hello." for text in KIND], "wholesale")
    learning.tick()
    assert fits.count == 3, "of labels one in five is held out, so it takes fifty"


def test_what_people_let_stand_judges_models(
    database: Database, workspace: str, learning: Learning, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Fits(learning, monkeypatch)
    say(KIND, "wholesale")
    with database.transaction(workspace) as session, history.recording(session, actor_id="UAGENT", source="test"):
        for number in range(8):
            judged = {
                "category": "bug",
                "confidence": 0.9,
                "reasons": [],
                "model_version": "starter-1",
                "abstained": False,
            }
            message = messages.receive(
                session,
                channel_id="C3",
                ts=f"18935{number:05d}.000100",
                text=f"page {number} is broken",
                author_id="U9",
                judged=judged,
            )
            assert message is not None
            ticket, _opened = tickets.group(session, message)
            assert ticket is not None
            if number < 7:
                tickets.set_status(session, ticket, tickets.TicketStatus.RESOLVED)
    learning.tick()
    (items, *_more) = fits.given
    assert [(one.text, one.category) for one in items if one.accepted] == [
        (f"page {number} is broken", "bug") for number in range(7)
    ]
    assert sum(not one.accepted for one in items) == len(KIND)


def test_few_labels_wait_for_the_night_and_new_examples_do_not(
    database: Database, workspace: str, learning: Learning, later: Later, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Fits(learning, monkeypatch)
    say(KIND[:7], "wholesale")
    learning.tick()
    assert fits.count == 0
    later.by = timedelta(days=1)
    learning.tick()
    assert fits.count == 1
    learning.tick()
    assert fits.count == 1, "nothing was said since"
    later.by = timedelta(0)
    with database.transaction(workspace) as session:
        categories.add(session, "Press", PRESS, taken={})
    learning.tick()
    learning.tick()
    assert fits.count == 2
    with database.transaction(workspace) as session:
        categories.merge(session, "press", "howto", taken={"press": "Press", "howto": "How-to"})
    learning.tick()
    learning.tick()
    assert fits.count == 2, "all was seen by the live model, so nothing could judge another"


def test_examples_that_are_taken_back_are_unlearned_though_newer_ones_stay(
    database: Database, workspace: str, learning: Learning, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Fits(learning, monkeypatch, better=False, reason="not right more often")
    for actor, name in (("UFIRST", "Trade"), ("USECOND", "Press")):
        with database.transaction(workspace) as session, history.recording(session, actor_id=actor, source="test"):
            categories.add(session, name, [f"{name} {word}" for word in ("one", "two", "three", "four")], taken={})
    learning.tick()
    learning.tick()
    assert fits.count == 1
    with database.transaction(workspace) as session, history.recording(session, actor_id="UFIRST", source="test"):
        history.undo(session, "UFIRST")
    say(KIND[:3], "wholesale")
    learning.tick()
    learning.tick()
    assert fits.count == 2


def test_two_labels_are_too_few_to_judge_by(
    learning: Learning, workspace: str, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Fits(learning, monkeypatch)
    say(KIND[:2], "wholesale")
    assert learning.learn(workspace, anyway=True) is None
    assert fits.count == 0


def test_who_rolls_back_during_a_fit_is_not_overruled(
    database: Database, workspace: str, learning: Learning, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Fits(learning, monkeypatch)

    def roll_back() -> None:
        with database.transaction(workspace) as session:
            model_versions.keep(session, version="by hand", figures={}, last_label_id=0, weights=b"w", promote=True)

    fits.before_it_ends = roll_back
    say(KIND, "wholesale")
    kept = learning.learn(workspace)
    assert kept is not None
    assert (kept.state, kept.figures["reason"]) == (State.REFUSED, "another model went live meanwhile")


def test_a_fit_that_fails_is_tried_again_an_hour_later(
    workspace: str, learning: Learning, say: Say, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    say(KIND, "wholesale")
    monkeypatch.setattr("bot.learning.apart.sys.executable", "/bin/false")
    learning.tick()
    learning.tick()
    assert [record.message for record in caplog.records] == [f"could not learn for {workspace}: RuntimeError"]
    with pytest.raises(RuntimeError, match="code 1"):
        learning.learn(workspace)


def test_a_process_that_stops_gives_its_fit_up(workspace: str, learning: Learning, say: Say) -> None:
    say(KIND, "wholesale")
    learning.stop()
    assert learning.learn(workspace) is None
    learning.tick()


@pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")
def test_by_day_the_half_that_reads_meaning_learns_and_at_night_the_words_follow(
    database: Database,
    workspace: str,
    learning: Learning,
    later: Later,
    say: Say,
    starter: MessageClassifier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days: list[bytes | None] = []
    real = learning.fit

    def fit(*given: Any, half: str) -> tuple[bytes, dict[str, Any]] | None:
        days.append(given[4])
        return real(*given, half=half)

    monkeypatch.setattr(learning, "fit", fit)
    # Of a known category, so that no new one has to be made: what the starter holds for sales is an order here.
    say([f"{text} {word}" for text in KIND for word in ("", "please")], "order")
    learning.tick()
    with database.transaction(workspace) as session:
        (by_day,) = model_versions.newest(session)
        assert (by_day.figures["half"], by_day.state) == ("head", State.LIVE), by_day.figures
        assert by_day.figures["candidate"]["right"] > by_day.figures["current"]["right"]
        served = Models(lambda: starter).of(session).classifier
        assert np.array_equal(served.coef_, starter.coef_) and served.version_ == by_day.version
    learning.tick()
    later.by = timedelta(days=1)
    learning.tick()
    with database.transaction(workspace) as session:
        at_night, before = model_versions.newest(session)
        assert before.id == by_day.id
        answered_by_day = model_versions.weights(session, by_day.id)
        assert answered_by_day and days == [None, answered_by_day], "it must not be worse than what answers by day"
        assert (at_night.figures["half"], at_night.figures["current_version"]) == ("both", starter.version_)
        assert at_night.state == State.LIVE, at_night.figures
    learning.tick()
    with database.transaction(workspace) as session:
        assert len(model_versions.newest(session)) == 2
