"""Write logs as JSON lines, or for people on a terminal, without what must never be in them."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any

import structlog

OURS = ("bot", "storage", "ml", "api")
"""The packages whose loggers follow RAPPORT_LOG_LEVEL; others, which quote requests and queries, only warn."""

_SECRETS = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w.%-]+|xapp-[\w-]+|https://hooks\.slack\.com/[^\s\"'>]+"
    r"|(?<=[Bb]earer )[^\s\"',}]+|(?<=[Bb]asic )[A-Za-z0-9+/=]{8,}|v0=[0-9a-fA-F]{8,}"
    r"|(?<=://)[^/\s:@\"']+:[^/\s@\"']+(?=@)"
    r"|(?<=password=)[^\s\"'&]+|(?<=client_secret=)[^\s\"'&]+"
)
_PEOPLE = re.compile(
    r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail addresses
    r"|(?<![\w.])\+\d[\d ()./-]{6,}\d"  # +49 171 1234567
    r"|(?<![\w.-])\(?\d{3}\)?[ -]\d{3}[ -]\d{4}(?![\w.])"  # (555) 123-4567
    r"|(?<![\w.-])0\d{2,4}[ /-]\d{5,}(?![\w.])"  # 0171 1234567
)
# Postgres quotes the row at fault.
_ROWS = re.compile(r"(DETAIL:\s+|Failing row contains |\[parameters: )[^\n]*")


def scrub(text: str) -> str:
    """Take tokens, hooks, signatures, passwords, e-mail addresses, phone numbers and quoted rows out of a text."""
    return _PEOPLE.sub("[personal]", _SECRETS.sub("[secret]", _ROWS.sub(r"\1[row]", text)))


def _scrubbed(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return scrub(value)
        case Mapping():
            return {scrub(str(key)): _scrubbed(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_scrubbed(inner) for inner in value]
        case _:
            return scrub(repr(value))


def _scrub_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = _scrubbed(value)
    return event


def set_up(level: str, *, stream: Any = None) -> None:
    """Send every log line through one formatter that scrubs it; also what ends a thread or the program."""
    stream = stream or sys.stderr
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
        _scrub_event,
    ]
    last = structlog.dev.ConsoleRenderer(colors=False) if stream.isatty() else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelName(level)))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("bot").critical("unexpected end", exc_info=(kind, error or kind(), trace))
