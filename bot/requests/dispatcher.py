"""Answer Slack within its three seconds, and see to it that a slower answer still arrives.

The clock starts when the request was received, before any queue. What is not done after `patience` is stored in the
inbox, leased by this process, and acknowledged with "Working on it"; if the process dies, a worker finishes it. What
cannot be stored by `deadline` is given up: its transaction rolls back and the person is told that nothing was saved.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.i18n import _, speak
from bot.plugin import View
from bot.requests.answer import is_in_doubt
from bot.requests.answers import loading, origin_of, sentence
from bot.requests.pending_answer import PendingAnswer
from bot.requests.request import Request, RequestKind
from bot.requests.responder import Ack, Responder, acknowledgement, carried, instead, travels_after, working
from bot.requests.runtime import Runtime
from bot.requests.unconfirmed import Doubts
from storage.database.engine import Database
from storage.queues import inbox

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
DEADLINE_S = 2.5
LEASE_S = 60.0
OPENERS = 4
TAKEN_S = 0.3
"""After which Slack has taken an acknowledgement, so that what follows is not overwritten by it."""
OWED = frozenset({RequestKind.ACTION, RequestKind.VIEW})
"""Kinds whose answer travels after the acknowledgement, so that it is owed until it has been sent."""


@dataclass(slots=True)
class Begun:
    """Carry through Bolt that whoever asks waits for the answer elsewhere, and bring back what was begun for it.

    `proves` says that they will tell whether the acknowledgement was heard.
    """

    told: Callable[[], None] | None = None
    proves: bool = False
    request: Request | None = None
    ticket: PendingAnswer | None = None


class Dispatcher:
    """Run requests on a pool the size of the database's, and acknowledge each in time.

    `acks` is a small pool of connections of its own, so that slow work cannot keep a late request from being stored.
    """

    def __init__(
        self,
        runtime: Runtime,
        responder: Responder,
        acks: Database,
        *,
        workers: int = 8,
        patience: float = PATIENCE_S,
        deadline: float = DEADLINE_S,
        lease_s: float = LEASE_S,
    ) -> None:
        self._runtime = runtime
        self._responder = responder
        self._acks = acks
        self.patience = patience
        self.deadline = deadline
        self.lease_s = lease_s
        self.doubts = Doubts(runtime, responder, self._settle)
        self._hands = workers
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="work")
        self._openers = ThreadPoolExecutor(OPENERS, thread_name_prefix="open")
        self._stores = ThreadPoolExecutor(2, thread_name_prefix="store")
        self._refusals = ThreadPoolExecutor(2, thread_name_prefix="refuse")

    def handle(self, request: Request, received: float) -> Ack:
        """Answer a request that was received at `received` (time.monotonic) with the body of its acknowledgement."""
        ticket = self.begin(request)
        if ticket is None:
            return ""
        ticket.wait(received + self.patience)
        return self.acknowledge(request, ticket, received)

    def begin(
        self, request: Request, told: Callable[[], None] | None = None, *, proves: bool = False
    ) -> PendingAnswer | None:
        """Begin a request; `told` is called once it has an answer. None for one that is acknowledged empty, at once.

        With `proves`, `acknowledged` will be called.
        """
        view = self._runtime.opens(request)
        if view:
            self._openers.submit(self._open, request, view)
            return None
        ticket = PendingAnswer(told, proves=proves)
        self._workers.submit(self._work, request, ticket)
        return ticket

    def acknowledge(self, request: Request, ticket: PendingAnswer, received: float) -> Ack:
        """Return a request's acknowledgement: with its answer, or once it is stored, which takes until the deadline."""
        answer = ticket.answer
        return acknowledgement(request, answer) if answer else self._late(request, ticket, received + self.deadline)

    def acknowledged(self, request: Request, ticket: PendingAnswer, *, heard: bool) -> None:
        """Take note of whether Slack heard an acknowledgement; an answer that it carried in vain goes another way."""
        answer = ticket.answer
        if answer and ticket.carried and not heard:
            speak(self._runtime.people.locale(request.workspace_id, request.user_id))
            unheard = carried(request, answer)
            if unheard:
                log.warning("the acknowledgement of %s was not heard; the answer goes another way", request.name)
                self._responder.send(request, unheard, view_id=_own_view(request))
        self._finished(request, ticket)

    def refuse(self, request: Request, text: str) -> Ack:
        """Return the acknowledgement that says why nothing was done; what it cannot carry is said besides."""
        if request.kind in {RequestKind.ACTION, RequestKind.SHORTCUT} and request.response_url:
            self._refusals.submit(self._responder.tell, request, text)
        return instead(request, text)

    def settle(self, within_s: float) -> None:
        """Wait until what was begun is done; raise BrokenBarrierError where it takes longer."""
        for pool, hands in ((self._openers, OPENERS), (self._workers, self._hands)):
            # Who meets the others here has nothing else to do, and whatever was begun before is behind them.
            meeting = threading.Barrier(hands + 1)
            for _number in range(hands):
                pool.submit(meeting.wait, within_s)
            meeting.wait(within_s)

    def close(self, timeout_s: float = 20.0) -> None:
        """Finish what was begun, take nothing more."""
        deadline = time.monotonic() + timeout_s
        self.doubts.close()
        for pool in (self._openers, self._workers, self._stores, self._refusals):
            closer = threading.Thread(target=pool.shutdown, daemon=True)
            closer.start()
            closer.join(max(0.0, deadline - time.monotonic()))

    def _work(self, request: Request, ticket: PendingAnswer) -> None:
        try:
            answer = self._runtime.perform(
                request, before_commit=lambda session: self._before_commit(session, request, ticket)
            )
            if request.kind is RequestKind.COMMAND:
                # What is acknowledged is sent from here; what travels after is decided about when it does.
                answer = self._responder.audience.confine(request, answer)
            late = ticket.answer_with(answer)
            if ticket.abandoned:
                return
            if late:
                time.sleep(max(0.0, ticket.late_at + TAKEN_S - time.monotonic()))
            if late or travels_after(request, answer):
                self._responder.send(request, answer, view_id=_own_view(request) if late else "")
            if ticket.storing:
                wait([ticket.storing], self.deadline)
            if is_in_doubt(answer):
                self.doubts.add(request, ticket.item)
            else:
                self._finished(request, ticket)
        except Exception:
            log.exception("the answer to %s %s was not sent", request.kind, request.name)

    def _finished(self, request: Request, ticket: PendingAnswer) -> None:
        if ticket.finished() and ticket.item:
            self._settle(request, ticket.item)

    def _before_commit(self, session: Session, request: Request, ticket: PendingAnswer) -> None:
        """Store, with the effect, that its answer is owed; refuse where the person was told that nothing was saved."""
        ticket.allow_commit()
        if request.kind in OWED and not ticket.late:
            ticket.keep(self._store(session, request))

    def _late(self, request: Request, ticket: PendingAnswer, deadline: float) -> Ack:
        speak(self._runtime.people.locale(request.workspace_id, request.user_id))
        stored: Future[None] | None = None
        if request.kind is not RequestKind.OPTIONS:
            stored = ticket.storing = self._stores.submit(self._store_late, request, ticket)
            stored.add_done_callback(lambda _future: ticket.wake())
        answer = ticket.wait(deadline, unless=stored)
        if answer or request.kind is RequestKind.OPTIONS:
            return acknowledgement(request, answer) if answer else working(request)
        if stored and stored.done() and (error := stored.exception()):
            log.warning("%s could not be stored: %s", request.name, type(error).__name__, extra={"cause": error})
        outcome = ticket.close(stored=stored is not None and stored.done() and not stored.exception())
        if outcome:
            return acknowledgement(request, outcome)
        if ticket.late:
            return working(request)
        log.warning("%s was given up: neither done nor stored in time", request.name)
        return self.refuse(request, _("This took too long and nothing was saved. Please try again in a minute."))

    def _store_late(self, request: Request, ticket: PendingAnswer) -> None:
        with self._acks.transaction(request.workspace_id, statement_timeout_ms=1_000) as session:
            item = self._store(session, request)
            ticket.allow_storing()
        ticket.keep(item)

    def _store(self, session: Session, request: Request) -> inbox.InboxItem | None:
        """Store a request as one that this process works on; None where it is stored already."""
        return inbox.store(
            session,
            kind=request.kind.value,
            body=dict(request.body),
            event_id=_event_id(request),
            lease_s=self.lease_s,
        )

    def _settle(self, request: Request, item: inbox.InboxItem) -> None:
        """Take a request whose answer was sent from the inbox; one that stays there is answered again."""
        try:
            with self._acks.transaction(request.workspace_id, statement_timeout_ms=2_000) as session:
                inbox.done(session, item)
        except Exception as exc:
            log.warning("%s stays in the inbox: %s", request.name, type(exc).__name__, extra={"cause": exc})

    def _open(self, request: Request, view: View) -> None:
        try:
            speak(self._runtime.people.locale(request.workspace_id, request.user_id))
            view_id = self._responder.open(request, loading(view, origin_of(request)))
            if view_id is None:
                self._responder.send(request, sentence(_("Slack did not open the form in time. Please try again.")))
                return
            self._workers.submit(self._fill, request, view_id)
        except Exception:
            log.exception("the form for %s was not opened", request.name)

    def _fill(self, request: Request, view_id: str) -> None:
        try:
            answer = self._runtime.perform(request, filling=True)
            self._responder.send(request, answer, view_id=view_id)
        except Exception:
            log.exception("the form for %s was not filled", request.name)


def _own_view(request: Request) -> str:
    return str(request.view.get("id", "")) if request.kind is RequestKind.VIEW else ""


def _event_id(request: Request) -> str:
    """Return what tells this request from a second one with the same key, which wants an answer too."""
    return f"{request.kind}:{request.trigger_id or request.key}"
