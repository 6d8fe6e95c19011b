"""Decide, at the moment when something is about to be shown in a channel, whether others would read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.slack.posting import Ask, CallRefused, Unreached
from storage.database.engine import Database
from storage.notifications.failures import SHARED
from storage.queues.outbox import DELETE, Delivery
from storage.support import sharing

UNKNOWN = "sharing_unknown"
"""Why a message is refused of which Slack could not say in every attempt whether others would read it."""
TRIES = 5


class Sharing:
    """Tell which channels others read, from what the database knows or else from Slack.

    A new process that Slack's events come to takes nothing for known that was learned before, as some may have been
    missed; one that only works goes by what those know.
    """

    def __init__(self, *, hears: bool = True) -> None:
        self._doubts = int(hears)
        self._settled: dict[str, int] = {}

    def doubt(self) -> None:
        """Take nothing for known that was learned before, in any workspace: events may have been missed."""
        self._doubts += 1

    def settle(self, database: Database, workspace_id: str) -> None:
        """Have every process take nothing for known in a workspace, if there was a doubt since it was last done."""
        doubts = self._doubts
        if self._settled.get(workspace_id, 0) == doubts:
            return
        with database.transaction(workspace_id) as session:
            sharing.doubt(session)
        self._settled[workspace_id] = doubts

    def refuse(self, database: Database, row: Delivery, channel_id: str, ask: Ask, *, last: bool) -> None:
        """Raise Refused for a message to a channel that others read, another Outcome where Slack cannot say.

        At the `last` attempt that is a refusal too, so that somebody is told.
        """
        # What is between a person and Rapport nobody else reads, and what is deleted nobody at all.
        if row.kind == DELETE or row.target_channel is None or channel_id.startswith("D"):
            return

        def info() -> Mapping[str, Any]:
            return dict(ask("conversations.info", repeatable=True, channel=channel_id).get("channel") or {})

        try:
            shared = self.others_read(database, row.workspace_id, channel_id, info)
        except Unreached as exc:
            if last:
                raise CallRefused(UNKNOWN) from exc
            raise
        if shared is None:
            raise Unreached("who reads the channel is changing")
        if shared:
            raise CallRefused(SHARED)

    def others_read(
        self, database: Database, workspace_id: str, channel_id: str, info: Callable[[], Mapping[str, Any]]
    ) -> bool | None:
        """Tell whether others read a channel; None where that changes while it is asked. Raises what `info` raises.

        `info` asks for conversations.info's `channel`; no transaction is open meanwhile.
        """
        self.settle(database, workspace_id)
        for _try in range(TRIES):
            with database.transaction(workspace_id) as session:
                before = sharing.known(session, channel_id)
            if before.shared is not None:
                return before.shared
            shared = sharing.others_read(info(), workspace_id)
            with database.transaction(workspace_id) as session:
                if sharing.learn(session, channel_id, shared, since=before):
                    return shared
        return None
