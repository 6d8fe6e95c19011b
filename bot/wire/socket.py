"""Keep Socket Mode's connections open: two, so that one is there while the other is renewed, and no more than needed.

A connection that Slack is about to close is replaced at once and stays until Slack closes it: what came by it is
answered over it, as Slack takes no acknowledgement from elsewhere.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.requests.dispatcher import Begun, Dispatcher
from bot.slack.clients import HTTP_TIMEOUT_S, NETWORK_ERRORS, PASSING, refusal
from bot.wire import bolt
from bot.wire.socket_line import SocketLine
from bot.workers import back_off

log = logging.getLogger(__name__)

CONNECTIONS = 2
CONCURRENCY = 128
"""Requests that may wait for their answers at a time."""
SLACK_WAITS_S = 3.0
"""After which Slack has told the person that it failed, and takes no acknowledgement any more."""
LINGER_S = 30.0
"""After which a connection that Slack said it would close is closed from here."""
STEADY_S = 10.0
"""A connection that lasted so long was no failure."""
LONGEST_WAIT_S = 10.0
LONGEST_WAIT_WITH_ONE_S = 30.0
"""The longest wait between two attempts without any connection, and with one."""
MOST_LOSSES = 4
"""As how many failures connections that were soon lost count at most: a wait of four seconds."""
TURN_S = 0.5
_CHANCE = random.SystemRandom()


class ReconnectPace:
    """Say when the next connection may be opened: at once, or later and later while they do not last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._failed_at = 0.0
        self._chance = 1.0
        self._at_least_s = 0.0

    def failed(self, at_least_s: float = 0.0, *, served: bool = False) -> None:
        """Note that one could not be opened; `at_least_s` is how long Slack wants to be left alone.

        One that `served`, but not for long, is waited for too, but never as long: Slack lets us in.
        """
        self._failures = max(self._failures, min(self._failures + 1, MOST_LOSSES)) if served else self._failures + 1
        self._failed_at = self._clock()
        self._chance = _CHANCE.uniform(0.5, 1.0)
        self._at_least_s = at_least_s

    def lasted(self) -> None:
        """Note that one has lasted."""
        self._failures = 0
        self._at_least_s = 0.0

    def left(self, *, with_one: bool) -> float:
        """Return for how many seconds none may be opened; `with_one` tells whether one is open already."""
        if not self._failures:
            return 0.0
        longest = LONGEST_WAIT_WITH_ONE_S if with_one else LONGEST_WAIT_S
        wait = back_off(self._failures, longest_s=longest * 4) / 4 * self._chance
        return max(0.0, self._failed_at + max(wait, self._at_least_s) - self._clock())


