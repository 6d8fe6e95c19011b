"""Show that corrections are kept, and become the examples of the next model."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.errors import Invalid
from storage.support import labels, messages
from storage.support.labels import LABELS_CHANGED, LabelSource, Said
from storage.support.messages import IncomingMessage
from tests.support.received_messages import received
from tests.support.waiting import PATIENCE_S


def test_a_correction_says_who_when_and_what_it_was_thought_to_be(session: Session) -> None:
    message = received(session)
    messages.classified(
        session, message, category="bug", confidence=0.6, reasons=[], model_version="starter-1", abstained=False
    )
    label = labels.correct(session, message, " Billing ", actor_id="UAGENT")
    assert (label.old_category, label.new_category, label.actor_id) == ("bug", "billing", "UAGENT")
    assert (label.model_version, message.category) == ("starter-1", "billing")
    assert label.at is not None
    assert label.source == LabelSource.CORRECTED
    again = labels.correct(session, message, "bug", actor_id="UMANAGER", source=LabelSource.CONFIRMED)
    assert (again.old_category, again.source) == ("billing", "confirmed")
    assert labels.of_message(session, message) == [label, again]
    with pytest.raises(Invalid):
        labels.correct(session, message, "", actor_id="UAGENT")


def test_the_last_word_on_each_message_is_an_example(session: Session) -> None:
    first, second = received(session, text="invoice?"), received(session, "1893492001.000100", text="crash")
    received(session, "1893492002.000100", text="never labelled")
    labels.correct(session, first, "bug", actor_id="UAGENT")
    labels.correct(session, second, "bug", actor_id="UAGENT")
    labels.correct(session, first, "billing", actor_id="UAGENT")
    assert list(labels.examples(session)) == [("crash", "bug"), ("invoice?", "billing")]


def test_a_correction_is_taken_back(session: Session) -> None:
    message = received(session, text="invoice?")
    labels.take_back(session, message)
    assert said_of(session, message) == (None, [])
    labels.correct(session, message, "bug", actor_id="UAGENT")
    labels.correct(session, message, "billing", actor_id="UAGENT")
    labels.take_back(session, message)
    assert said_of(session, message) == ("bug", [("invoice?", "bug")])
    labels.take_back(session, message)
    assert said_of(session, message) == (None, [])


def test_the_last_word_of_people_is_read_after_a_label_and_by_message(session: Session) -> None:
    first, second = received(session, text="invoice?"), received(session, "1893492001.000100", text="crash")
    one = labels.correct(session, first, "bug", actor_id="UAGENT")
    two = labels.correct(session, second, "bug", actor_id="UAGENT")
    three = labels.correct(session, first, "billing", actor_id="UMANAGER")
    words = [Said(first.id, three.id, "invoice?", "billing", one.id), Said(second.id, two.id, "crash", "bug", two.id)]
    assert labels.last_words(session, limit=10) == words
    assert labels.last_words(session, limit=1) == words[:1]
    assert labels.last_words(session, after=two.id, limit=10) == words[:1]
    assert labels.last_words(session, after=three.id, limit=10) == []
    assert labels.last_words_on(session, [second.id, 10**9]) == words[1:]
    assert (labels.count_after(session, one.id), labels.count_after(session, 0)) == (2, 3)
    assert labels.newest(session, 2) == [(three, "invoice?"), (two, "crash")]


def test_a_change_of_labels_is_told_when_it_is_sure(database: Database, workspace: str) -> None:
    with database.listen([LABELS_CHANGED]) as listener:
        with database.transaction(workspace) as session:
            message = received(session)
            assert not labels.changed_here(session)
            labels.correct(session, message, "bug", actor_id="UAGENT")
            assert labels.changed_here(session)
            assert listener.wait(0.1) == []
        (note,) = listener.wait(PATIENCE_S)
    assert note.payload == f"{workspace} {message.id}"


def said_of(session: Session, message: IncomingMessage) -> tuple[str | None, list[tuple[str, str]]]:
    return message.category, list(labels.examples(session))
