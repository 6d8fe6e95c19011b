"""Call an app as Slack does, from a process of its own: signed slash commands over connections that stay open.

Reads one round a line from standard input and writes what it found as one line to standard output, both JSON; see
`Round` and `Found`. Every caller has a connection, and sends its next command when the last one is answered.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import hmac
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from urllib.parse import urlencode

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Round:
    """Say what to send: `questions` are a command's text and the reference its answer must name."""

    port: int
    secret: str
    team: str
    users: Sequence[str]
    questions: Sequence[tuple[str, str]]
    response_url: str
    callers: int
    seconds: float
    """After which no caller begins another request."""
    number: int
    """What makes this round's trigger ids unlike any other's."""


@dataclass(slots=True)
class Found:
    """Hold how long each answered request took, in milliseconds, and how many answers were not as expected."""

    ms: list[float] = field(default_factory=list)
    wrong: int = 0
    failed: int = 0


class Caller(asyncio.Protocol):
    """Send commands one after the other on one connection."""

    def __init__(self, asked: Round, number: int, take: asyncio.Queue[tuple[int, str, str]], found: Found) -> None:
        self._asked = asked
        self._user = asked.users[number % len(asked.users)]
        self._take = take
        self._found = found
        self._until = time.perf_counter() + asked.seconds
        self._buffer = b""
        self._expected = re.compile(b"")
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first command."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take an answer, once it is whole, and send the next command."""
        self._buffer += data
        head, _, body = self._buffer.partition(HEAD_END)
        length = LENGTH.search(head)
        if length is None or len(body) < int(length[1]):
            return
        took = (time.perf_counter() - self._sent_at) * 1000
        if head.startswith(b"HTTP/1.1 200"):
            self._found.ms.append(took)
            self._found.wrong += self._expected.search(body) is None
        else:
            self._found.failed += 1
        self._buffer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count what was on its way, and end."""
        if not self.done.done():
            self._found.failed += 1
            self.done.set_result(None)

    def _send(self) -> None:
        assert self._transport is not None
        if self._take.empty() or time.perf_counter() > self._until:
            self.done.set_result(None)
            self._transport.close()
            return
        number, text, expected = self._take.get_nowait()
        self._expected = re.compile(re.escape(expected).encode() + rb"(?!\d)")
        request = signed(self._asked, self._user, number, text)
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def signed(asked: Round, user: str, number: int, text: str) -> bytes:
    """Return a slash command as it travels: v0 signature, form body, a trigger id of its own."""
    command, _, rest = text.partition(" ")
    form = {
        "token": "unused",
        "team_id": asked.team,
        "team_domain": "bench",
        "channel_id": "C0BENCH",
        "channel_name": "bench",
        "user_id": user,
        "user_name": user.lower(),
        "command": command,
        "text": rest,
        "api_app_id": "A0RAPPORT",
        "is_enterprise_install": "false",
        "response_url": asked.response_url,
        "trigger_id": f"{asked.number}.{number}.bench",
    }
    body = urlencode(form).encode()
    stamp = str(int(time.time()))
    signature = hmac.new(asked.secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    head = (
        f"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1:{asked.port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nUser-Agent: Slackbot 1.0\r\n"
        f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: v0={signature}\r\nContent-Length: {len(body)}\r\n"
    )
    return head.encode() + b"\r\n" + body


async def play(asked: Round) -> Found:
    """Send a round's commands and return what was found."""
    found = Found()
    take: asyncio.Queue[tuple[int, str, str]] = asyncio.Queue()
    for number, (text, expected) in enumerate(asked.questions):
        take.put_nowait((number, text, expected))
    loop = asyncio.get_running_loop()
    callers = []
    for number in range(asked.callers):
        _transport, caller = await loop.create_connection(
            lambda number=number: Caller(asked, number, take, found),  # type: ignore[misc]  # mypy cannot infer a default
            "127.0.0.1",
            asked.port,
        )
        callers.append(caller)
    await asyncio.gather(*(caller.done for caller in callers))
    return found


def main() -> None:
    """Play rounds until standard input ends."""
    for line in sys.stdin:
        asked = Round(**json.loads(line))
        gc.collect()
        gc.disable()  # a pause of ours would look like one of theirs
        found = asyncio.run(play(asked))
        gc.enable()
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
