"""Offer a sandbox with two teams, and a real Bolt app beside it over either transport."""

import threading
from collections.abc import Iterator

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.sample_teams import APP_ID, APP_TOKEN, two_teams
from sandbox.server import Sandbox
from tests.support.slack_app import TOKENS, Listener, bolt_app, close_aside, over_http


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    with Sandbox(seed=two_teams()) as sandbox:
        yield sandbox


@pytest.fixture
def client(slack: Sandbox) -> WebClient:
    """Return the SDK's client with team TA's bot token, without retries."""
    return WebClient(TOKENS["TA"], base_url=f"{slack.url}/api/", retry_handlers=[], timeout=60)


@pytest.fixture(scope="session")
def closing() -> Iterator[list[threading.Thread]]:
    """Wait at the end for the sockets that are being closed."""
    threads: list[threading.Thread] = []
    yield threads
    for thread in threads:
        thread.join()


@pytest.fixture(params=["socket", "http"])
def app(request: pytest.FixtureRequest, slack: Sandbox, closing: list[threading.Thread]) -> Iterator[App]:
    """Connect a Bolt app without handlers over Socket Mode and, in a second run, over signed HTTP."""
    made = bolt_app(slack)
    if request.param == "http":
        server = over_http(slack, made)
        yield made
        server.stop()
        return
    handler = SocketModeHandler(made, APP_TOKEN)
    handler.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    yield made
    closing.append(close_aside(handler))


@pytest.fixture
def listener(slack: Sandbox) -> Iterator[Listener]:
    made = Listener()
    slack.control.app(APP_ID, request_url=made.server.url)
    yield made
    made.hold.set()
    made.server.stop()
