"""Models that several tests read and none changes."""

import pytest

from ml.classify.classifier import MessageClassifier
from ml.learn.train import held_out_rows, starter_model
from ml.starter import load_examples

HeldOut = list[tuple[str, str]]


@pytest.fixture(scope="session")
def starter() -> MessageClassifier:
    """Return the starter model, trained on every example."""
    examples = load_examples()
    return starter_model().fit(examples.texts, examples.labels)


@pytest.fixture(scope="session")
def split() -> tuple[MessageClassifier, HeldOut]:
    """Return a model trained on four fifths of the starter examples, and the fifth it has not seen."""
    examples = load_examples()
    rows = list(zip(examples.texts, examples.labels, held_out_rows(examples), strict=True))
    seen = [(text, label) for text, label, held_out in rows if not held_out]
    model = starter_model().fit([text for text, _ in seen], [label for _, label in seen])
    return model, [(text, label) for text, label, held_out in rows if held_out]
