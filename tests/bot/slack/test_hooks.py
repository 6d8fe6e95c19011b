"""Show that answers go to Slack's own addresses, whoever reads them, and are not sent on from there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import URLError

import pytest

from bot.slack import hooks

REAL = "https://slack.com/api/"
STAND_IN = "http://localhost:3000/api/"


@pytest.mark.parametrize(
    "url", ["https://hooks.slack.com/actions/T1/2/3", "https://hooks.slack.com:443/commands/1?x=%20"]
)
@pytest.mark.parametrize("api", [REAL, STAND_IN])
def test_slacks_addresses_may_be_answered(url: str, api: str) -> None:
    assert hooks.is_slack(url, api)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/actions/1",
        "HTTPS://HOOKS.SLACK.COM/1",
        "https://hooks.slack.com",
        "https://hooks.slack.com./1",
        "https://hooks.slack.com:8443/1",
        "https://hooks.slack.com:443@evil.example/1",
        "https://hooks.slack.com.evil.example/1",
        "https://hooks.slack.com@evil.example/1",
        "https://user:word@hooks.slack.com/1",
        "https://evil.example/hooks.slack.com/",
        "https://evil.example#https://hooks.slack.com/",
        "https://evil.example\\@hooks.slack.com/1",
        "https://hooks.slack.com\\@evil.example/1",
        "https://hooks.sl\tack.com/1",
        "https://hooks.slack.com/1\r\nHost: evil.example",
        "https://hooks.slack.com/\x00",
        "https://hooks.slack.com/ü",
        "https://hooks.slаck.com/1",
        "https://hooks\u3002slack\u3002com/1",
        " https://hooks.slack.com/1",
        "<URL:https://hooks.slack.com/1>",
        "https:hooks.slack.com/1",
        "//hooks.slack.com/1",
        "https://slack.com/api/chat.postMessage",
        "ftp://hooks.slack.com/1",
        "file:///etc/passwd",
        "http://127.0.0.1:8080/metrics",
        "http://[::ffff:169.254.169.254]/",
        "",
        "https://[",
    ],
)
def test_no_other_address_is_answered(url: str) -> None:
    assert not hooks.is_slack(url, REAL)
    assert not hooks.is_slack(url, STAND_IN)


def test_the_server_that_stands_for_slack_may_be_answered() -> None:
    assert hooks.is_slack("http://localhost:3000/response/1", STAND_IN)
    for url in ("http://localhost:3001/response/1", "http://localhost:3000.evil.example/", "http://localhost:3000"):
        assert not hooks.is_slack(url, STAND_IN)
    assert not hooks.is_slack("https://slack.com/response/1", REAL)


class Server:
    """Answer with a status, and with where else to look."""

    def __init__(self) -> None:
        self.status, self.location, self.said = 200, "", b"ok"
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append(f"POST {self.path}")
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("location", outer.location)
                self.end_headers()
                self.wfile.write(outer.said)

            def do_GET(self) -> None:
                outer.asked.append(f"GET {self.path}")
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_args: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/1"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.mark.parametrize(
    ("status", "said", "taken"),
    [(200, b"ok", True), (200, b'{"ok":true}', True), (200, b'{"ok":false}', False), (404, b"ok", False)],
)
def test_whether_slack_took_it_is_what_it_says(server: Server, status: int, said: bytes, taken: bool) -> None:
    server.status, server.said = status, said
    assert hooks.send(server.url, {"text": "hello"}) is taken


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_is_sent_on(server: Server, status: int) -> None:
    server.status, server.location = status, "/2"
    assert hooks.send(server.url, {"text": "hello"}) is False
    assert server.asked == ["POST /1"]


def test_nobody_there_is_an_error_of_the_network() -> None:
    with pytest.raises(URLError):
        hooks.send("http://127.0.0.1:9/1", {"text": "hello"})
