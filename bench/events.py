"""Send an app events as Slack does: signed, repeated while there is no 200, some of them in several copies."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

ANSWER_S = 3.0
"""After which Slack takes an event for not acknowledged."""
RETRIES_S = (0.0, 60.0, 300.0)
"""When Slack sends an event again that nobody acknowledged: at once, after a minute and after five."""


@dataclass(slots=True)
class Event:
    """Hold one thing that happened, the bodies that tell of it, and what became of them.

    `sent_at` is when the first copy left, as time.time() tells it; `acked_ms` how long each 200 took.
    """

    channel: str
    user: str
    ts: str
    text: str
    bodies: list[bytes] = field(default_factory=list)
    sent_at: float = 0.0
    acked_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """Say where events go and how: one of `ports` for each attempt, and Slack's waits shortened by `retry_scale`."""

    ports: Sequence[int]
    secret: str
    retry_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Author:
    """Say who writes where: a person of `team` in a channel that `ours` sees."""

    channel: str
    user: str
    team: str
    ours: str


def message(author: Author, number: int, text: str, at: float) -> Event:
    """Return the event of a message; the number makes its ts unlike any other's of the same second."""
    seconds, fraction = divmod(at, 1)
    ts = f"{seconds:.0f}.{int(fraction * 100) * 10_000 + number % 10_000:06d}"
    event = Event(author.channel, author.user, ts, text)
    event.bodies.append(body(event, author, f"Ev{number:09d}"))
    return event


def body(event: Event, author: Author, event_id: str, kind: str = "message") -> bytes:
    """Return what Slack sends of a message: as `message`, or as the `app_mention` it also is."""
    inner: dict[str, Any] = {
        "type": kind,
        "user": event.user,
        "ts": event.ts,
        "text": event.text,
        "team": author.team,
        "user_team": author.team,
        "channel": event.channel,
        "event_ts": event.ts,
    }
    if kind == "message":
        inner["channel_type"] = "channel"
    told = {
        "token": "unused",
        "team_id": author.team,
        "context_team_id": author.ours,
        "api_app_id": "A0RAPPORT",
        "event": inner,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(float(event.ts)),
        "authorizations": [{"team_id": author.ours, "user_id": f"UBOT{author.ours}", "is_bot": True}],
        "is_ext_shared_channel": True,
    }
    return json.dumps(told).encode()


async def send(events: Sequence[Callable[[], Event]], line: Line, per_second: float) -> list[Event]:
    """Send events at a steady rate, whatever the answers take; each is made when its time has come."""
    begun = time.perf_counter()
    sent: list[Event] = []
    copies: list[asyncio.Task[None]] = []
    for number, make in enumerate(events):
        await asyncio.sleep(max(0.0, begun + number / per_second - time.perf_counter()))
        event = make()
        event.sent_at = time.time()
        sent.append(event)
        copies += [asyncio.create_task(_see_through(event, one, line)) for one in event.bodies]
    await asyncio.gather(*copies)
    return sent


async def _see_through(event: Event, content: bytes, line: Line) -> None:
    for attempt, wait in enumerate((0.0, *RETRIES_S)):
        await asyncio.sleep(wait * line.retry_scale)
        begun = time.perf_counter()
        if await _post(random.choice(line.ports), line.secret, content, attempt) == 200:
            event.acked_ms.append((time.perf_counter() - begun) * 1000)
            return


async def _post(port: int, secret: str, content: bytes, attempt: int) -> int:
    """Return the status that was answered, 0 for no answer."""
    stamp = str(int(time.time()))
    signature = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + content, hashlib.sha256).hexdigest()
    retry = f"X-Slack-Retry-Num: {attempt}\r\nX-Slack-Retry-Reason: http_error\r\n" if attempt else ""
    head = (
        f"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: v0={signature}\r\n{retry}"
        f"Connection: close\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(head.encode() + content)
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return 0
    words = status.split()
    return int(words[1]) if len(words) > 1 else 0
