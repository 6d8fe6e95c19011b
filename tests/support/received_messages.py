"""Messages of a customer, as messages in tests are received."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from storage.support import messages
from storage.support.messages import IncomingMessage

BASE = 1893492000

TS = "1893492000.000100"


def received(session: Session, ts: str = TS, text: str = "It does not work", **values: Any) -> IncomingMessage:
    message = messages.receive(session, channel_id="C1", ts=ts, text=text, author_id="U9", **values)
    assert message is not None
    return message


def said(session: Session, minute: int, text: str = "It does not work", **values: Any) -> IncomingMessage:
    return received(session, f"{BASE + minute * 60}.000100", text, **values)
