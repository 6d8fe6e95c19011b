"""Remember what recent messages look like to the model, as they are compared again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from ml.features import TextFeatures
from ml.similar import Vector, vector

KEPT = 8_000
"""How many vectors are kept, of some kilobytes each: those used last."""


class Vectors:
    """Hold the vectors used last, by a key that names the message and the model."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: OrderedDict[Hashable, Vector] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Vector | None:
        """Return a vector that is remembered, None for another."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def of(self, key: Hashable, make: Callable[[], Vector]) -> Vector:
        """Return a vector, making it if it is not remembered."""
        found = self.get(key)
        if found is None:
            found = make()
            with self._lock:
                self._known[key] = found
                if len(self._known) > self._kept:
                    self._known.popitem(last=False)
        return found


RECENT = Vectors()
"""One for the process: a key names workspace, message and model, so nothing in it is ever wrong."""


class Reading:
    """Turn messages of one workspace into vectors, by the vocabulary of the model it has now."""

    def __init__(self, workspace_id: str, model: Any) -> None:
        classifier = getattr(model, "classifier", model)
        self.features: TextFeatures = classifier.features_
        self._prefix = (workspace_id, classifier.version_)

    def known(self, *key: Hashable) -> Vector | None:
        """Return the vector of a message that was read before, None of another."""
        return RECENT.get((*self._prefix, *key))

    def read(self, text: str, *key: Hashable) -> Vector:
        """Return the vector of a message; the key names it and, if it can change, its state."""
        return RECENT.of((*self._prefix, *key), lambda: vector(self.features, text))
