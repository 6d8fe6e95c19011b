"""Write logs as JSON lines, or for people on a terminal, without what must never be in them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRETS = re.compile(
    r"xox[abceprs]-[\w.-]+|xapp-[\w-]+|https://hooks\.slack\.com/\S+|(?<=[Bb]earer )\S+|v0=[0-9a-f]{64}"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
_PEOPLE = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|\+\d[\d ()-]{7,}\d")


def scrub(text: str) -> str:
    """Take tokens, addresses of hooks, passwords in URLs, e-mail addresses and phone numbers out of a text."""
    return _PEOPLE.sub("[personal]", _SECRETS.sub("[secret]", text))


def _scrub_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = scrub(value)
    return event


def set_up(level: str, *, stream: Any = None) -> None:
    """Send every log line through one formatter that scrubs it; Bolt's and the SDK's own loggers too."""
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
    root.setLevel(level)
    logging.captureWarnings(True)
    for noisy in ("slack_sdk", "slack_bolt", "apscheduler", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
