"""Write logs as JSON lines, or for people on a terminal, without what must never be in them."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from copy import copy
from types import TracebackType
from typing import Any

import structlog

from bot.scrub import scrub
from storage.database.outages import Outage, outage, words

OURS = ("bot", "storage", "ml", "api")
"""The packages whose loggers follow RAPPORT_LOG_LEVEL; others, which quote requests and queries, only warn."""

QUIET_S = 60.0
"""For how long nothing more is said of an outage of the database that was just told."""

_STRUCTLOGS_OWN = frozenset({"_record", "_from_structlog"})


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
    return {
        key if key in _STRUCTLOGS_OWN else scrub(key): value if key in _STRUCTLOGS_OWN else _scrubbed(value)
        for key, value in event.items()
    }


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
    sys.unraisablehook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


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

    def handleError(self, record: logging.LogRecord) -> None:
        """Say that a line could not be written; the standard library would print its arguments."""
        kind = sys.exc_info()[0]
        what = kind.__name__ if kind else "unknown"
        with suppress(Exception):
            self.stream.write(f"a line of the log could not be written: {what} in {record.pathname}:{record.lineno}\n")


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("bot").critical("unexpected end", exc_info=(kind, error or kind(), trace))
