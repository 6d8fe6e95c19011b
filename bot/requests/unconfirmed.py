"""Tell a person what became of a request whose COMMIT got no answer, once the database can say."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.i18n import _, speak
from bot.requests.answer import Answer
from bot.requests.answers import sentence
from bot.requests.request import Request
from bot.requests.responder import Responder
from bot.requests.runtime import NotKnown, Runtime
from storage.queues.inbox import InboxItem

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
SURE_AFTER_S = 45.0
"""After which a transaction that has not committed never will: idle ones are ended after 30 s."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    request: Request
    item: InboxItem | None
    since: float


class Doubts:
    """Look for requests in doubt until each is known, in one thread that lives while there are any."""

    def __init__(
        self,
        runtime: Runtime,
        responder: Responder,
        settle: Callable[[Request, InboxItem], None],
        *,
        look_every_s: float = LOOK_EVERY_S,
        sure_after_s: float = SURE_AFTER_S,
    ) -> None:
        self._runtime = runtime
        self._responder = responder
        self._settle = settle
        self.look_every_s = look_every_s
        self.sure_after_s = sure_after_s
        self._open: list[_Doubt] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def add(self, request: Request, item: InboxItem | None) -> None:
        """Look for a request; `item` is its row of the inbox, to be settled when it is known."""
        if not request.key:
            return
        with self._lock:
            self._open.append(_Doubt(request, item, time.monotonic()))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="doubts", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop looking; rows that are in the inbox are finished by a worker."""
        self._stopping.set()
        if self._thread:
            self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopping.wait(self.look_every_s):
            with self._lock:
                doubts = list(self._open)
            known = [doubt for doubt in doubts if self._resolved(doubt)]
            with self._lock:
                self._open = [doubt for doubt in self._open if doubt not in known]
                if not self._open:
                    self._thread = None
                    return

    def _resolved(self, doubt: _Doubt) -> bool:
        request = doubt.request
        speak(self._runtime.people.locale(request.workspace_id, request.user_id))
        try:
            answer = self._runtime.repeated(request) or self._given_up(doubt)
            if answer is None:
                return False
            self._responder.send_dm(request, answer)
            if doubt.item:
                self._settle(request, doubt.item)
        except NotKnown:
            return False
        except Exception as exc:
            log.warning(
                "what became of %s could not be told yet: %s", request.name, type(exc).__name__, extra={"cause": exc}
            )
            return False
        return True

    def _given_up(self, doubt: _Doubt) -> Answer | None:
        if time.monotonic() < doubt.since + self.sure_after_s:
            return None
        return sentence(_("What I could not confirm a moment ago was not saved. Please do it again."))
