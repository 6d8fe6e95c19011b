"""Measure how far corrections bring a model that began with a few labels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ml.classify.classifier import MessageClassifier
from ml.classify.memory import Memory
from ml.learn.figures import Classifier, Labelled

REFIT_EVERY = 50


@dataclass(frozen=True, slots=True)
class Corrected:
    """What corrections led to: the accuracy on the test part, and how many messages were read until all were made."""

    accuracy: float
    read: int


def after_corrections(
    factory: Callable[[], Classifier], begin: Labelled, stream: Labelled, test: Labelled, corrections: int
) -> Corrected:
    """Return what is reached by correcting the model's mistakes, one message at a time, as a workspace does.

    The model is fitted on `begin`. Each message of `stream`, in its order, is judged; a wrong guess is corrected, and
    nothing is said of a right one. After every `REFIT_EVERY` corrections a new model is fitted on `begin` and all
    corrections. A `MessageClassifier` has a memory of them beside it. All three are texts and labels (n_samples,).
    """
    texts, labels = list(begin[0]), list(begin[1])
    few, read = len(texts), 0
    model = _Remembering(factory, texts, labels, few)
    for text, label in zip(*stream, strict=True):
        if len(texts) - few == corrections:
            break
        read += 1
        if model.guess(text) == label:
            continue
        texts.append(text)
        labels.append(label)
        if (len(texts) - few) % REFIT_EVERY:
            model.correct(text, label)
        else:
            model = _Remembering(factory, texts, labels, few)
    right = [model.guess(text) == label for text, label in zip(*test, strict=True)]
    return Corrected(float(np.mean(right)), read)


class _Remembering:
    """Be a fitted model, with a memory of all examples from the `few` first on if it is ours."""

    def __init__(self, factory: Callable[[], Classifier], texts: list[str], labels: list[str], few: int) -> None:
        self._model = factory()
        self._model.fit(texts, labels)
        self._memory = Memory(self._model.features_) if isinstance(self._model, MessageClassifier) else None
        self._order = 0
        for text, label in zip(texts[few:], labels[few:], strict=True):
            self.correct(text, label)

    def correct(self, text: str, label: str) -> None:
        self._order += 1
        if self._memory is not None:
            self._memory.remember(self._order, text, label, self._order)

    def guess(self, text: str) -> str:
        found = self._memory.recall(text) if self._memory is not None else None
        if found is not None:
            return found.category
        return str(self._model.classes_[self._model.predict_proba([text])[0].argmax()])
