"""Remember what recent messages look like to the model, as they are compared again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy.orm import Session

from storage.meaning import vectors
from storage.support.experience import TicketEnding
from storage.support.incident_reports import READ

if TYPE_CHECKING:
    from ml.text.features import TextFeatures
    from ml.text.similar import Floats, Vector

KEPT = 8_000
"""How many vectors are kept, of some kilobytes each: those used last."""


V = TypeVar("V")


class Recent(Generic[V]):
    """Hold the vectors used last, by a key that names the message and what made them."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: OrderedDict[Hashable, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> V | None:
        """Return a vector that is remembered, None for another."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def of(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return a vector, making it if it is not remembered."""
        found = self.get(key)
        if found is None:
            found = make()
            with self._lock:
                self._known[key] = found
                if len(self._known) > self._kept:
                    self._known.popitem(last=False)
        return found


RECENT: Recent[Vector] = Recent()
"""One for the process: a key names the model, and the text or a ticket that is told from all others."""
MEANT: Recent[bytes] = Recent()
"""The same for what sentence vectors are kept of tickets; a key names the workspace and the ticket."""


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

    def meant(self, text: str) -> Floats | None:
        """Return what a message means (512,), None where the encoder is not loaded, which nobody waits for."""
        from ml.text.encoder import installed

        if not installed():
            return None
        from ml.text.meaning import encoder

        return encoder().vectors([text])[0] if encoder().is_loaded else None

    def begins(self, ticket_id: int, at: datetime, text: str) -> None:
        """Remember what a ticket means that begins with a text, so that nobody asks the database for it."""
        mine = self.meant(text)
        if mine is not None:
            MEANT.of((self._prefix[0], ticket_id, at), lambda: mine.astype("<f2").tobytes())

    def alike(self, session: Session, text: str, started: Sequence[tuple[int, datetime]]) -> Floats:
        """Return the cosine (n_tickets,) of a message's meaning with those of tickets, 0 where one is not known.

        A ticket is told by its number and when it was opened or began.
        """
        import numpy as np

        mine, found = self.meant(text), np.zeros(len(started))
        if mine is None or not started:
            return found
        from ml.text.meaning import cosines

        keys: list[Hashable] = [(self._prefix[0], *one) for one in started]
        unread = [one[0] for one, key in zip(started, keys, strict=True) if MEANT.get(key) is None]
        read = vectors.of_tickets(session, unread) if unread else {}
        kept = [MEANT.get(key) or read.get(one[0]) for one, key in zip(started, keys, strict=True)]
        for key, vector in zip(keys, kept, strict=True):
            if vector is not None:
                MEANT.of(key, partial(bytes, vector))
        rows = [i for i, vector in enumerate(kept) if vector is not None]
        found[rows] = cosines(mine, [vector for vector in kept if vector is not None]) if rows else []
        return found

    def _vector(self, text: str) -> Vector:
        from ml.text.similar import vector

        return vector(self.features, text)

    def _key(self, past: TicketEnding) -> Hashable:
        return (*self._prefix, past.ticket_id, past.created_at)
