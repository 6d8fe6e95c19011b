"""Give tests that run no bot a model that is learned in a moment."""

from __future__ import annotations

from functools import cache

from bot.learning.models import Models
from ml.classify.classifier import MessageClassifier
from ml.starter import load_examples

EXAMPLES = 12


@cache
def _learned() -> MessageClassifier:
    examples = load_examples()
    kept: dict[str, list[str]] = {}
    for text, label in zip(examples.texts, examples.labels, strict=True):
        kept.setdefault(label, []).append(text)
    rows = [(text, label) for label, texts in kept.items() for text in texts[:EXAMPLES]]
    return MessageClassifier(name="starter").fit([text for text, _ in rows], [label for _, label in rows])


def small_models() -> Models:
    """Return models of which the starter knows a dozen examples a category."""
    return Models(_learned)
