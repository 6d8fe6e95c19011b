"""Know who acts: members and workspaces from memory, then the database, then Slack."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.plugin import Member, Role, Slack
from storage.database.engine import Database
from storage.records import schema
from storage.records.schema import Schema
from storage.workspace import members, workspaces
from storage.workspace.workspaces import Workspace

FRESH_S = 600.0
CAPACITY = 50_000


@dataclass(frozen=True, slots=True)
class KnownActor:
    """Hold who acts and where, with what the workspace has made its own; all are to be read and not changed."""

    member: Member
    workspace: Workspace
    schema: Schema


class People:
    """Find members, asking Slack only about those never seen before.

    `admins` are user ids that are admins whatever their stored roles say (RAPPORT_ADMINS).
    """

    def __init__(self, database: Database, slack_for: Callable[[str], Slack], *, admins: Collection[str] = ()) -> None:
        self._database = database
        self._slack_for = slack_for
        self._admins = frozenset(admins)
        self._known: dict[tuple[str, str], tuple[float, KnownActor]] = {}
        self._forgotten = 0
        self._lock = threading.Lock()

    def find(self, workspace_id: str, user_id: str) -> KnownActor:
        """Return who this is; raise CrmError if the person is new and Slack cannot be asked."""
        key = (workspace_id, user_id)
        cached = self._known.get(key)
        if cached and cached[0] > time.monotonic():
            return cached[1]
        forgotten = self._forgotten
        known = self._read(workspace_id, user_id)
        if known is None:
            known = self._learn(workspace_id, user_id)
        elif user_id in self._admins and known.member.is_ours and not known.member.has(Role.ADMIN):
            # Named an admin after we first met.
            with self._database.transaction(workspace_id) as session:
                known = KnownActor(members.make_admin(session, user_id), known.workspace, known.schema)
        self._keep(key, known, forgotten)
        return known

    def remembered(self, workspace_id: str, user_id: str) -> KnownActor | None:
        """Return who this is, as far as that is known without asking anybody."""
        cached = self._known.get((workspace_id, user_id))
        return cached[1] if cached else None

    def locale(self, workspace_id: str, user_id: str) -> str | None:
        """Return in which language somebody reads, as far as that is known without asking anybody."""
        known = self.remembered(workspace_id, user_id)
        return known.member.locale if known else None

    def _keep(self, key: tuple[str, str], known: KnownActor, since: int) -> None:
        """Remember what was read, unless it was to be forgotten while it was being read."""
        with self._lock:
            if since != self._forgotten:
                return
            if len(self._known) >= CAPACITY:
                self._known.clear()
            self._known[key] = (time.monotonic() + FRESH_S, known)

    def forget(self, workspace_id: str = "", user_id: str = "") -> None:
        """Drop what is remembered of a person, a workspace, or everybody."""
        with self._lock:
            self._forgotten += 1
            for key in [k for k in self._known if workspace_id in {"", k[0]} and user_id in {"", k[1]}]:
                del self._known[key]

    def _read(self, workspace_id: str, user_id: str) -> KnownActor | None:
        with self._database.transaction(workspace_id) as session:
            member = members.get(session, user_id)
            workspace = workspaces.get(session, workspace_id)
            return KnownActor(member, workspace, schema.whole(session)) if member and workspace else None

    def _learn(self, workspace_id: str, user_id: str) -> KnownActor:
        profile = self._slack_for(workspace_id).user(user_id)
        with self._database.transaction(workspace_id) as session:
            workspace = workspaces.get(session, workspace_id)
            member = members.ensure(session, user_id, profile, admins=self._admins)
            assert workspace is not None
            return KnownActor(member, workspace, schema.whole(session))
