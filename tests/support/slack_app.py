"""Act as an app beside the sandbox: a Bolt app, its server, its tokens, and what it asks of the Web API."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.sample_teams import APP_ID, SIGNING_SECRET
from sandbox.server import Sandbox

TOKENS = {"TA": "xoxb-a-sandbox", "TB": "xoxb-b-sandbox"}
BOTS = {"TA": ("U0BOTA", "B0BOTA"), "TB": ("U0BOTB", "B0BOTB")}
QUIET: Any = {"unfurl_links": False, "unfurl_media": False}


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


def post_blocks(client: WebClient, *blocks: dict[str, Any], channel: str = "CGENERAL", text: str = "card") -> str:
    return str(client.chat_postMessage(channel=channel, text=text, blocks=list(blocks), **QUIET)["ts"])


class Listener:
    """Take every request of the sandbox and answer with the next of the scripted statuses, else 200."""

    def __init__(self) -> None:
        self.requests: queue.Queue[tuple[dict[str, str], str]] = queue.Queue()
        self.statuses: list[int] = []
        self.hold = threading.Event()
        self.hold.set()
        self.server = HttpServer(self._answer)

    def _answer(self, headers: dict[str, str], body: str) -> tuple[int, dict[str, Any], str]:
        self.requests.put((headers, body))
        self.hold.wait(60)
        return (self.statuses.pop(0) if self.statuses else 200), {}, ""

    def next(self) -> tuple[dict[str, str], dict[str, Any]]:
        headers, body = self.requests.get(timeout=60)
        return headers, json.loads(body)

    def event(self, kind: str = "") -> dict[str, Any]:
        """Return the next envelope, of that event type when one is named."""
        while True:
            _, body = self.next()
            if kind in ("", body["event"]["type"]):
                return body
