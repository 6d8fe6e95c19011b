"""Show that each workspace's model is its own, right at once after a correction, and safe from what is stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.learning.models import Models
from ml.classify.classifier import MessageClassifier, Verdict
from ml.classify.model_blob import pack
from ml.learn.train import ensure_starter
from storage.database.engine import Database
from storage.records import history, lifecycle, named
from storage.support import categories, labels, messages, model_versions
from storage.support.labels import LABELS_CHANGED
from storage.support.messages import IncomingMessage
from storage.support.model_versions import ModelVersion
from tests.support.waiting import PATIENCE_S

PALLET = "Can you quote me a pallet of the blue ones for our reseller in Lyon?"
NEARLY = "can you quote me a pallet of the blue ones for our reseller in Lyon!"


@pytest.fixture(scope="session")
def starter(models: Path) -> MessageClassifier:
    return ensure_starter(models / "models")


@pytest.fixture
def replica(starter: MessageClassifier) -> Models:
    return Models(lambda: starter)


Say = Callable[..., IncomingMessage]


@pytest.fixture
def say(database: Database) -> Say:
    def corrected(workspace: str, text: str, category: str, ts: str = "1893492000.000100") -> IncomingMessage:
        with database.transaction(workspace) as session:
            message = messages.by_ts(session, "C1", ts) or messages.receive(
                session, channel_id="C1", ts=ts, text=text, author_id="U9"
            )
            assert message is not None
            labels.correct(session, message, category, actor_id="UAGENT")
            return message

    return corrected


@pytest.fixture
def asks(database: Database) -> Callable[[Models, str, str], Verdict]:
    def ask(models: Models, workspace: str, text: str) -> Verdict:
        with database.transaction(workspace) as session:
            return models.of(session).classify(text)

    return ask


Ask = Callable[[Models, str, str], Verdict]


def test_without_corrections_the_starter_answers(
    replica: Models, workspace: str, asks: Ask, starter: MessageClassifier
) -> None:
    assert asks(replica, workspace, PALLET) == starter.classify(PALLET)


def test_a_correction_is_right_at_once_in_every_replica_and_in_no_other_workspace(
    replica: Models, workspace: str, second_workspace: str, say: Say, asks: Ask, starter: MessageClassifier
) -> None:
    other_process = Models(lambda: starter)
    assert asks(other_process, workspace, PALLET).category != "feature"
    say(workspace, PALLET, "feature")
    for models in (replica, other_process):
        verdict = asks(models, workspace, NEARLY)
        assert (verdict.category, verdict.abstained, verdict.reasons) == ("feature", False, [])
        assert verdict.version == f"{starter.version_}+memory"
        assert asks(models, second_workspace, NEARLY) == starter.classify(NEARLY)
    say(workspace, PALLET, "sales")
    assert asks(other_process, workspace, PALLET).category == "sales"


def test_a_label_that_is_taken_back_is_forgotten(
    database: Database, replica: Models, workspace: str, say: Say, asks: Ask, starter: MessageClassifier
) -> None:
    first = say(workspace, PALLET, "feature")
    say(workspace, "The zorblatt hums at night", "bug", "1893492001.000100")
    assert asks(replica, workspace, PALLET).category == "feature"
    with database.listen([LABELS_CHANGED]) as listener:
        with database.transaction(workspace) as session:
            labels.take_back(session, session.merge(first))
        for note in listener.wait(PATIENCE_S):
            told, _, message_id = note.payload.partition(" ")
            replica.heard(told, int(message_id))
    assert asks(replica, workspace, PALLET) == starter.classify(PALLET)
    assert asks(replica, workspace, "The zorblatt hums at night").category == "bug"
    replica.heard("TUNKNOWN", 1)


def test_the_newest_label_that_is_taken_back_is_forgotten_though_nothing_was_heard(
    database: Database, replica: Models, workspace: str, say: Say, asks: Ask, starter: MessageClassifier
) -> None:
    message = say(workspace, PALLET, "feature")
    assert asks(replica, workspace, PALLET).category == "feature"
    with database.transaction(workspace) as session:
        labels.take_back(session, session.merge(message))
    assert asks(replica, workspace, PALLET) == starter.classify(PALLET)


def test_what_is_rolled_back_is_not_remembered(
    database: Database, replica: Models, workspace: str, asks: Ask, starter: MessageClassifier
) -> None:
    with database.transaction(workspace) as session:
        message = messages.receive(session, channel_id="C1", ts="1893492000.000100", text=PALLET, author_id="U9")
        assert message is not None
        labels.correct(session, message, "feature", actor_id="UAGENT")
        replica.of(session).classify(PALLET)
        session.rollback()
    assert asks(replica, workspace, PALLET) == starter.classify(PALLET)


def test_no_request_is_filtered_only_when_it_is_the_same(
    replica: Models, workspace: str, say: Say, asks: Ask, starter: MessageClassifier
) -> None:
    say(workspace, PALLET, "chatter")
    assert asks(replica, workspace, PALLET).chatter
    assert asks(replica, workspace, NEARLY) == starter.classify(NEARLY)


def test_examples_and_merges_of_categories_count_at_once(
    database: Database, replica: Models, workspace: str, asks: Ask
) -> None:
    guess = asks(replica, workspace, "I was charged twice for one invoice")
    assert guess.category == "billing"
    with database.transaction(workspace) as session:
        categories.add(session, "Wholesale", [PALLET, "Bulk prices please", "500 pieces"], taken={})
        categories.merge(session, "billing", "wholesale", taken={"billing": "Billing"})
    assert asks(replica, workspace, NEARLY).category == "wholesale"
    merged = asks(replica, workspace, "I was charged twice for one invoice")
    assert (merged.category, merged.version) == ("wholesale", guess.version)
    assert merged.second != "wholesale"
    with database.transaction(workspace) as session:
        categories.begin(session, {"bug": "Bug"})
        lifecycle.archive(session, named.resolve(session, categories.Category, "Wholesale"))
    # What nobody can choose any more is neither remembered nor answered: people are asked.
    assert asks(replica, workspace, PALLET).version == guess.version
    assert asks(replica, workspace, "I was charged twice for one invoice").abstained
    assert asks(replica, workspace, "").category is None


def promoted(database: Database, workspace: str, weights: bytes) -> ModelVersion:
    with database.transaction(workspace) as session:
        return model_versions.keep(
            session, version="learned-1", figures={}, last_label_id=0, weights=weights, promote=True
        )


def test_the_live_version_answers_and_a_roll_back_counts_at_once(
    database: Database, replica: Models, workspace: str, second_workspace: str, asks: Ask, starter: MessageClassifier
) -> None:
    learned = MessageClassifier(name="learned", n_folds=2).fit(
        ["a pallet", "resellers", "crash", "it broke"], list("wwbb")
    )
    asks(replica, workspace, PALLET)
    promoted(database, workspace, pack(learned))
    assert asks(replica, workspace, PALLET).version == learned.version_
    assert asks(replica, second_workspace, PALLET).version == starter.version_
    with database.transaction(workspace) as session:
        model = replica.of(session)
        assert (model.classifier.version_, model.refused) == (learned.version_, None)
        model_versions.make_live(session, None)
    assert asks(replica, workspace, PALLET) == starter.classify(PALLET)


def test_weights_that_were_tampered_with_are_refused_and_the_starter_answers(
    database: Database,
    replica: Models,
    workspace: str,
    asks: Ask,
    starter: MessageClassifier,
    caplog: pytest.LogCaptureFixture,
) -> None:
    blob = bytearray(pack(starter))
    blob[len(blob) // 2] ^= 1
    promoted(database, workspace, bytes(blob))
    for _attempt in range(2):
        assert asks(replica, workspace, PALLET) == starter.classify(PALLET)
    assert len([record for record in caplog.records if "is refused" in record.message]) == 1
    with database.transaction(workspace) as session:
        assert replica.of(session).refused


def test_what_became_of_its_answers_says_how_sure_a_card_may_be(
    workspace: str, database: Database, starter: MessageClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.classify.track_record.ENOUGH", 20)
    models = Models(lambda: starter)
    asked = "I was charged twice for my order"
    with database.transaction(workspace) as session:
        assert models.of(session).classify(asked).promised is None
        sure = starter.classify(asked).confidence
        for number in range(30):
            judged = {
                "category": "billing",
                "confidence": sure,
                "reasons": [],
                "model_version": "v1",
                "abstained": False,
            }
            ts = f"18933{number:05d}.000100"
            message = messages.receive(
                session, channel_id="C1", ts=ts, text=f"charged {number}", author_id="U9", judged=judged
            )
            assert message is not None
            labels.correct(session, message, "billing" if number % 10 else "refund", actor_id="UAGENT")
    with database.transaction(workspace) as session:
        assert models.of(session).classify(asked).promised is None, "looked at every ten minutes"
        verdict = Models(lambda: starter).of(session).classify(asked)
        assert verdict.confidence == sure
        assert verdict.promised is None, "nine of ten of thirty may be seven of ten"
    monkeypatch.setattr("ml.classify.track_record.MISS", 0.2)
    with database.transaction(workspace) as session:
        promised = Models(lambda: starter).of(session).classify(asked).promised
        assert promised == pytest.approx(0.9, abs=0.06)


def test_only_so_many_workspaces_are_kept(
    database: Database,
    replica: Models,
    workspace: str,
    second_workspace: str,
    asks: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.learning.models.MOST_WORKSPACES", 1)

    def kept(of: str) -> object:
        with database.transaction(of) as session:
            return replica.current(session)[0]

    first = kept(workspace)
    assert kept(workspace) is first
    second = kept(second_workspace)
    assert kept(second_workspace) is second
    assert kept(workspace) is not first
    again = kept(workspace)
    replica.forget()
    assert kept(workspace) is not again


def test_the_examples_of_a_category_that_is_taken_back_are_forgotten_though_newer_ones_stay(
    database: Database, replica: Models, workspace: str, asks: Ask, starter: MessageClassifier
) -> None:
    pallets, press = [PALLET, "pallet price?", "trade terms"], ["May I interview you?", "press kit?", "a logo please"]
    for actor, name, examples in (("UFIRST", "Wholesale", pallets), ("USECOND", "Press", press)):
        with database.transaction(workspace) as session, history.recording(session, actor_id=actor, source="test"):
            categories.add(session, name, examples, taken={})
    assert [asks(replica, workspace, text).category for text in (PALLET, press[0])] == ["wholesale", "press"]
    with database.transaction(workspace) as session, history.recording(session, actor_id="UFIRST", source="test"):
        history.undo(session, "UFIRST")
    assert asks(replica, workspace, PALLET) == starter.classify(PALLET)
    assert asks(replica, workspace, press[0]).category == "press"
