"""Know who acts: members and workspaces from memory, then the database, then Slack."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.plugin import Member, Slack
from storage import channels, members, workspaces
from storage.database import Database
from storage.workspaces import Workspace

FRESH_S = 600.0
CAPACITY = 50_000


@dataclass(frozen=True, slots=True)
class Known:
    """Hold who acts and where; both are detached rows, to be read and not changed."""

    member: Member
    workspace: Workspace


class People:
    """Find members, asking Slack only about those never seen before.

    `admins` are user ids that are admins whatever their stored roles say (RAPPORT_ADMINS).
    """

    def __init__(self, database: Database, slack_for: Callable[[str], Slack], *, admins: Collection[str] = ()) -> None:
        self._database = database
        self._slack_for = slack_for
        self._admins = frozenset(admins)
        self._known: dict[tuple[str, str], tuple[float, Known]] = {}
        self._shared: dict[tuple[str, str], tuple[float, bool]] = {}
        self._lock = threading.Lock()

    def find(self, workspace_id: str, user_id: str) -> Known:
        """Return who this is; raise CrmError if the person is new and Slack can not be asked."""
        key = (workspace_id, user_id)
        cached = self._known.get(key)
        if cached and cached[0] > time.monotonic():
            return cached[1]
        known = self._read(workspace_id, user_id) or self._learn(workspace_id, user_id)
        with self._lock:
            if len(self._known) >= CAPACITY:
                self._known.clear()
            self._known[key] = (time.monotonic() + FRESH_S, known)
        return known

    def shared(self, workspace_id: str, channel_id: str) -> bool:
        """Tell whether a channel is shared with another organisation; raise CrmError if Slack can not say."""
        if not channel_id or channel_id.startswith("D"):
            return False
        key = (workspace_id, channel_id)
        cached = self._shared.get(key)
        if cached and cached[0] > time.monotonic():
            return cached[1]
        info = self._slack_for(workspace_id).channel(channel_id)
        shared = bool(info.get("is_ext_shared") or info.get("is_org_shared") or info.get("is_pending_ext_shared"))
        with self._database.transaction(workspace_id) as session:
            channels.seen(session, channel_id, name=str(info.get("name") or ""), is_ext_shared=shared)
        with self._lock:
            self._shared[key] = (time.monotonic() + FRESH_S, shared)
        return shared

    def learn(self, workspace_id: str, user_id: str) -> None:
        """Ask Slack about a person anew, as when their profile changed."""
        self._learn(workspace_id, user_id)
        self.forget(workspace_id, user_id)

    def forget(self, workspace_id: str = "", user_id: str = "") -> None:
        """Drop what is remembered of a person, a workspace, or everybody."""
        with self._lock:
            for key in [k for k in self._known if workspace_id in {"", k[0]} and user_id in {"", k[1]}]:
                del self._known[key]
            for key in [k for k in self._shared if workspace_id in {"", k[0]}]:
                del self._shared[key]

    def _read(self, workspace_id: str, user_id: str) -> Known | None:
        with self._database.transaction(workspace_id) as session:
            member = members.get(session, user_id)
            workspace = workspaces.get(session, workspace_id)
            return Known(member, workspace) if member and workspace else None

    def _learn(self, workspace_id: str, user_id: str) -> Known:
        profile = self._slack_for(workspace_id).user(user_id)
        with self._database.transaction(workspace_id) as session:
            workspace = workspaces.get(session, workspace_id)
            member = members.ensure(session, user_id, profile, admins=self._admins)
            assert workspace is not None
            return Known(member, workspace)
