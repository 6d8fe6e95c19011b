"""Settle between the thread that does a request and the one that acknowledges it which of them sends the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from bot.requests.answer import Answer
from storage.errors import CrmError
from storage.queues.inbox import InboxItem


class Abandoned(CrmError):
    """The person has been told that nothing was saved, so nothing may be."""


class PendingAnswer:
    """Hold what has become of one request so far.

    An answer that comes while its request is being stored still travels in the acknowledgement. Once the ticket is
    closed as late, whoever does the work sends the answer; once it is abandoned, no transaction of its may commit.
    `proves` says that whoever acknowledges will also say whether that was heard, so that an answer which travels in
    the acknowledgement is owed until then.
    """

    def __init__(self, told: Callable[[], None] | None = None, *, proves: bool = False) -> None:
        self.proves = proves
        self._parts = 2 if proves else 1
        self.late_at = 0.0
        self.abandoned = False
        self.storing: Future[None] | None = None
        self._changed = threading.Condition()
        self._answer: Answer | None = None
        self._item: InboxItem | None = None
        self._committing = False
        self._told = told

    @property
    def answer(self) -> Answer | None:
        """Return the answer, None while there is none."""
        return self._answer

    @property
    def late(self) -> bool:
        """Tell whether the acknowledgement has gone without the answer."""
        return self.late_at > 0

    @property
    def carried(self) -> bool:
        """Tell whether the acknowledgement carried the answer."""
        return self._answer is not None and not self.late and not self.abandoned

    def finished(self) -> bool:
        """Say that the work, or the acknowledging, is done; return whether nothing is left to do."""
        with self._changed:
            self._parts -= 1
            return self._parts <= 0

    @property
    def item(self) -> InboxItem | None:
        """Return the row of the inbox under which the request is stored."""
        return self._item

    def keep(self, item: InboxItem | None) -> None:
        """Remember the row under which the request was stored; None, as it was stored already, changes nothing."""
        self._item = item or self._item

    def wait(self, until: float, *, unless: Future[None] | None = None) -> Answer | None:
        """Return the answer once there is one; None at `until` (time.monotonic), or when `unless` has succeeded."""

        def ready() -> bool:
            return self._answer is not None or (unless is not None and unless.done() and not unless.exception())

        with self._changed:
            self._changed.wait_for(ready, max(0.0, until - time.monotonic()))
            return self._answer

    def wake(self) -> None:
        """Let who waits look again."""
        with self._changed:
            self._changed.notify_all()

    def answer_with(self, answer: Answer) -> bool:
        """Give the answer; return whether it is too late for the acknowledgement."""
        with self._changed:
            self._answer = answer
            self._changed.notify_all()
            late = self.late
        if self._told:
            self._told()
        return late

    def allow_commit(self) -> None:
        """Say that the effect is about to be committed; raise Abandoned where it may not be any more."""
        with self._changed:
            if self.abandoned:
                raise Abandoned("Given up.")
            self._committing = True

    def allow_storing(self) -> None:
        """Say that the request is about to be stored; raise Abandoned where that is of no use any more."""
        with self._changed:
            if self.abandoned or self._answer is not None:
                raise Abandoned("Of no use.")
            self._committing = True

    def close(self, *, stored: bool) -> Answer | None:
        """Decide how the request is acknowledged: return its answer if it has come, else it is late or abandoned.

        What is being committed at this moment cannot be given up: it counts as stored.
        """
        with self._changed:
            if self._answer is None:
                if stored or self._committing:
                    self.late_at = time.monotonic()
                else:
                    self.abandoned = True
            return self._answer
