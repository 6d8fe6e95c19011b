"""Tell which of a writer's matters a message belongs to, from what it says and means and when it was written."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from ml.matters.reading import Utterance
from storage.support.messages import IncomingMessage
from storage.support.tickets import Placement, Placer, conversations


def placer(session: Session) -> Placer:
    """Return what places a message among matters, each with at least one message, the oldest first.

    It is what was learned of what the workspace's people merged and split, where that is better than what ships.
    """

    def place(message: IncomingMessage, matters: Sequence[Sequence[IncomingMessage]]) -> Placement:
        # It comes with scikit-learn, which a bot loads once it serves.
        from ml.matters import placing

        kept = conversations.taught(session).get("kept") if matters else None
        return placing.place(_said(message), [[_said(one) for one in matter] for matter in matters], kept)

    return place


def _said(message: IncomingMessage) -> Utterance:
    return Utterance(message.text, message.at.timestamp() / 60)
