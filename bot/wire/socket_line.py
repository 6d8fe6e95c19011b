"""Hold one connection of Socket Mode from Slack's hello to its end; it is never opened again."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect

from bot.wire.cleaning import parse

OPEN_S = 10.0
"""Within which it has to be open, and once more within which Slack has to say hello."""
PING_EVERY_S = 3.0
PING_WITHIN_S = 6.0
"""A connection that carries nothing any more is known within ten seconds."""
CLOSE_S = 1.0
LOOK_EVERY_S = 0.1
MOST_BYTES = 16_000_000
# A quote inside a text is escaped, so these match keys and nothing that somebody wrote.
_ENVELOPE_ID = re.compile(r'"envelope_id"\s*:\s*"([\w-]{1,100})"', re.ASCII)
_IS_EVENT = re.compile(r'"type"\s*:\s*"events_api"', re.ASCII)


class SocketLine:
    """Read what comes by one connection and send over it. `take` gets each message, `changed` hears of its states.

    It serves from Slack's hello until Slack says that it is to go, or until it is over, for the reason `why`.
    """

    def __init__(
        self,
        url: str,
        *,
        take: Callable[[SocketLine, dict[str, Any], float], None],
        changed: Callable[[SocketLine], None],
    ) -> None:
        self._url = url
        self._take = take
        self._changed = changed
        self._connection: ClientConnection | None = None
        self._serves_since = 0.0
        self._leaves_since = 0.0
        self._unwanted = False
        self.over = False
        self.why = ""
        self.answering = 0
        """Requests that came by it and are not answered; whoever answers them counts."""
        self.counted = False
        """Whether its end has been taken into account, which can be told twice: to go, and gone."""

    @property
    def serves(self) -> bool:
        """Tell whether it is open, and to stay."""
        return self._serves_since > 0 and not self._leaves_since and not self.over

    @property
    def leaves(self) -> bool:
        """Tell whether it is still open, but Slack is about to close it."""
        return self._serves_since > 0 and self._leaves_since > 0 and not self.over

    def served_for(self) -> float:
        """Return for how many seconds it has served."""
        return (self._leaves_since or time.monotonic()) - self._serves_since if self._serves_since else 0.0

    def leaves_for(self) -> float:
        """Return since how many seconds Slack is about to close it."""
        return time.monotonic() - self._leaves_since if self.leaves else 0.0

    def start(self) -> None:
        """Open it and read what comes, in a thread of its own."""
        threading.Thread(target=self._run, name="socket-line", daemon=True).start()

    def send(self, text: str) -> bool:
        """Send a message; False if the connection is over, so that it certainly did not arrive."""
        connection = self._connection
        if connection is None:
            return False
        try:
            connection.send(text)
        except (ConnectionClosed, OSError):
            return False
        return True

    def proves_heard(self) -> bool:
        """Wait until the other side has shown that it got all that was sent; False if the connection ends first."""
        connection = self._connection
        if connection is None:
            return False
        try:
            # Answered in the order in which things arrive, so what was sent before has arrived too.
            heard = connection.ping()
        except (ConnectionClosed, OSError):
            return False
        while not heard.wait(LOOK_EVERY_S):
            if connection.state is not State.OPEN:
                return heard.is_set()
        return True

    def close(self) -> None:
        """Close it from here; it is not opened if it is not yet."""
        self._unwanted = True
        if self._connection is not None:
            self._connection.close()

    def _run(self) -> None:
        try:
            with connect(
                self._url,
                compression=None,
                open_timeout=OPEN_S,
                ping_interval=PING_EVERY_S,
                ping_timeout=PING_WITHIN_S,
                close_timeout=CLOSE_S,
                max_size=MOST_BYTES,
            ) as connection:
                self._connection = connection
                self._read(connection.recv(OPEN_S), time.monotonic())
                # What says goodbye first was not let in.
                while self._serves_since and not self._unwanted:
                    self._read(connection.recv(), time.monotonic())
        except Exception as exc:
            self.why = self.why or type(exc).__name__
        self.why = self.why or "closed"
        self.over = True
        self._changed(self)

    def _read(self, text: str | bytes, received: float) -> None:
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        try:
            message = parse(text)
        except ValueError:
            message = _without_payload(text)
        if not isinstance(message, dict):
            return
        match message.get("type"):
            case "hello":
                self._serves_since = received
                self._changed(self)
            case "disconnect":
                # Once: "warning" and "refresh_requested" may follow one another.
                self.why = self.why or str(message.get("reason"))
                self._leaves_since = self._leaves_since or received
                self._changed(self)
            case _ if not self._unwanted:
                self._take(self, message, received)


def _without_payload(text: str) -> dict[str, Any] | None:
    """Return the envelope of an event that nobody can read, as one that is not acknowledged comes again and again."""
    found = _ENVELOPE_ID.search(text)
    if found is None or not _IS_EVENT.search(text):
        return None
    return {"type": "events_api", "envelope_id": found[1], "payload": {"type": "event_callback"}}
