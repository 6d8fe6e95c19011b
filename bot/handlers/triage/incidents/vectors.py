"""Remember what recent messages look like to the model, as they are compared again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from storage.support.experience import TicketEnding
from storage.support.incident_reports import READ

if TYPE_CHECKING:
    from ml.text.features import TextFeatures
    from ml.text.similar import Vector

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
"""One for the process: a key names the model, and the text or a ticket that is told from all others."""


class MessageVector:
    """Turn messages of one workspace into vectors, by the vocabulary of the model it has now."""

    def __init__(self, workspace_id: str, model: Any) -> None:
        classifier = getattr(model, "classifier", model)
        self.features: TextFeatures = classifier.features_
        self._prefix = (workspace_id, classifier.version_)

    def known(self, past: TicketEnding) -> Vector | None:
        """Return the vector of an old ticket that was read before, None of another."""
        return RECENT.get(self._key(past))

    def remember(self, past: TicketEnding, text: str) -> Vector:
        """Return the vector of an old ticket by what it said, which need not be looked up the next time."""
        return RECENT.of(self._key(past), lambda: self._vector(text))

    def read(self, text: str) -> Vector:
        """Return the vector of a message, by as much of it as a model reads."""
        digest = blake2b(text[:READ].encode(), digest_size=16).digest()
        return RECENT.of((*self._prefix, digest), lambda: self._vector(text[:READ]))

    def _vector(self, text: str) -> Vector:
        from ml.text.similar import vector

        return vector(self.features, text)

    def _key(self, past: TicketEnding) -> Hashable:
        return (*self._prefix, past.ticket_id, past.created_at)
