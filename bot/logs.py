"""Write logs as JSON lines, or for people on a terminal, without what must never be in them."""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping
from copy import copy
from types import TracebackType
from typing import Any

import structlog

from storage.outages import Outage, outage, words

OURS = ("bot", "storage", "ml", "api")
"""The packages whose loggers follow RAPPORT_LOG_LEVEL; others, which quote requests and queries, only warn."""

QUIET_S = 60.0
"""For how long nothing more is said of an outage of the database that was just told."""

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
    handler = Bounded(stream)
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


class Bounded(logging.StreamHandler[Any]):
    """Write what the database causes in one line a minute for each kind of outage, and without its traceback.

    The cause is the error that a record carries, or its `cause` where the record is not to have a traceback.
    """

    def __init__(self, stream: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._clock = clock
        self._said_at: dict[Outage, float] = {}
        self._left_out: Counter[Outage] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or count it."""
        record = copy(record)
        cause = record.__dict__.pop("cause", None) or (record.exc_info[1] if record.exc_info else None)
        kind = outage(cause) if cause else None
        if cause is None or kind is None:
            super().emit(record)
            return
        now = self._clock()
        if now - self._said_at.get(kind, -QUIET_S) < QUIET_S:
            self._left_out[kind] += 1
            return
        self._said_at[kind] = now
        before = f"; {self._left_out.pop(kind)} lines like it were left out" if self._left_out[kind] else ""
        record.msg = f"{record.getMessage()}; the database {kind}: {words(cause)}{before}"
        record.args, record.exc_info, record.exc_text = (), None, None
        super().emit(record)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("bot").critical("unexpected end", exc_info=(kind, error or kind(), trace))