class Sockets:
    """Hold the connections and what came by them; none is opened before `may_begin` says that it is of use."""

    def __init__(
        self,
        app: App,
        dispatcher: Dispatcher,
        app_token: str,
        api_url: str,
        may_begin: Callable[[], bool],
    ) -> None:
        self._app = app
        self._dispatcher = dispatcher
        self._app_token = app_token
        self._web = WebClient(base_url=api_url, timeout=HTTP_TIMEOUT_S, retry_handlers=[])
        self._may_begin = may_begin
        self.slack_waits_s = SLACK_WAITS_S
        self._lost = 0
        self._lines: list[SocketLine] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._takes = True
        self._pace = ReconnectPace()
        self._pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="socket")
        self._refused = ""
        self._trouble = ""
        self._ever = False

    @property
    def connected(self) -> bool:
        """Tell whether at least one connection is open."""
        return any(line.serves or line.leaves for line in self._lines)

    @property
    def gaps(self) -> int | None:
        """Return how often no connection was open any more, for however short a time; None while none is."""
        return self._lost if self.connected else None

    def missing(self) -> str:
        """Say what an operator has to wait for or mend; empty once connected, also while Slack is only away."""
        if self._refused:
            return f"Slack refuses SLACK_APP_TOKEN: {self._refused}"
        if self._trouble == "link_disabled":
            return "Socket Mode is switched off in the settings of the Slack app"
        if not self._ever:
            return "no connection to Slack yet" + (f": {self._trouble}" if self._trouble else "")
        return ""

    def run(self) -> None:
        """Keep the connections open until `close`."""
        while not self._stopping:
            self._end_leaving()
            serving = sum(line.serves for line in self._lines)
            wait = TURN_S
            if serving < CONNECTIONS and self._may_begin():
                wait = min(TURN_S, self._pace.left(with_one=serving > 0))
                if not wait:
                    self._open()
                    continue
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, wait)

    def close(self, timeout_s: float) -> None:
        """Answer what came, over the connection it came by, then close; what comes late is left to others."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            # At first what comes is answered too: closed is when nothing is open, but not at any price.
            self._changed.wait_for(self._idle, timeout_s / 2)
            self._takes = False
            self._changed.wait_for(self._idle, max(0.0, deadline - time.monotonic()))
            lines = list(self._lines)
        for line in lines:
            line.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _idle(self) -> bool:
        return not any(line.answering for line in self._lines)

    def _end_leaving(self) -> None:
        with self._changed:
            ended = [line for line in self._lines if line.leaves_for() > LINGER_S and not line.answering]
        for line in ended:
            line.close()

    def _open(self) -> None:
        try:
            url = str(self._web.apps_connections_open(app_token=self._app_token)["url"])
        except NETWORK_ERRORS as exc:
            code = refusal(exc)
            if code not in PASSING:
                self._refused = code
            self._fail(code, _retry_after(exc))
            return
        self._refused = ""
        line = SocketLine(url, take=self._take, changed=self._line_changed)
        with self._changed:
            self._lines.append(line)
            line.start()
            self._changed.wait_for(lambda: line.serves or line.counted or self._stopping)

    def _line_changed(self, line: SocketLine) -> None:
        """Take note that a connection serves, is about to be closed, or is over."""
        with self._changed:
            if line.serves:
                self._ever, self._trouble = True, ""
                log.info("a socket to Slack is open")
            elif not line.counted:
                line.counted = True
                if line.served_for() >= STEADY_S:
                    self._pace.lasted()
                    log.info("a socket to Slack is renewed: %s", line.why)
                else:
                    self._fail(line.why, served=line.served_for() > 0)
                if line.why == "link_disabled":
                    self._trouble = line.why
            if line.over and line in self._lines:
                self._lines.remove(line)
                self._lost += not self.connected
            self._changed.notify_all()

    def _fail(self, why: str, at_least_s: float = 0.0, *, served: bool = False) -> None:
        with self._changed:
            if self._trouble != why:
                log.warning("a socket to Slack could not be opened or did not last: %s", why)
            self._trouble = why
            self._pace.failed(at_least_s, served=served)

    def _take(self, line: SocketLine, message: dict[str, Any], received: float) -> None:
        """Have a request answered that came by a connection."""
        request = SocketModeRequest.from_dict(message)
        if request is None:
            return
        with self._changed:
            if not self._takes:
                return
            line.answering += 1
        self._pool.submit(self._answer, line, request, received)

    def _answer(self, line: SocketLine, request: SocketModeRequest, received: float) -> None:
        try:
            self._answer_over(line, request, received)
        except Exception as exc:
            # Without the traceback: it may quote the request. Slack repeats events, and people see that it failed.
            log.error("a request was not answered: %s", type(exc).__name__)
        finally:
            with self._changed:
                line.answering -= 1
                self._changed.notify_all()

    def _answer_over(self, line: SocketLine, request: SocketModeRequest, received: float) -> None:
        begun = Begun(proves=True)
        asked = BoltRequest(
            body=request.payload,
            headers=build_headers(request),
            context={"received": received, "begun": begun},
            mode="socket_mode",
        )
        response = self._app.dispatch(asked)
        if begun.request is None or begun.ticket is None:
            if response.status == 200:
                line.send(_acknowledgement(request, response))
            return
        begun.ticket.wait(received + self._dispatcher.patience)
        ack = self._dispatcher.acknowledge(begun.request, begun.ticket, received)
        in_time = time.monotonic() < received + self.slack_waits_s
        sent = line.send(_acknowledgement(request, bolt.response(ack)))
        heard = in_time and sent and (not begun.ticket.carried or line.proves_heard())
        self._dispatcher.acknowledged(begun.request, begun.ticket, heard=heard)


def _acknowledgement(request: SocketModeRequest, response: BoltResponse) -> str:
    acknowledged: dict[str, Any] = {"envelope_id": request.envelope_id}
    if response.body:
        as_json = response.first_headers().get("content-type", "").startswith("application/json")
        acknowledged["payload"] = json.loads(response.body) if as_json else {"text": response.body}
    return json.dumps(acknowledged)


def _retry_after(exc: Exception) -> float:
    if not isinstance(exc, SlackApiError) or isinstance(exc.response, dict):
        return 0.0
    headers = {name.lower(): value for name, value in exc.response.headers.items()}
    try:
        return float(headers.get("retry-after", 0))
    except ValueError:
        return 0.0
