"""Take Slack's requests by Socket Mode: two connections, so that one is there while the other is renewed."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode.internals import build_headers, send_response
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.requests import readable
from bot.slack import HTTP_TIMEOUT_S

log = logging.getLogger(__name__)

CONNECTIONS = 2
CONCURRENCY = 64
"""Requests of one connection that may wait for their answers at a time."""
RETRY_S = 5.0


class _Received(str):
    """Carry with a message when it came, however long it then waited in the SDK's queue."""

    at: float


class _Client(SocketModeClient):
    """Read one connection's messages and hand each to Bolt with the time at which it came."""

    def __init__(self, app: App, app_token: str, api_url: str) -> None:
        super().__init__(
            app_token,
            # Not Bolt's logger: what is sent must not be in the log at any level.
            logger=logging.getLogger("slack_sdk.socket_mode"),
            web_client=WebClient(base_url=api_url, timeout=HTTP_TIMEOUT_S, retry_handlers=[]),
            ping_interval=10,
            concurrency=CONCURRENCY,
        )
        self._app = app
        self._answering = 0
        self._idle = threading.Condition()

    def enqueue_message(self, message: str) -> None:
        """Note when a message came."""
        received = _Received(message)
        received.at = time.monotonic()
        super().enqueue_message(received)

    def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Have Bolt answer a request, and acknowledge it."""
        request = SocketModeRequest.from_dict(message)
        if request is None or not readable(request.payload):
            return
        with self._idle:
            self._answering += 1
        try:
            self._answer(request, raw_message.at if isinstance(raw_message, _Received) else time.monotonic())
        except Exception as exc:
            # Without the traceback: it may quote the request. Slack repeats events, and people see that it failed.
            log.error("a request was not answered: %s", type(exc).__name__)
        finally:
            with self._idle:
                self._answering -= 1
                self._idle.notify_all()

    def _answer(self, request: SocketModeRequest, received: float) -> None:
        asked = BoltRequest(
            body=request.payload, headers=build_headers(request), context={"received": received}, mode="socket_mode"
        )
        send_response(self, request, self._app.dispatch(asked), time.time())

    def finish(self, timeout_s: float) -> None:
        """Answer what is being answered, then close without waiting for anything else to come."""
        with self._idle:
            self._idle.wait_for(lambda: self._answering == 0, timeout_s)
        self.closed = True
        self.auto_reconnect_enabled = False
        self.message_queue.put(None)
        connection = self.current_session
        if connection is not None and connection.sock is not None:
            # The SDK closes only once its reader returns, which otherwise waits for what comes next.
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        self.close()


class Sockets:
    """Keep the connections of Socket Mode open."""

    def __init__(self, app: App, app_token: str, api_url: str) -> None:
        self._app = app
        self._app_token = app_token
        self._api_url = api_url
        self._clients: list[_Client] = []
        self._stopping = threading.Event()

    @property
    def connected(self) -> bool:
        """Tell whether at least one connection is open."""
        return any(client.is_connected() for client in self._clients)

    def connect(self) -> None:
        """Open the connections; tries until they are open, or until `close`."""
        while len(self._clients) < CONNECTIONS and not self._stopping.is_set():
            client = _Client(self._app, self._app_token, self._api_url)
            try:
                client.connect()
                self._clients.append(client)
            except Exception as exc:
                log.warning("no socket to Slack yet: %s", type(exc).__name__)
                client.finish(0)
                self._stopping.wait(RETRY_S)

    def close(self, timeout_s: float) -> None:
        """Answer what is being answered, then close."""
        self._stopping.set()
        closing = [threading.Thread(target=client.finish, args=(timeout_s,), daemon=True) for client in self._clients]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(timeout_s + 1.0)
