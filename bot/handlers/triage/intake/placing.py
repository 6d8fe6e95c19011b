"""Tell which of a writer's matters a message belongs to, from what it says."""

from __future__ import annotations

from collections.abc import Sequence

from ml.matters import rules
from ml.matters.rules import Placing, Utterance
from storage.support.messages import CHATTER, IncomingMessage


def place(message: IncomingMessage, matters: Sequence[Sequence[IncomingMessage]]) -> Placing:
    """Return the place of a message among matters, each with at least one message, the oldest first."""
    return rules.place(_said(message), [[_said(one) for one in matter] for matter in matters])


def _said(message: IncomingMessage) -> Utterance:
    is_sure = message.abstained is False and message.category != CHATTER
    return Utterance(message.text, message.at.timestamp() / 60, message.category if is_sure else None)
