"""Store Slack's events before they are acknowledged, then have each handled once, in one transaction."""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from sqlalchemy import event as engine_event
from sqlalchemy.orm import Session

from bot.requests.request import KEY_LIMIT
from bot.workers import Workers, spread_back_off
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.errors import is_refused_for_good
from storage.queues import inbox
from storage.queues.claimed import IN_INDEX_ORDER
from storage.queues.inbox import InboxItem
from storage.support import sharing

RESHARED = frozenset({"channel_shared", "channel_unshared"})
"""Events that say that others read a channel from now on, or no longer."""
log = logging.getLogger(__name__)

STORE_WITHIN_S = 2.5
LONGEST_WAIT_S = 900.0

Prepare = Callable[[InboxItem], Any]
Handle = Callable[[InboxItem, Session, Any], Callable[[], None] | None]
Finish = Callable[[InboxItem], None]


class NotStored(Exception):
    """An event could not be stored in time; Slack has to send it again."""


class NeverStored(Exception):
    """An event cannot be stored, however often Slack sends it again."""


class Overtaken(Exception):
    """Somebody else has the row by now, so what was done about it here must not be saved."""


class Intake:
    """Store what Slack sends and have workers handle it.

    `prepare` may ask Slack and runs outside any transaction; `handle` gets its result and runs in the one transaction
    that also marks the row as done; what it returns is called once that has committed. Rows of a kind in `finish_kinds`
    are people's requests whose process died: `finish` runs them in transactions of its own, whose effects are known by
    their request's key.

    A row that raises is tried again later and later; after `attempts` it is dead, with its traceback.
    """

    def __init__(
        self,
        database: Database,
        prepare: Prepare,
        handle: Handle,
        *,
        finish: Finish | None = None,
        finish_kinds: Collection[str] = (),
        workers: int = 4,
        lease_s: float = 60.0,
        poll_s: float = 1.0,
        attempts: int = 12,
        first_wait_s: float = 2.0,
        store_within_s: float = STORE_WITHIN_S,
    ) -> None:
        self._database = database
        self._prepare = prepare
        self._handle = handle
        self._finish = finish
        self._finish_kinds = frozenset(finish_kinds)
        self._lease_s = lease_s
        self._attempts = attempts
        self._first_wait_s = first_wait_s
        self._door = _Door(database, within_s=store_within_s)
        self.workers = Workers(
            "intake", self._claim, self.work, hands=workers, poll_s=poll_s, database=database, channel=inbox.CHANNEL
        )

    def store_event(self, body: Mapping[str, Any], workspace_id: str) -> None:
        """Commit an event's row, or raise in time for the caller to answer 503; call it before the ack.

        Raises NeverStored where the same event would fail again.
        """
        event = body["event"]
        item = event.get("item")
        channel = event.get("channel") or (item.get("channel") if isinstance(item, Mapping) else None)
        keys = {
            "kind": _key(event["type"]),
            "event_id": _key(body.get("event_id")),
            "event_ts": _key(event.get("event_ts")),
            "channel": _key(channel),
            "actor": _key(event.get("user")) or _key(event.get("bot_id")),
        }
        try:
            self._door.run(lambda database: _store(database, workspace_id, {**keys, "body": dict(body)}))
        except Exception as exc:
            if is_refused_for_good(exc):
                raise NeverStored(type(exc).__name__) from exc
            raise

    def start(self) -> None:
        """Start the workers; returns at once."""
        self.workers.start()

    def stop(self, timeout_s: float) -> None:
        """Claim nothing more and finish what was begun."""
        self.workers.stop(timeout_s)
        self._door.close()

    def _claim(self, free: int) -> Sequence[InboxItem]:
        with self._database.transaction(EVERY_WORKSPACE, learning=IN_INDEX_ORDER) as session:
            return inbox.claim(session, free, self._lease_s)

    def work(self, item: InboxItem) -> None:
        """Handle a claimed row, or note why it was not."""
        try:
            if item.attempt > self._attempts:
                raise RuntimeError("the process ended during each attempt")
            self._do(item)
        except Overtaken:
            log.info("somebody else took over inbox row %s %s", item.workspace_id, item.id)
        except Exception as exc:
            self._failed(item, exc)

    def _do(self, item: InboxItem) -> None:
        if self._finish is not None and item.kind in self._finish_kinds:
            self._finish(item)
            with self._database.transaction(item.workspace_id) as session:
                inbox.done(session, item)
            return
        prepared = self._prepare(item)
        with self._database.transaction(item.workspace_id) as session:
            if not inbox.hold(session, item):
                raise Overtaken
            afterwards = self._handle(item, session, prepared)
            if not inbox.done(session, item):
                raise Overtaken
        if afterwards is not None:
            try:
                afterwards()
            except Exception:
                log.exception("what followed inbox row %s %s failed", item.workspace_id, item.id)

    def _failed(self, item: InboxItem, exc: Exception) -> None:
        error = "".join(traceback.format_exception(exc))
        final = item.attempt >= self._attempts
        log.log(
            logging.ERROR if final else logging.WARNING,
            "inbox row %s %s (%s), attempt %d: %s",
            item.workspace_id,
            item.id,
            item.kind,
            item.attempt,
            type(exc).__name__,
            exc_info=exc,
        )
        wait = spread_back_off(item.attempt, first_s=self._first_wait_s, longest_s=LONGEST_WAIT_S)
        with self._database.transaction(item.workspace_id) as session:
            if final:
                inbox.dead(session, item, error)
            else:
                inbox.retry(session, item, error, delay_s=wait)


