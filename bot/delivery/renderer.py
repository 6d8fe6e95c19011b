"""Draw an outbox row's message from its record, at the moment it is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.delivery.calls import Rendered
from bot.i18n import _, speak
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.replies import Message
from bot.registry import Registry
from bot.requests.answers import TEXT_LIMIT
from bot.requests.responder import FALLBACK_RENDERER
from bot.requests.routing import check_controls
from bot.requests.runtime import Deferred, call_with
from storage.database.engine import current_workspace
from storage.notifications import failures, throttle
from storage.notifications.preferences import Notice
from storage.queues import outbox_claims
from storage.queues.outbox import Delivery
from storage.records import schema
from storage.workspace import members, workspaces

if TYPE_CHECKING:
    from bot.learning.models import WorkspaceModel


log = logging.getLogger(__name__)

NO_LONGER_OURS = "no_longer_ours"
"""Why something is not sent to who was one of our own people when it was written."""


class Renderings:
    """Call the renderer that a row names; None means that the message is no longer wanted. Say what has to wait."""

    def __init__(
        self,
        registry: Registry,
        *,
        model: Callable[[Session], WorkspaceModel] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._registry = registry
        self._model = model
        self._now = now

    def hold(self, session: Session, delivery: Delivery) -> bool:
        """Hold a message back if its receiver does not want it now; what answers somebody is never held back.

        What is for our own people is not sent to who is none of them any more; whoever can mend that is told.
        """
        if self._is_kept_from_reader(session, delivery):
            outbox_claims.dead(session, delivery, NO_LONGER_OURS)
            failures.tell(session, delivery, NO_LONGER_OURS)
            return True
        notice = self._notice(delivery)
        if notice is None:
            return False

        def zone() -> ZoneInfo:
            reader = members.get(session, delivery.target_user) if delivery.target_user else None
            workspace = workspaces.get(session, current_workspace(session))
            return format.zone((reader.zone if reader else None) or (workspace.zone if workspace else None))

        return throttle.hold(session, delivery, notice, zone=zone, now=self._now())

    def ours(self, delivery: Delivery) -> bool:
        """Tell whether a message is for our own people alone; so is what no plugin declares any more."""
        declared = self._registry.renderers.get(delivery.renderer)
        return declared is None or not declared.outside

    def _is_kept_from_reader(self, session: Session, delivery: Delivery) -> bool:
        reader = members.get(session, delivery.target_user) if delivery.target_user else None
        renderer = self._registry.renderers.get(delivery.renderer)
        if reader is None or reader.is_ours or renderer is None or renderer.outside or renderer.kind is None:
            return False
        return self.render(session, delivery) is not None

    def _notice(self, delivery: Delivery) -> Notice | None:
        """Return of which kind a message is; one whose plugin fails to say so is any other."""
        declared = self._registry.renderers.get(delivery.renderer)
        kind = declared.kind if declared else None
        if kind is None or isinstance(kind, Notice):
            return kind
        try:
            return kind(delivery)
        except Exception:
            log.exception("the kind of a message of %s could not be told", delivery.renderer)
            return Notice.OTHER

    def render(self, session: Session, delivery: Delivery) -> Rendered | None:
        """Return what to send; raise KeyError for a renderer that no plugin declares any more."""
        receiver = members.get(session, delivery.target_user) if delivery.target_user else None
        if delivery.renderer == FALLBACK_RENDERER:
            if receiver is not None and not receiver.is_ours:
                return Rendered(_("You no longer have a role in Rapport, so you cannot see the answer."))
            return Rendered(str(delivery.payload["text"]), list(delivery.payload["blocks"]))
        schema.see_as(session, receiver.acts_in if receiver else schema.CHANNEL)
        workspace = workspaces.get(session, current_workspace(session))
        speak(receiver.locale if receiver else workspace.locale if workspace else None)
        now = self._now()
        given = {
            "session": session,
            "delivery": delivery,
            "receiver": receiver,
            "reader": format.reader(receiver, workspace, now) if workspace else None,
            "workspace": workspace,
            "now": now,
            "model": Deferred(self._model) if self._model else None,
            "catalogue": self._registry.within(schema.of(session)),
        }
        message: Message | None = call_with(self._registry.renderers[delivery.renderer].handler, given)
        if message is None:
            return None
        blocks: list[Block] = list(message.blocks) or [b.section(message.text)]
        drawn = b.render(blocks)
        check_controls(self._registry, drawn)
        return Rendered(b.cut(message.text, TEXT_LIMIT), drawn, message.pictures, message.file, message.speaker)
