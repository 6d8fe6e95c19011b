"""Show that a port that does not move is noticed, and one that is taken is named."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.wire.serving import HttpListener, PortTaken
from tests.support.waiting import until

Serve = Callable[[Starlette], HttpListener]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve apps on any free port."""
    running: list[HttpListener] = []

    def start(app: Starlette) -> HttpListener:
        listener = HttpListener(app, 0, "PORT")
        listener.open()
        listener.start()
        until(lambda: listener.started)
        running.append(listener)
        return listener

    yield start
    for listener in running:
        listener.stop(5)


def test_an_event_loop_that_stands_still_is_seen(serve: Serve) -> None:
    blocked, let_go = threading.Event(), threading.Event()

    async def block(_request: Request) -> Response:
        blocked.set()
        let_go.wait(30)
        return Response("late")

    listener = serve(Starlette(routes=[Route("/", block)]))
    said: list[bytes] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=60)
        connection.request("GET", "/")
        said.append(connection.getresponse().read())
        connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        assert blocked.wait(20)
        until(lambda: (listener.age() or 0) > 2)
    finally:
        let_go.set()
        asking.join()
    assert said == [b"late"]
    until(lambda: (listener.age() or 0) < 1.5)


def test_a_port_that_is_closed_is_no_fault_of_the_process(serve: Serve) -> None:
    listener = HttpListener(Starlette(), 0, "PORT")
    assert listener.age() is None
    served = serve(Starlette())
    served.stop(5)
    time.sleep(0.1)
    assert served.age() is None


def test_a_port_that_is_taken_is_named_with_its_setting(serve: Serve) -> None:
    taken = serve(Starlette()).port
    with pytest.raises(PortTaken, match=rf"^RAPPORT_PROBE_PORT: port {taken} cannot be listened on"):
        HttpListener(Starlette(), taken, "RAPPORT_PROBE_PORT").open()