def _store(database: Database, workspace_id: str, values: dict[str, Any]) -> None:
    with database.transaction(workspace_id, statement_timeout_ms=2_000) as session:
        inbox.store(session, **values)
        if values["kind"] in RESHARED and values["channel"] is not None:
            # Once it is acknowledged, nothing may be sent by what was known before, though it is not handled yet.
            sharing.changing(session, values["channel"])


def _key(named: Any) -> str | None:
    """Return an id that some events give as such and others inside the object it names, fit for an index."""
    given = named.get("id") if isinstance(named, Mapping) else named
    if not isinstance(given, str) or len(given) <= KEY_LIMIT:
        return given if isinstance(given, str) else None
    return hashlib.sha256(given.encode()).hexdigest()


class _Door:
    """Run short transactions that must end in time, on connections nobody else waits for.

    A network that swallows bytes without closing holds a connection for as long as it likes, whatever time-outs the
    database was told. So the wait ends here, and the sockets are shut to free the threads that hang on them.
    """

    def __init__(self, database: Database, *, connections: int = 2, within_s: float) -> None:
        self._database = database.another(pool_size=connections, application_name="rapport-intake")
        self._within_s = within_s
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="intake-store")
        self._lock = threading.Lock()
        self._open: set[Any] = set()
        engine_event.listen(self._database.engine, "connect", self._opened)
        engine_event.listen(self._database.engine, "close", self._closed)

    def run(self, transaction: Callable[[Database], None]) -> None:
        """Run a transaction; raise NotStored if it did not end in time, or what it raised."""
        future = self._pool.submit(transaction, self._database)
        try:
            future.result(timeout=self._within_s)
        except FutureTimeout:
            future.cancel()
            self._shut()
            raise NotStored(f"not stored within {self._within_s} s") from None

    def close(self) -> None:
        """Close the connections, after what is on its way over them: who asked waits no longer than `within_s`."""
        self._pool.shutdown(cancel_futures=True)
        self._database.dispose()

    def _opened(self, connection: Any, _record: Any) -> None:
        with self._lock:
            self._open.add(connection)

    def _closed(self, connection: Any, _record: Any) -> None:
        with self._lock:
            self._open.discard(connection)

    def _shut(self) -> None:
        """Shut the sockets of all connections: what hangs ends with an error, what was about to commit comes again."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            try:
                # A copy of the descriptor, as closing the socket object would close libpq's own under its feet.
                with socket.socket(fileno=socket.dup(connection.fileno())) as copy:
                    copy.shutdown(socket.SHUT_RDWR)
            except Exception as exc:
                log.debug("a connection was closed already: %s", type(exc).__name__)
