"""Show what is known after each kind of answer that Slack, or what stands before it, may give."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import uuid4

import pytest
from slack_sdk import WebClient

from bot.slack.posting import CallOutcome, CallRefused, CallUncertain, RateLimited, Unreached, call, copies, metadata

Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def answering() -> Iterator[Callable[..., WebClient]]:
    """Serve the given answers one after the other, as no Slack would give them."""
    servers: list[HTTPServer] = []

    def serve(*answers: Answer) -> WebClient:
        left = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, body = left.pop(0)
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return WebClient(
            "xoxb-1", base_url=f"http://127.0.0.1:{server.server_port}/api/", timeout=60, retry_handlers=[]
        )

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def outcome(client: WebClient, *, repeatable: bool = False) -> CallOutcome:
    with pytest.raises(CallOutcome) as caught:
        call(client, "chat.postMessage", repeatable=repeatable, channel="C1", text="hello")
    return caught.value


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, '{"ok": false, "error": "internal_error"}'),
        (500, '{"ok": false, "error": "of_its_own"}'),
        (200, '{"ok": false, "error": "fatal_error"}'),
        (503, "upstream connect error"),
        (502, '{"ok": false, "error": "bad_gateway"}'),
        (200, "<html>captive portal</html>"),
    ],
)
def test_what_says_nothing_about_the_effect_is_ambiguous_unless_it_can_be_had_twice(
    answering: Callable[..., WebClient], status: int, body: str
) -> None:
    client = answering((status, {}, body), (status, {}, body))
    assert type(outcome(client)) is CallUncertain
    assert type(outcome(client, repeatable=True)) is Unreached


@pytest.mark.parametrize(
    ("header", "seconds"),
    [({"Retry-After": "7"}, 7), ({"retry-after": "0"}, 1), ({}, 30), ({"Retry-After": "tomorrow"}, 30)],
)
def test_a_429_says_for_how_long(answering: Callable[..., WebClient], header: dict[str, str], seconds: float) -> None:
    limited = outcome(answering((429, header, '{"ok": false, "error": "ratelimited"}')))
    assert isinstance(limited, RateLimited)
    assert (limited.method, limited.seconds) == ("chat.postMessage", seconds)


def test_a_refusal_names_its_code(answering: Callable[..., WebClient]) -> None:
    refused = outcome(answering((200, {}, '{"ok": false, "error": "is_archived"}')))
    assert isinstance(refused, CallRefused)
    assert refused.code == "is_archived"


def test_a_passing_refusal_had_no_effect(answering: Callable[..., WebClient]) -> None:
    assert type(outcome(answering((200, {}, '{"ok": false, "error": "service_unavailable"}')))) is Unreached


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/api/", "http://slack.invalid/api/"])
def test_who_is_not_there_was_not_reached(address: str) -> None:
    assert type(outcome(WebClient("xoxb-1", base_url=address, timeout=60, retry_handlers=[]))) is Unreached


def test_the_search_reads_an_empty_page_as_the_last(answering: Callable[..., WebClient]) -> None:
    client = answering((200, {}, '{"ok": true, "messages": [], "has_more": true}'))
    assert list(copies(partial(call, client), "C1", None, {"D": uuid4()}, oldest=0, resume=None)) == [([], None)]


def test_only_our_metadata_makes_a_copy(answering: Callable[..., WebClient]) -> None:
    wanted = uuid4()
    foreign = metadata(wanted) | {"event_type": "other"}
    told = str(
        {
            "ok": True,
            "messages": [
                {"ts": "4.0", "metadata": metadata(wanted)},
                {"ts": "3.0", "metadata": metadata(uuid4())},
                {"ts": "2.0", "metadata": foreign},
                {"ts": "1.0"},
            ],
        }
    )
    client = answering((200, {}, told.replace("'", '"').replace("True", "true")))
    assert list(copies(partial(call, client), "C1", None, {str(wanted): wanted}, oldest=0, resume=None)) == [
        ([(wanted, "4.0")], None)
    ]
