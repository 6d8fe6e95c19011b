"""Show who is closed for whom when connections run out, and when a connection has to go by itself."""

from __future__ import annotations

import asyncio
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.wire import connections
from bot.wire.serving import HttpListener
from tests.support.waiting import until

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"


class Served:
    """Serve two connections at most; what is asked of /slow is answered once it is let go."""

    def __init__(self, held: ExitStack) -> None:
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Event()
        self._held = held
        routes = [Route("/", self._quick), Route("/slow", self._slow)]
        self.listener = HttpListener(Starlette(routes=routes), 0, "PORT", most=2)
        self.listener.open()
        self.listener.start()
        until(lambda: self.listener.started)

    async def _quick(self, _request: Request) -> Response:
        return Response("quick")

    async def _slow(self, _request: Request) -> Response:
        self.begun.release()
        while not self.let_go.is_set():
            await asyncio.sleep(0.02)
        return Response("slow")

    def say(self, said: bytes) -> socket.socket:
        """Open a connection and say something on it."""
        connection = self._held.enter_context(socket.create_connection(("127.0.0.1", self.listener.port), timeout=60))
        connection.sendall(said)
        return connection


@pytest.fixture
def served() -> Iterator[Served]:
    with ExitStack() as held:
        served = Served(held)
        held.callback(served.listener.stop, 10)
        held.callback(served.let_go.set)
        yield served


def heard(connection: socket.socket) -> bytes:
    """Return the next answer, or what came of one before the connection was closed."""
    said = b""
    try:
        while not said.endswith((b"quick", b"slow")) and (part := connection.recv(65_536)):
            said += part
    except ConnectionResetError:
        pass
    return said


def test_who_has_waited_longest_goes_first(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 600.0)
    first = served.say(GET)
    assert heard(first).endswith(b"quick")
    first.sendall(GET[:5])
    second = served.say(GET)
    assert heard(second).endswith(b"quick")
    third = served.say(GET)
    assert heard(third).endswith(b"quick")
    assert heard(first) == b""


def test_who_is_being_answered_is_never_closed_for_another(served: Served) -> None:
    slow = [served.say(SLOW), served.say(SLOW)]
    for _one in slow:
        assert served.begun.acquire(timeout=60)
    assert heard(served.say(b"")).startswith(b"HTTP/1.1 503 ")
    served.let_go.set()
    assert all(heard(one).endswith(b"slow") for one in slow)
    assert heard(served.say(GET)).endswith(b"quick")


@pytest.mark.parametrize(
    "said", [b"", b"G", GET[:-2], GET + b"G", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx"]
)
def test_a_connection_that_says_no_more_is_closed(served: Served, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 0.2)
    connection = served.say(said)
    while heard(connection):
        pass


def test_what_follows_an_answer_has_its_time_too(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = served.say(GET)
    assert heard(connection).endswith(b"quick")
    monkeypatch.setattr(connections, "REQUEST_S", 0.2)
    connection.sendall(GET[:5])
    assert heard(connection) == b""


def test_an_answer_that_takes_too_long_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "ANSWER_S", 0.2)
    assert heard(served.say(SLOW)) == b""


@pytest.mark.parametrize(("soft", "most"), [(150, 50), (1_024, 341), (1_000_000, 1_000), (10, 8)])
def test_connections_leave_descriptors_for_the_rest(soft: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (soft, soft))
    assert connections.most_connections() == most
