"""Stop a process at a named moment of a delivery, which no signal from outside would hit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from bot.delivery import speaking
from bot.delivery.sender import Sender
from storage.queues import due, outbox_claims

POINTS = (
    "mid-materialise",
    "after claim",
    "before send",
    "mid-request",
    "after response",
    "before mark",
    "after mark",
)


WRAPPED = (
    (due, "materialise"),
    (Sender, "claim"),
    (Sender, "_send"),
    (speaking, "call"),
    (outbox_claims, "mark_sent"),
)
"""What `die_at` changes, for who wants it back."""
Die = Callable[[Sequence[str]], None]
Passes = Callable[..., Sequence[str] | None]
"""Say which deliveries a call is about, from its result, once it is over, and its arguments; None if it is another."""


def die_at(point: str, die: Die, *, mid_request_s: float) -> None:
    """Call `die` with the deliveries at hand whenever this process passes the point; raise ValueError if it is none.

    In the middle of a tick there are none yet. `mid_request_s` is how long after the beginning of a request its middle
    is.
    """
    match point:
        case "mid-materialise":
            _after(due, "materialise", die, lambda made, *_, **__: [] if made else None)
        case "after claim":
            _after(Sender, "claim", die, lambda claims, *_: [str(one.row.id) for one in claims] or None)
        case "before send":
            _before(speaking, "call", die, _posted)
        case "mid-request":
            _before(speaking, "call", lambda ids: threading.Timer(mid_request_s, die, (ids,)).start(), _posted)
        case "after response":
            _after(speaking, "call", die, lambda _answer, *given, **named: _posted(*given, **named))
        case "before mark":
            _before(outbox_claims, "mark_sent", die, lambda _session, row, **_: [str(row.id)])
        case "after mark":
            _after(Sender, "_send", die, lambda _nothing, _self, row, *_: [str(row.id)])
        case _:
            raise ValueError(f"there is no point {point!r}")


def _posted(_client: Any, method: str, **given: Any) -> Sequence[str] | None:
    return [given["client_msg_id"]] if method == "chat.postMessage" else None


def _before(owner: Any, name: str, die: Die, passes: Passes) -> None:
    real = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if (ids := passes(*arguments, **named)) is not None:
            die(ids)
        return real(*arguments, **named)

    setattr(owner, name, wrapped)


def _after(owner: Any, name: str, die: Die, passes: Passes) -> None:
    real = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named)
        if (ids := passes(result, *arguments, **named)) is not None:
            die(ids)
        return result

    setattr(owner, name, wrapped)
