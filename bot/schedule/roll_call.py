"""Read a workspace's people from Slack again, so that what was missed of them does not stay.

Events tell who changed, but not while the bot is down or Slack cannot reach it. So everybody is read at start, after
a gap and once a day, a page at a time, by one process at a time (`storage.workspace.roll_calls`). That somebody is on
no page takes nothing from them: each of these is asked for by name, and only Slack's word that there is no such person
counts.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from slack_sdk import WebClient

from bot.delivery.calls import at_pace
from bot.requests.home import HomeView
from bot.requests.runtime import Runtime
from bot.settings import Settings
from bot.slack.posting import CallOutcome, CallRefused, RateLimited, TooSoon, Unreached, read
from bot.workers import back_off
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.queues import outbox_claims
from storage.records import history
from storage.workspace import members, roll_calls, workspaces
from storage.workspace.members import Member
from storage.workspace.roll_calls import RollCall

log = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often a process looks whether a roll call is due."""
PAGE = 200
LEASE_S = 60.0
LONGEST_WAIT_S = 300.0
REFUSED_WAIT_S = 3600.0
"""After which what Slack refused for good is tried again: somebody may have mended the token or its scopes."""
UNLISTED = "unlisted:"
"""What a page begins with that holds those who were on none of Slack's."""
TELLABLE = timedelta(microseconds=1)
"""By which who was on a page is told from who was read in the same second before: Slack says whole seconds."""
UNKNOWN = frozenset({"user_not_found", "users_not_found", "user_not_visible"})


class WrongWorkspace(Exception):
    """The token is another workspace's, so nobody it does not know has left."""


