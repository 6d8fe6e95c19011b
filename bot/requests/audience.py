"""Decide, when an answer is about to be sent, whether all of a channel may see it or only who asked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from slack_sdk import WebClient

from bot.i18n import _
from bot.kit import blocks as b
from bot.plugin import Role, Slack
from bot.requests.actors import KnownActor
from bot.requests.answer import Answer, MessageAnswer
from bot.requests.request import Request, RequestKind
from bot.slack.sharing import Sharing
from storage.database.engine import Database
from storage.queues import outbox_claims
from storage.records import schema
from storage.workspace import members

log = logging.getLogger(__name__)


class Audience:
    """Keep what all of a channel would see from channels that others than our own people read."""

    def __init__(
        self,
        sharing: Sharing,
        database: Database,
        slack_for: Callable[[str], Slack],
        client_for: Callable[[str], WebClient],
    ) -> None:
        self._sharing = sharing
        self._database = database
        self._slack_for = slack_for
        self._client_for = client_for

    def confine(self, request: Request, answer: Answer) -> Answer:
        """Return an answer as it may be sent at this moment: only who asked sees it where others read the channel.

        So it is where Slack cannot say. May ask Slack, so no transaction may be open; never raises.
        """
        if not isinstance(answer, MessageAnswer):
            return answer
        return self.confine_message(request, answer)

    def confine_message(self, request: Request, answer: MessageAnswer) -> MessageAnswer:
        """Return a message as it may be sent at this moment."""
        if not seen_by_all(request, answer) or not self._others_read(request):
            return answer
        why = _("Only you see this: people outside your team read this channel, or Slack cannot say who reads it.")
        room = len(answer.blocks) < b.MESSAGE_BLOCKS
        said = [b.context(why).to_dict(), *answer.blocks] if room else answer.blocks
        return replace(answer, share=False, replace=False, blocks=said)

    def _others_read(self, request: Request) -> bool:
        channel_id = request.place.channel_id
        try:
            if channel_id.startswith("D"):
                return channel_id != self._with_rapport(request)
            slack = self._slack_for(request.workspace_id)
            shared = self._sharing.others_read(
                self._database, request.workspace_id, channel_id, lambda: slack.channel(channel_id)
            )
        except Exception as exc:
            log.warning("who reads the channel of %s is not known: %s", request.name, type(exc).__name__)
            return True
        return shared is not False

    def _with_rapport(self, request: Request) -> str:
        """Return the conversation of who asks with Rapport; of others Slack does not tell us who reads them."""
        with self._database.transaction(request.workspace_id) as session:
            known = members.get(session, request.user_id)
            own = known.dm_channel_id if known else None
        if own is None:
            opened = self._client_for(request.workspace_id).conversations_open(users=request.user_id)
            own = str(opened["channel"]["id"])
            with self._database.transaction(request.workspace_id) as session:
                outbox_claims.opened(session, request.user_id, own)
        return own


def seen_by_all(request: Request, answer: Answer) -> bool:
    """Tell whether all of a channel would see an answer: it is to be shared, or takes the place of what all see."""
    if not isinstance(answer, MessageAnswer):
        return False
    return answer.share or (answer.replace and request.kind is RequestKind.ACTION and not request.ephemeral)


def readers(request: Request, known: KnownActor) -> frozenset[Role]:
    """Return the roles of whoever will read an answer: none where it may take the place of what all of a channel see.

    A form and a message that only one person sees are theirs, as is what stands in their conversation with Rapport.
    """
    place = request.place.channel_id
    inside = request.kind is not RequestKind.ACTION or request.ephemeral or request.view or not place
    return known.member.acts_in if inside or place == known.member.dm_channel_id else schema.CHANNEL
