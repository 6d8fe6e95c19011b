"""Offer a sandbox with two teams, and a real Bolt app beside it over either transport."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.sample_teams import APP_ID, APP_TOKEN, SIGNING_SECRET, two_teams
from sandbox.server import Sandbox

TOKENS = {"TA": "xoxb-a-sandbox", "TB": "xoxb-b-sandbox"}
BOTS = {"TA": ("U0BOTA", "B0BOTA"), "TB": ("U0BOTB", "B0BOTB")}
QUIET: Any = {"unfurl_links": False, "unfurl_media": False}


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    with Sandbox(seed=two_teams()) as sandbox:
        yield sandbox


@pytest.fixture
def client(slack: Sandbox) -> WebClient:
    """Return the SDK's client with team TA's bot token, without retries."""
    return WebClient(TOKENS["TA"], base_url=f"{slack.url}/api/", retry_handlers=[], timeout=60)


def bolt_app(slack: Sandbox) -> App:
    """Return a Bolt app that acts in both teams."""

    def authorize(team_id: str | None) -> AuthorizeResult:
        team = team_id or ""
        user_id, bot_id = BOTS[team]
        return AuthorizeResult(
            enterprise_id=None, team_id=team, bot_token=TOKENS[team], bot_user_id=user_id, bot_id=bot_id
        )

    return App(
        client=WebClient(base_url=f"{slack.url}/api/"),
        authorize=authorize,
        signing_secret=SIGNING_SECRET,
        token_verification_enabled=False,
    )


class HttpServer:
    """Serve a function of (headers, body) -> (status, headers, body) as an app's request URL."""

    def __init__(self, answer: Callable[[dict[str, str], str], tuple[int, dict[str, Any], str]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                status, headers, text = answer({key.lower(): value for key, value in self.headers.items()}, body)
                self.send_response(status)
                for name, values in headers.items():
                    self.send_header(name, values[0] if isinstance(values, list) else values)
                self.end_headers()
                try:
                    self.wfile.write(text.encode())
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/slack/events"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def over_http(slack: Sandbox, app: App) -> HttpServer:
    """Serve a Bolt app over signed HTTP and point the sandbox at it."""

    def answer(headers: dict[str, str], body: str) -> tuple[int, dict[str, Any], str]:
        response = app.dispatch(BoltRequest(body=body, headers={k: [v] for k, v in headers.items()}))
        return response.status, response.headers, response.body

    server = HttpServer(answer)
    slack.control.app(APP_ID, request_url=server.url)
    return server


def close_aside(client: Any) -> threading.Thread:
    """Close a Socket Mode client in a thread, as the SDK's close waits up to three seconds for its read."""

    def close() -> None:
        # The SDK takes its socket to be there still when the server has closed it meanwhile.
        with contextlib.suppress(AttributeError):
            client.close()

    thread = threading.Thread(target=close)
    thread.start()
    return thread


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


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def button(text: str, action_id: str, value: str = "1") -> dict[str, Any]:
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": value}


def modal(blocks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "callback_id": "form", "title": plain("Form"), "blocks": blocks} | more


def text_input(block_id: str, label: str, **more: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "value"}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element} | more


def refused(call: Any, /, *args: Any, **kwargs: Any) -> str:
    """Return the error code with which a call is refused."""
    with pytest.raises(SlackApiError) as caught:
        call(*args, **kwargs)
    return str(caught.value.response["error"])


def post(client: WebClient, text: str = "hello", channel: str = "CGENERAL", **more: Any) -> str:
    return str(client.chat_postMessage(channel=channel, text=text, **QUIET, **more)["ts"])


def trigger(slack: Sandbox, user: str = "UAREP") -> str:
    """Return a trigger id as an interaction would carry it."""
    installation = slack.workspace.installation(APP_ID, "TA")
    assert installation is not None
    return slack.core.world.new_trigger(installation, user)
