"""Show that what people said of a message is remembered, that the last word wins, and that nothing else is caught."""

from __future__ import annotations

import pytest

from ml.classify.classifier import MessageClassifier
from ml.classify.memory import Memory


@pytest.fixture
def memory(starter: MessageClassifier) -> Memory:
    return Memory(starter.features_)


CORRECTED = "Can you quote me a pallet of the blue ones for our reseller in Lyon?"


def test_a_remembered_message_is_recognised_as_typed_and_nearly_as_typed(memory: Memory) -> None:
    assert memory.recall(CORRECTED) is None
    memory.remember(1, CORRECTED, "wholesale", 10)
    found = memory.recall(CORRECTED)
    assert found is not None
    assert (found.key, found.category, found.is_same) == (1, "wholesale", True)
    nearly = memory.recall("can you quote me a pallet of the blue ones for our reseller in Lyon!")
    assert nearly is not None and nearly.category == "wholesale" and 0.9 <= nearly.similarity < 1
    assert memory.recall("Can you tell me where my parcel is?") is None


def test_what_a_model_never_saw_still_tells_messages_apart(memory: Memory) -> None:
    memory.remember(1, "Where is my zorblatt?", "order", 10)
    assert memory.recall("Where is my quuxinator?") is None
    assert memory.recall("where is my ZORBLATT?") is not None


def test_the_last_word_on_a_message_and_on_its_like_wins(memory: Memory) -> None:
    memory.remember(1, CORRECTED, "wholesale", 10)
    memory.remember(1, CORRECTED, "sales", 11)
    memory.remember(2, CORRECTED, "billing", 12)
    found = memory.recall(CORRECTED)
    assert found is not None and (found.key, found.category) == (2, "billing")
    memory.remember(1, CORRECTED, "sales", 13)
    found = memory.recall(CORRECTED)
    assert found is not None and found.category == "sales"
    assert len(memory) == 2


def test_what_was_taken_back_is_forgotten(memory: Memory) -> None:
    memory.remember(1, CORRECTED, "wholesale", 10)
    assert memory.recall(CORRECTED) is not None
    memory.forget(1)
    memory.forget(1)
    assert memory.recall(CORRECTED) is None
    assert len(memory) == 0


@pytest.mark.parametrize("text", ["", "   ", "<@U123>", "http://a.example"])
def test_what_holds_nothing_to_read_is_neither_remembered_nor_recalled(memory: Memory, text: str) -> None:
    memory.remember(1, text, "bug", 10)
    assert len(memory) == 0
    memory.remember(2, CORRECTED, "bug", 11)
    assert memory.recall(text) is None


def test_chinese_and_emoji_are_remembered(memory: Memory) -> None:
    memory.remember(1, "请问批发价是多少？", "wholesale", 10)
    memory.remember(2, ":tada: :tada:", "chatter", 11)
    chinese, emoji = memory.recall("请问批发价是多少"), memory.recall(":tada: :tada:")
    assert chinese is not None and chinese.category == "wholesale"
    assert emoji is not None and emoji.category == "chatter"
    assert memory.recall("请问什么时候发货？") is None


def test_beyond_its_limit_the_oldest_is_forgotten(starter: MessageClassifier) -> None:
    memory = Memory(starter.features_, limit=2)
    for number, text in enumerate(("first thing", "second matter", "third subject")):
        memory.remember(number, text, "bug", number)
    assert memory.recall("first thing") is None
    assert memory.recall("second matter") is not None and memory.recall("third subject") is not None
