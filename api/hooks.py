"""Take what other programs send by webhooks of their own: signed as they sign, and without a key of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from api.calls import STATEMENT_MS
from api.limits import PER_MINUTE, Limits
from api.problems import Answer, HttpProblem, problem_of
from storage.database.engine import Database
from storage.records import history
from storage.workspace.members import Member
from storage.workspace.workspaces import Workspace

BODY_LIMIT = 2_000_000
ONCE_LIMIT = 200
_WORKSPACE = re.compile(r"[A-Za-z0-9]{1,40}")
_UNKNOWN = "It is not signed with the secret that this workspace knows."


class Hook(Protocol):
    """Stand for an address of a plugin's that takes webhooks."""

    @property
    def once(self) -> str:
        """Return the header whose value has its effect once, empty for none."""


class TakesHooks(Protocol):
    """Stand for what only the bot can do: find what plugins declare, and call it."""

    def hook(self, address: str, /) -> Any:
        """Return what takes webhooks at an address below `/hooks/WORKSPACE/`, None for nothing."""

    def run_hook(
        self, function: Callable[..., Any], session: Session, sender: HookSender, given: Mapping[str, Any], /
    ) -> Any:
        """Call a function of a hook's with those of the given values that it names."""

    def tell(self, session: Session, caller: Any, /) -> None:
        """Call the listeners of what happened in the session."""


@dataclass(frozen=True, slots=True)
class HookSender:
    """Hold where a program sends something, and when: who it is, is nobody of ours."""

    workspace: Workspace
    now: datetime
    member: Member | None = None


class Hooks:
    """Take webhooks, at each address at most `per_minute`; `now` is a clock for tests."""

    def __init__(
        self,
        database: Database,
        bot: TakesHooks,
        *,
        per_minute: int = PER_MINUTE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._limits = Limits(per_minute)
        self._database = database
        self._bot = bot
        self._now = now

    def admit(self, workspace_id: str, address: str) -> None:
        """Raise HttpProblem where nothing takes webhooks, or too many have come."""
        if not _WORKSPACE.fullmatch(workspace_id) or self._bot.hook(address) is None:
            raise HttpProblem("not-found", "There is nothing at this address.")
        if seconds := self._limits.wait((workspace_id, address)):
            detail = f"An address takes {self._limits.per_minute} requests a minute."
            raise HttpProblem("too-many", detail, headers={"retry-after": str(seconds)})

    def take(self, workspace_id: str, address: str, headers: Mapping[str, str], raw: bytes) -> Answer:
        """Do what a webhook is for, once, and return its answer; never raises."""
        try:
            self._take(workspace_id, address, headers, raw)
        except Exception as exc:
            if not history.is_repeat(exc):
                return problem_of(exc, f"hook {address}").answer()
        return Answer(200, {})

    def _take(self, workspace_id: str, address: str, headers: Mapping[str, str], raw: bytes) -> None:
        hook = self._bot.hook(address)
        given: dict[str, Any] = {"headers": headers, "raw": raw}
        with self._database.transaction(workspace_id, statement_timeout_ms=STATEMENT_MS) as session:
            workspace = session.get(Workspace, workspace_id)
            if workspace is None:
                raise HttpProblem("unauthenticated", _UNKNOWN)
            sender = HookSender(workspace, self._now())
            if self._bot.run_hook(hook.ping, session, sender, given):
                return
            if not self._bot.run_hook(hook.signed, session, sender, given):
                raise HttpProblem("unauthenticated", _UNKNOWN)
            once = headers.get(hook.once.lower(), "")[:ONCE_LIMIT] if hook.once else ""
            request_key = f"hook|{address}|{once}" if once else None
            with history.recording(session, actor_id=None, source=f"hook.{address}", request_key=request_key):
                self._bot.run_hook(hook.handler, session, sender, given | {"body": _read(raw)})
                self._bot.tell(session, sender)
                session.flush()


def _read(raw: bytes) -> Mapping[str, Any]:
    try:
        read = json.loads(raw)
    except (ValueError, RecursionError):
        raise HttpProblem("malformed", "The body is not JSON.") from None
    if not isinstance(read, dict):
        raise HttpProblem("malformed", "The body is to be an object.")
    return read
