"""Answer Slack within its three seconds, and see to it that a slower answer still arrives.

The clock starts when the request was received, before any queue. What is not done after `patience` is stored in the
inbox, leased by this process, and acknowledged with "Working on it"; if the process dies, a worker finishes it. What
can not be stored by `deadline` is given up: its transaction rolls back and the person is told that nothing was saved.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from bot.answers import Answer, loading, origin_of
from bot.blocks import render, section
from bot.plugin import View, _
from bot.requests import Kind, Request
from bot.respond import Ack, Responder, acknowledgement, travels_after, unsaved, working
from bot.runtime import Runtime
from storage import inbox
from storage.database import Database
from storage.errors import CrmError

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
DEADLINE_S = 2.5
LEASE_S = 60
OWED = frozenset({Kind.ACTION, Kind.VIEW})
"""Kinds whose answer travels after the acknowledgement, so that it is owed until it has been sent."""


@dataclass(slots=True)
class _Ticket:
    """Settle between the thread that works and the one that acknowledges which of them sends the answer."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    answered: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None
    late: bool = False
    abandoned: bool = False
    committing: bool = False
    item: inbox.InboxItem | None = None


class _Abandoned(CrmError):
    """The person has been told that nothing was saved, so nothing may be."""


class Dispatcher:
    """Run requests on a pool the size of the database's, and acknowledge each in time.

    `acks` is a small pool of connections of its own, so that slow work can not keep a late request from being stored.
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
    ) -> None:
        self._runtime = runtime
        self._responder = responder
        self._acks = acks
        self._patience = patience
        self._deadline = deadline
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="work")
        self._openers = ThreadPoolExecutor(4, thread_name_prefix="open")
        self._stores = ThreadPoolExecutor(2, thread_name_prefix="store")

    def handle(self, request: Request, received: float) -> Ack:
        """Answer a request that was received at `received` (time.monotonic) with the body of its acknowledgement."""
        view = self._runtime.opens(request)
        if view:
            self._openers.submit(self._open, request, view)
            return ""
        ticket = _Ticket()
        self._workers.submit(self._work, request, ticket)
        if not ticket.answered.wait(max(0.0, received + self._patience - time.monotonic())):
            with ticket.lock:
                ticket.late = ticket.answer is None
        if ticket.late:
            return self._late(request, ticket, received)
        assert ticket.answer is not None
        return acknowledgement(request, ticket.answer)

    def close(self, timeout_s: float = 20.0) -> None:
        """Finish what was begun, take nothing more."""
        for pool in (self._openers, self._workers, self._stores):
            closer = threading.Thread(target=pool.shutdown, daemon=True)
            closer.start()
            closer.join(timeout_s)

    def _work(self, request: Request, ticket: _Ticket) -> None:
        try:
            answer = self._runtime.perform(
                request, before_commit=lambda session: self._commit(session, request, ticket)
            )
            with ticket.lock:
                ticket.answer = answer
                late, abandoned = ticket.late, ticket.abandoned
            ticket.answered.set()
            if abandoned:
                return
            if late or travels_after(request, answer):
                self._responder.send(request, answer, view_id=_own_view(request) if late else "")
            if ticket.item is not None:
                self._settle(request, ticket.item)
        except Exception:
            log.exception("the answer to %s %s was not sent", request.kind, request.name)
            ticket.answered.set()

    def _commit(self, session: Session, request: Request, ticket: _Ticket) -> None:
        """Store, with the effect, that its answer is owed; refuse where the person was told that nothing was saved."""
        with ticket.lock:
            if ticket.abandoned:
                raise _Abandoned("Given up.")
            ticket.committing = True
        if request.kind in OWED and not ticket.late:
            ticket.item = self._store(session, request)

    def _late(self, request: Request, ticket: _Ticket, received: float) -> Ack:
        if request.kind is Kind.OPTIONS:
            return working(request)
        stored: Future[inbox.InboxItem | None] = self._stores.submit(self._store_late, request)
        try:
            ticket.item = stored.result(timeout=max(0.0, received + self._deadline - time.monotonic()))
            return working(request)
        except FutureTimeout:
            log.warning("%s could not be stored in time", request.name)
        except Exception as exc:
            log.warning("%s could not be stored: %s", request.name, type(exc).__name__)
        with ticket.lock:
            if ticket.answer is not None:
                return acknowledgement(request, ticket.answer)
            if ticket.committing:
                return working(request)
            ticket.abandoned = True
        return unsaved(request)

    def _store_late(self, request: Request) -> inbox.InboxItem | None:
        with self._acks.transaction(request.workspace_id, statement_timeout_ms=1_000) as session:
            return self._store(session, request)

    @staticmethod
    def _store(session: Session, request: Request) -> inbox.InboxItem | None:
        return inbox.store(
            session, kind=request.kind.value, body=dict(request.body), event_id=_event_id(request), lease_s=LEASE_S
        )

    def _settle(self, request: Request, item: inbox.InboxItem) -> None:
        """Take a request whose answer was sent from the inbox; one that stays there is answered again, by DM."""
        try:
            with self._acks.transaction(request.workspace_id, statement_timeout_ms=2_000) as session:
                inbox.done(session, item)
        except Exception as exc:
            log.warning("%s stays in the inbox: %s", request.name, type(exc).__name__)

    def _open(self, request: Request, view: View) -> None:
        try:
            view_id = self._responder.open(request, loading(view, origin_of(request)))
            if view_id is None:
                text = _("Slack did not open the form in time. Please try again.")
                self._responder.send(request, Answer("message", text, render([section(text)])))
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
    return str(request.view.get("id", "")) if request.kind is Kind.VIEW else ""


def _event_id(request: Request) -> str:
    """Return what tells this request from a second one with the same key, which wants an answer too."""
    return f"{request.kind}:{request.trigger_id or request.key}"
