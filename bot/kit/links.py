"""Say where a message is found in Slack, and read such an address."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from storage.support.cards import card_of
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket

_ADDRESS = re.compile(r"/archives/([A-Z0-9]+)/p(\d+)(\d{6})")


def message_address(url: str | None, channel_id: str | None, ts: str | None) -> str | None:
    """Return where a message is, of a workspace at `url`; None as long as one of the three is not known."""
    return f"{url}archives/{channel_id}/p{ts.replace('.', '')}" if url and channel_id and ts else None


def permalink(url: str | None, message: IncomingMessage) -> str | None:
    """Return where a customer's message is, in its thread if it stands in one."""
    address = message_address(url, message.channel_id, message.ts)
    if address is None or message.thread_ts in {None, message.ts}:
        return address
    return f"{address}?thread_ts={message.thread_ts}&cid={message.channel_id}"


def card_address(session: Session, ticket: Ticket, url: str | None) -> str | None:
    """Return where a ticket's card is; None as long as it is not posted."""
    card = card_of(session, ticket)
    return message_address(url, card.channel or card.target_channel, card.ts) if card else None


def read_address(text: str) -> tuple[str, str] | None:
    """Read a message's address: its channel and its ts; None for any other text."""
    found = _ADDRESS.search(text)
    return (found[1], f"{found[2]}.{found[3]}") if found else None