class RollCalls:
    """Carry out the roll calls that are due, until `stopping` is set."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        client_for: Callable[[str], WebClient],
        home: HomeView,
        settings: Settings,
        *,
        stopping: threading.Event | None = None,
        page_size: int = PAGE,
        lease_s: float = LEASE_S,
    ) -> None:
        self._database = database
        self._runtime = runtime
        self._client_for = client_for
        self._home = home
        self._admins = settings.admins
        self._stopping = stopping or threading.Event()
        self._limits = at_pace(settings.slack_pace)
        self._page_size = page_size
        self._lease_s = lease_s

    def ask(self, workspace_ids: Collection[str]) -> None:
        """Have the people of these workspaces read again: events about them may have been lost until now."""
        for workspace_id in workspace_ids:
            with self._database.transaction(workspace_id) as session:
                roll_calls.ask(session)

    def tick(self) -> None:
        """Carry out what is due, as far as Slack lets us now."""
        while not self._stopping.is_set():
            with self._database.transaction(EVERY_WORKSPACE) as session:
                row = roll_calls.claim(session, self._lease_s)
            if row is None:
                return
            self._carry_on(row)

    def _carry_on(self, row: RollCall) -> None:
        try:
            for page, listed_from in self.pages(row):
                if not self._mark(row, roll_calls.turn, page, listed_from=listed_from, lease_s=self._lease_s):
                    return
                if self._stopping.is_set():
                    self._mark(row, roll_calls.later, 0.0)
                    return
            self._mark(row, roll_calls.finish)
        except RateLimited as exc:
            if not isinstance(exc, TooSoon):
                with self._database.transaction(row.workspace_id) as session:
                    outbox_claims.pause(session, exc.method, exc.seconds)
            self._mark(row, roll_calls.later, exc.seconds)
        except CallRefused as exc:
            log.warning("people of %s could not be read: %s", row.workspace_id, exc.code)
            anew = exc.code == "invalid_cursor"
            self._mark(row, roll_calls.later, 1.0 if anew else REFUSED_WAIT_S, failed=True, anew=anew)
        except (CallOutcome, WrongWorkspace) as exc:
            log.warning("people of %s could not be read yet: %s", row.workspace_id, exc)
            self._mark(row, roll_calls.later, back_off(row.attempt + 2, longest_s=LONGEST_WAIT_S), failed=True)
        except Exception:
            log.exception("the roll call of %s failed", row.workspace_id)
            self._mark(row, roll_calls.later, back_off(row.attempt + 2, longest_s=LONGEST_WAIT_S), failed=True)

    def pages(self, row: RollCall) -> Iterator[tuple[str, datetime]]:
        """Read page after page; yield after each from where to go on, and when the first one was read."""
        page, listed_from = row.page or "", row.listed_from
        if not page:
            answer, _at = self._read(row, "auth.test")
            if answer.get("team_id") != row.workspace_id:
                raise WrongWorkspace("the token is of another workspace")
        while not page.startswith(UNLISTED) or listed_from is None:
            given = {"cursor": page} if page and not page.startswith(UNLISTED) else {}
            answer, at = self._read(row, "users.list", limit=self._page_size, include_locale=True, **given)
            listed_from = listed_from or at
            self._hear(row, answer.get("members"), max(at, listed_from))
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            page = str(cursor) if cursor else UNLISTED
            yield page, listed_from
        while unlisted := self._unlisted(row, listed_from, page.removeprefix(UNLISTED)):
            for member in unlisted:
                self._ask_for(row, member)
                page = UNLISTED + member.id
                yield page, listed_from

    def _unlisted(self, row: RollCall, listed_from: datetime, after: str) -> list[Member]:
        with self._database.transaction(row.workspace_id) as session:
            return members.unheard(session, listed_from, after=after, limit=self._page_size)

    def _ask_for(self, row: RollCall, member: Member) -> None:
        try:
            answer, at = self._read(row, "users.info", user=member.id, include_locale=True)
        except CallRefused as exc:
            if exc.code not in UNKNOWN:
                raise
            # Asked only now, as Slack does not say when it wrote a refusal.
            _answer, at = self._read(row, "auth.test")
            self._change(row, member.id, partial(members.gone, member_id=member.id, at=at))
            return
        self._hear(row, [answer.get("user")], at)

    def _hear(self, row: RollCall, said: Any, at: datetime) -> None:
        """Follow what Slack says of people at a moment; whom we never met stays unknown."""
        at += TELLABLE
        profiles = {str(one["id"]): one for one in said or () if isinstance(one, dict) and one.get("id")}
        with self._database.transaction(row.workspace_id) as session:
            known = members.known(session, profiles)
            news = [one.id for one in known if members.is_news(session, one, profiles[one.id], admins=self._admins)]
            members.heard(session, [one.id for one in known if one.id not in news], at)
        for member_id in news:
            profile = profiles[member_id]
            follow = partial(members.ensure, member_id=member_id, profile=profile, admins=self._admins, at=at)
            self._change(row, member_id, follow)

    def _change(self, row: RollCall, member_id: str, change: Callable[..., object]) -> None:
        """Change what is known of one person, each in a transaction of their own, and tell who listens for it."""
        try:
            with self._database.transaction(row.workspace_id) as session:
                was_ours = any(one.is_ours for one in members.known(session, [member_id]))
                given = {**self._runtime.given(None), "session": session}
                given["workspace"] = workspaces.get(session, row.workspace_id)
                with history.recording(session, actor_id=None, source="roll call"):
                    change(session)
                    self._runtime.tell_listeners(session, given)
                left = was_ours and not any(one.is_ours for one in members.known(session, [member_id]))
        except Exception:
            # One person's trouble must not keep the others as they were.
            log.exception("what Slack says of %s could not be stored", member_id)
            return
        if left:
            self._clear_home(row, member_id)

    def _clear_home(self, row: RollCall, member_id: str) -> None:
        """Take the App Home from who may no longer see it; where that fails, it goes when it is next opened."""
        self._runtime.people.forget(row.workspace_id, member_id)
        try:
            self._home.publish(row.workspace_id, member_id)
        except Exception as exc:
            log.info("the Home of %s stays as it was: %s", member_id, type(exc).__name__)

    def _read(self, row: RollCall, method: str, **arguments: Any) -> tuple[Mapping[str, Any], datetime]:
        if (limit := self._limits.get(method)) is not None:
            with self._database.transaction(row.workspace_id) as session:
                wait = outbox_claims.take(session, method, per_minute=limit.per_minute, burst=limit.burst)
            if wait:
                raise TooSoon(method, wait)
        try:
            client = self._client_for(row.workspace_id)
        except Exception as exc:
            raise Unreached(f"no client: {type(exc).__name__}") from exc
        return read(client, method, **arguments)

    def _mark(self, row: RollCall, mark: Callable[..., bool], *values: Any, **named: Any) -> bool:
        with self._database.transaction(row.workspace_id) as session:
            return mark(session, row, *values, **named)
