"""Stop a process at a named moment of a delivery, which no signal from outside would hit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import bot.delivery
from bot.delivery import Delivery
from storage import due, sending

POINTS = (
    "mid-materialise",
    "after claim",
    "before send",
    "mid-request",
    "after response",
    "before mark",
    "after mark",
)


def die_at(point: str, die: Callable[[], None], *, mid_request_s: float) -> None:
    """Call `die` whenever this process passes the point; raise ValueError if there is no such point.

    `mid_request_s` is how long after the beginning of a request its middle is.
    """
    match point:
        case "mid-materialise":
            _after(due, "materialise", die)
        case "after claim":
            _after(Delivery, "_claim", die, got=bool)
        case "before send":
            _before(bot.delivery, "call", die, when=_posts)
        case "mid-request":
            _before(bot.delivery, "call", lambda: threading.Timer(mid_request_s, die).start(), when=_posts)
        case "after response":
            _after(bot.delivery, "call", die, when=_posts)
        case "before mark":
            _before(sending, "mark_sent", die)
        case "after mark":
            _after(Delivery, "_send", die)
        case _:
            raise ValueError(f"there is no point {point!r}")


def _posts(_client: Any, method: str, **_arguments: Any) -> bool:
    return method == "chat.postMessage"


def _always(*_arguments: Any, **_named: Any) -> bool:
    return True


def _before(owner: Any, name: str, die: Callable[[], None], *, when: Callable[..., bool] = _always) -> None:
    real = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if when(*arguments, **named):
            die()
        return real(*arguments, **named)

    setattr(owner, name, wrapped)


def _after(
    owner: Any,
    name: str,
    die: Callable[[], None],
    *,
    when: Callable[..., bool] = _always,
    got: Callable[[Any], bool] = _always,
) -> None:
    real = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named)
        if when(*arguments, **named) and got(result):
            die()
        return result

    setattr(owner, name, wrapped)
