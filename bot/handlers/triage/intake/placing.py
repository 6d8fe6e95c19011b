"""Tell which of a writer's matters a message belongs to, from what it says and means and when it was written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ml.matters.reading import Utterance
from storage.support.messages import IncomingMessage

if TYPE_CHECKING:
    from ml.matters.placing import Placing


def place(message: IncomingMessage, matters: Sequence[Sequence[IncomingMessage]]) -> Placing:
    """Return the place of a message among matters, each with at least one message, the oldest first."""
    # It comes with scikit-learn, which a bot loads once it serves.
    from ml.matters import placing

    return placing.place(_said(message), [[_said(one) for one in matter] for matter in matters])


def _said(message: IncomingMessage) -> Utterance:
    return Utterance(message.text, message.at.timestamp() / 60)
