"""Send events to servers that take them, refuse them and hang up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from bench.events import Author, Event, Line, body, message, send
from bot.wire.http import verified

SECRET = "0123456789abcdef0123456789abcdef"
AUTHOR = Author("C0LINK", "U0CUSTOMER", "T0THEIRS", "T0OURS")
Head = str
Body = bytes


def against(answer: Callable[[Head, Body], bytes], events: list[Callable[[], Event]]) -> list[Event]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
        writer.write(answer(head, await reader.readexactly(length)))
        writer.close()

    async def run() -> list[Event]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await send(events, Line([port], SECRET, retry_scale=0.0), per_second=1_000)

    return asyncio.run(run())


def test_an_event_is_signed_and_says_whose_it_is() -> None:
    heard: list[bool] = []

    def answer(head: Head, content: Body) -> bytes:
        headers = dict(line.lower().split(": ", 1) for line in head.strip().split("\r\n")[1:])
        heard.append(verified(SECRET, headers, content, float(headers["x-slack-request-timestamp"])))
        told = json.loads(content)
        heard.append(
            (told["team_id"], told["context_team_id"], told["event"]["ts"]) == ("T0THEIRS", "T0OURS", event.ts)
        )
        return b"HTTP/1.1 200 OK\r\n\r\n"

    event = message(AUTHOR, 7, "Hello", 1_700_000_000.25)
    (sent,) = against(answer, [lambda: event])

    assert heard == [True, True]
    assert event.ts == "1700000000.250007"
    assert len(sent.acked_ms) == 1 and sent.sent_at > 0


def test_what_is_not_acknowledged_is_sent_again_three_times() -> None:
    retries: list[bool] = []

    def answer(head: Head, _content: Body) -> bytes:
        retries.append("x-slack-retry-num" in head.lower())
        return b"HTTP/1.1 503 Busy\r\n\r\n" if len(retries) % 2 else b""

    (sent,) = against(answer, [lambda: message(AUTHOR, 1, "Hello", 1.0)])

    assert retries == [False, True, True, True]
    assert sent.acked_ms == []


def test_each_copy_is_seen_through_by_itself() -> None:
    told: list[str] = []

    def answer(_head: Head, content: Body) -> bytes:
        told.append(json.loads(content)["event"]["type"])
        return b"HTTP/1.1 200 OK\r\n\r\n"

    event = message(AUTHOR, 1, "Hello", 1.0)
    event.bodies.append(body(event, AUTHOR, "Ev2", "app_mention"))

    (sent,) = against(answer, [lambda: event])

    assert sorted(told) == ["app_mention", "message"]
    assert len(sent.acked_ms) == 2


def test_nobody_there_is_no_acknowledgement() -> None:
    event = message(AUTHOR, 1, "Hello", 1.0)

    asyncio.run(send([lambda: event], Line([1], SECRET, retry_scale=0.0), per_second=1_000))

    assert event.acked_ms == []
