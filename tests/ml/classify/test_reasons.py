from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ml.classify.classifier import MessageClassifier
from ml.classify.reasons import FILLER
from ml.evaluate.public_data import read_csv
from ml.text.terms import Piece, read

DATA = Path(__file__).parents[4] / "shared" / "data"

Split = tuple[MessageClassifier, list[tuple[str, str]]]


def without(text: str, pieces: Iterable[Piece]) -> str:
    """Return a text with these pieces of it cut out."""
    for piece in sorted(pieces, key=lambda piece: -piece.start):
        text = text[: piece.start] + text[piece.end :]
    return text


def shown(text: str, words: list[str]) -> list[Piece]:
    """Return the pieces of a text that the given reasons stand for."""
    found: list[Piece] = []
    pieces = read(text)
    for word in words:
        keys = [piece.key for piece in read(word)]
        for i in range(len(pieces)):
            if [piece.key for piece in pieces[i : i + len(keys)]] == keys:
                found.extend(pieces[i : i + len(keys)])
    return list({piece.start: piece for piece in found}.values())


def honesty(model: MessageClassifier, texts: Sequence[str]) -> tuple[float, float, float, int]:
    """Return mean falls of probability without the shown and as many other words, how often more, of how many."""
    random = np.random.default_rng(0)
    falls, others, wins = [], [], []
    for text in texts:
        verdict = model.classify(text)
        removed = shown(text, [reason.word for reason in verdict.reasons])
        rest = [piece for piece in read(text) if piece not in removed]
        if verdict.category is None or not removed or len(rest) < len(removed):
            continue
        column = int(np.flatnonzero(model.classes_ == verdict.category)[0])
        chosen = [random.choice(len(rest), len(removed), replace=False) for _ in range(5)]
        variants = [without(text, removed), *(without(text, [rest[i] for i in drawn]) for drawn in chosen)]
        after = model.predict_proba(variants)[:, column]
        falls.append(verdict.confidence - after[0])
        others.append(verdict.confidence - after[1:].mean())
        wins.append(after[0] < after[1:].mean())
    return float(np.mean(falls)), float(np.mean(others)), float(np.mean(wins)), len(falls)


def test_removing_the_shown_words_costs_more_than_removing_as_many_others(split: Split) -> None:
    model, held_out = split
    fall, other, wins, messages = honesty(model, [text for text, _ in held_out])
    assert messages > 200
    assert fall > 3 * other
    assert wins > 0.9


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not part of the repository")
@pytest.mark.parametrize(
    ("path", "text", "label"),
    [("banking77/test.csv", "text", "category"), ("bitext/test.csv", "utterance", "intent")],
)
def test_the_same_holds_for_real_messages(starter: MessageClassifier, path: str, text: str, label: str) -> None:
    texts = read_csv(DATA / path, text, label)[0]
    fall, other, wins, messages = honesty(starter, texts[:: len(texts) // 300])
    assert messages > 200
    assert fall > 2 * other
    assert wins > 0.85


def test_what_stands_in_every_message_is_no_reason_where_something_else_is(split: Split) -> None:
    model, held_out = split
    for text, _ in held_out:
        words = {reason.word.casefold() for reason in model.classify(text).reasons}
        assert not words & FILLER or words <= FILLER, text


@pytest.mark.parametrize(
    ("text", "filler"),
    [
        ("please, the invoice is wrong", {"please", "the", "is"}),
        ("I would like my money back", {"I", "would", "my"}),
        ("我想申请退款", {"我想", "想申"}),
    ],
)
def test_filler_words_explain_nothing(starter: MessageClassifier, text: str, filler: set[str]) -> None:
    words = {reason.word for reason in starter.classify(text).reasons}
    assert words and not words & filler


def test_a_message_of_filler_alone_shows_what_there_is(starter: MessageClassifier) -> None:
    assert starter.classify("could you please").reasons


def test_reasons_are_words_of_the_message_as_typed(split: Split) -> None:
    model, held_out = split
    for text, _ in held_out:
        verdict = model.classify(text)
        assert len(verdict.reasons) <= 3
        assert all(reason.word in text and reason.weight > 0 for reason in verdict.reasons)
        weights = [reason.weight for reason in verdict.reasons]
        assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Hello there, my INVOICE has a mistake", "INVOICE"),
        ("please, I need a refund, refund, refund", "refund"),
        ("I can’t remember my Password", "Password"),
    ],
)
def test_the_word_that_decided_comes_as_it_was_typed_and_once(starter: MessageClassifier, text: str, word: str) -> None:
    assert [reason.word for reason in starter.classify(text).reasons].count(word) == 1


def test_chinese_reasons_are_words_not_single_characters(starter: MessageClassifier) -> None:
    reasons = starter.classify("你好，我想申请退款，谢谢").reasons
    assert "退款" in reasons[0].word
    assert all(2 <= len(reason.word) <= 4 for reason in reasons)


def test_marks_and_code_are_never_reasons(starter: MessageClassifier) -> None:
    words = [reason.word for reason in starter.classify("why is it broken??!! ```x = 1```").reasons]
    assert words and not {"?", "!", "```x = 1```"} & set(words)
