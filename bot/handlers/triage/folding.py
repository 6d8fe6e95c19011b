"""Fold what several customers report at about the same time under the card of the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from storage.messages import IncomingMessage
from storage.tickets import Ticket

if TYPE_CHECKING:
    from ml.classifier import MessageClassifier


def fold(session: Session, ticket: Ticket, message: IncomingMessage, model: MessageClassifier) -> bool:
    """Put a new ticket under the card of an earlier one of another customer that says the same; tell if it was."""
    return False


def blocks(session: Session, ticket: Ticket, locale: str) -> list[Block]:
    """Draw what is folded under a ticket's card; nothing where nothing is."""
    return []
