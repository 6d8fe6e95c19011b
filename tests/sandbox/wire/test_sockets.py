"""Socket Mode as the SDK's client lives it."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as open_socket

from sandbox.sample_teams import APP_ID, APP_TOKEN
from sandbox.server import Sandbox
from tests.support.slack_app import close_aside
from tests.support.waiting import until

Requests = queue.Queue[SocketModeRequest]
Connect = Callable[[], tuple[SocketModeClient, Requests]]


@pytest.fixture
def connect(slack: Sandbox, closing: list[threading.Thread]) -> Iterator[Connect]:
    """Return a function that opens one more acknowledging client."""
    clients: list[SocketModeClient] = []

    def make() -> tuple[SocketModeClient, Requests]:
        seen: Requests = queue.Queue()
        web = WebClient(base_url=f"{slack.url}/api/")
        client = SocketModeClient(app_token=APP_TOKEN, web_client=web, ping_interval=1)

        def take(mine: Any, request: SocketModeRequest) -> None:
            seen.put(request)
            mine.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

        client.socket_mode_request_listeners.append(take)
        client.connect()
        clients.append(client)
        return client, seen

    yield make
    closing += [close_aside(client) for client in clients]


def sockets(slack: Sandbox) -> int:
    return slack.core.courier.sockets.count(APP_ID)


def test_envelopes_are_acknowledged(slack: Sandbox, connect: Connect) -> None:
    _, seen = connect()
    slack.person("UAREP").types("hello", channel="#general")
    request = seen.get(timeout=60)
    assert (request.type, request.payload["event"]["text"]) == ("events_api", "hello")
    assert (request.retry_attempt, request.retry_reason) == (0, "")
    assert slack.person("UAREP").types("/deal").ok
    assert seen.get(timeout=60).type == "slash_commands"
    slack.control.settles()


def test_payloads_are_spread_over_the_sockets(slack: Sandbox, connect: Connect) -> None:
    _, one = connect()
    _, other = connect()
    for n in range(4):
        slack.person("UAREP").types(f"m{n}", channel="#general")
    slack.control.settles()
    assert (one.qsize(), other.qsize()) == (2, 2)


def test_a_client_that_is_told_to_go_comes_back(slack: Sandbox, connect: Connect) -> None:
    _, seen = connect()
    assert slack.control.admin("disconnects", app_id=APP_ID, reason="refresh_requested")["sockets"] == 1
    until(lambda: sockets(slack) == 1)
    slack.person("UAREP").types("after", channel="#general")
    assert seen.get(timeout=60).payload["event"]["text"] == "after"


def test_an_event_without_a_socket_comes_again(slack: Sandbox, connect: Connect) -> None:
    slack.control.settings(retry_scale=0.05)
    slack.person("UAREP").types("early", channel="#general")
    _, seen = connect()
    request = seen.get(timeout=60)
    assert request.payload["event"]["text"] == "early"
    assert request.retry_attempt in (1, 2, 3)
    assert request.retry_reason == "connection_failed"


def test_a_silent_socket_times_out_and_the_event_is_sent_again(slack: Sandbox, connect: Connect) -> None:
    slack.control.settings(answer_seconds=0.2, retry_scale=0.05)
    _, seen = connect()
    slack.control.admin("silences", silent=True)
    slack.person("UAREP").types("lost", channel="#general")
    until(lambda: bool(slack.control.deliveries("events_api")))
    assert slack.control.deliveries("events_api")[0]["status"] == "timeout"
    slack.control.admin("silences", silent=False)
    assert seen.get(timeout=60).payload["event"]["text"] == "lost"


def test_ten_sockets_and_no_more(slack: Sandbox) -> None:
    web = WebClient(base_url=f"{slack.url}/api/")
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(11):
            url = web.apps_connections_open(app_token=APP_TOKEN)["url"]
            opened.append(str(stack.enter_context(open_socket(url)).recv()))
    assert all('"hello"' in one for one in opened[:10])
    assert "too_many_websockets" in opened[10]
    until(lambda: sockets(slack) == 0)


def test_an_address_works_once(slack: Sandbox) -> None:
    url = WebClient(base_url=f"{slack.url}/api/").apps_connections_open(app_token=APP_TOKEN)["url"]
    with open_socket(url) as first:
        assert '"hello"' in str(first.recv())
    with pytest.raises(InvalidStatus), open_socket(url):
        pass


def test_a_socket_that_dies_with_an_envelope_fails_it_at_once(slack: Sandbox) -> None:
    url = WebClient(base_url=f"{slack.url}/api/").apps_connections_open(app_token=APP_TOKEN)["url"]
    with open_socket(url) as socket:
        socket.recv()

        def die() -> None:
            socket.recv()
            socket.close()

        thread = threading.Thread(target=die)
        thread.start()
        assert slack.person("UAREP").types("/deal").error == "dispatch_failed"
        thread.join()
