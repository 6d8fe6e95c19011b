"""Show that tickets are scored as a person would score them, on conversations that stay as they were written."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ml.evaluate.matters import all_one, by_matter, each_its_own, score, ten_minutes
from ml.matters.conversations import Line, read_conversations
from ml.matters.placing import placer

CONVERSATIONS = Path(__file__).with_name("conversations.txt")
AS_WRITTEN = "3064651ac9db3565c74cefc27d9d4ba969727337a82244d0f1cc2c2e017876d1"
UNSEEN = Path(__file__).with_name("unseen.txt")
UNSEEN_AS_WRITTEN = "26baa0eafb72ad3687db3088c3d9eab7f1bc417d542fd835952b8d3c0c548c6c"
TWO = [Line("A", 0, "a", "login fails"), Line("A", 2, "b", "and the invoice?"), Line("A", 4, "-", "thx")]


def test_the_sixty_conversations_are_as_they_were_before_anything_was_tuned() -> None:
    content = CONVERSATIONS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == AS_WRITTEN
    assert len(read_conversations(content.decode())) == 60


def test_the_forty_unseen_conversations_are_as_they_were_before_they_were_scored() -> None:
    content = UNSEEN.read_bytes()
    assert hashlib.sha256(content).hexdigest() == UNSEEN_AS_WRITTEN
    assert len(read_conversations(content.decode())) == 40


def test_what_asks_for_nothing_counts_in_no_ticket() -> None:
    both = score([TWO], lambda _: [1, 2, 1])
    assert (both.exact, both.precision, both.recall, both.f1) == (1.0, 1.0, 1.0, 1.0)
    assert score([TWO], lambda _: [1, 2, 2]) == both


def test_too_few_tickets_cost_precision_and_too_many_recall() -> None:
    merged = score([TWO], all_one)
    assert (merged.exact, merged.precision, merged.recall) == (0.0, 0.5, 1.0)
    same = [Line("A", 0, "a", "login fails"), Line("A", 1, "a", "error 403")]
    split = score([same], each_its_own)
    assert (split.exact, split.precision, split.recall) == (0.0, 1.0, 0.5)
    assert split.f1 == pytest.approx(2 / 3)


def test_ten_minutes_count_from_the_same_writers_last_message() -> None:
    lines = [Line("A", 0, "a", "x"), Line("B", 1, "b", "x"), Line("A", 10, "a", "x"), Line("A", 21, "c", "x")]
    assert ten_minutes(lines) == [0, 1, 0, 3]


def test_a_line_that_is_no_message_is_refused() -> None:
    for text in ("A 0 a before any conversation", "#1\nA soon a text", "#1\nA 0 a"):
        with pytest.raises(ValueError, match="not a message"):
            read_conversations(text)


def test_neither_ten_minutes_nor_all_one_is_good_enough() -> None:
    conversations = read_conversations(CONVERSATIONS.read_text("utf-8"))
    found = {one.__name__: round(score(conversations, one).f1, 2) for one in (ten_minutes, all_one, each_its_own)}
    assert found["ten_minutes"] < 0.9 and found["all_one"] < 0.9 and found["each_its_own"] < 0.9


def test_what_was_learned_makes_of_them_what_a_person_would_more_often_than_ten_minutes() -> None:
    conversations = read_conversations(CONVERSATIONS.read_text("utf-8"))
    found, before = score(conversations, by_matter(placer(meaning=False))), score(conversations, ten_minutes)
    assert found.f1 > before.f1 and found.exact > before.exact
