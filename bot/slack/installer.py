"""Remember the workspaces that have the app: the one whose token is in the environment, and those that install it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy.orm import Session

from bot.slack.clients import NETWORK_ERRORS, PASSING, Installations, refusal
from bot.workers import back_off
from storage.database.engine import Database
from storage.database.secrets import Vault
from storage.workspace import workspaces

log = logging.getLogger(__name__)

RETRY_S = 5.0
REFUSED_RETRY_S = 60.0
"""The longest wait before Slack is asked again about a token that it refuses: the app may be installed again."""
LOOK_S = 1.0
PEOPLE_A_PAGE = 200


class Installer:
    """Store what Slack says of a workspace that has the app; `begin` puts its jobs on the clock."""

    def __init__(
        self,
        database: Database,
        installations: Installations,
        begin: Callable[[Session], None],
        *,
        vault: Vault | None,
    ) -> None:
        self._database = database
        self._installations = installations
        self._begin = begin
        self._vault = vault
        self._token = installations.token
        self._asked = False
        self._refused = ""
        self._own = ""

    def knows(self) -> bool:
        """Tell whether it is known whom we serve: before, nobody could be answered."""
        known = not self._token or (self._asked and bool(self._installations.all()))
        return self._installations.loaded and known

    def is_starting(self) -> bool:
        """Tell whether a workspace that is not known may yet be: neither Slack nor the database has said so far."""
        return not self._installations.loaded or (bool(self._token) and not self._own and not self._refused)

    def missing(self) -> str:
        """Say why the token of the environment is of no use now; empty where all is well, or Slack is only away."""
        if self._refused:
            return f"Slack refuses SLACK_BOT_TOKEN: {self._refused}"
        if not self._installations.loaded:
            return "waiting for the database to say who has the app"
        return "" if self.knows() else "waiting for Slack to say whose SLACK_BOT_TOKEN this is"

    def keep_identified(self, stopping: threading.Event) -> None:
        """Identify the token, and again once its workspace is no longer served: it may be installed again."""
        while not stopping.is_set():
            self.identify(stopping)
            if not self._token:
                return
            while self._installations.get(self._own) and not stopping.wait(LOOK_S):
                pass
            # What ended it says so first: Slack tells of it in more than one way.
            stopping.wait(RETRY_S)

    def identify(self, stopping: threading.Event) -> None:
        """Put every known workspace's jobs on the clock, then ask Slack whose token this is; tries until it says."""
        while not self._tried(self._ensure_jobs) and not stopping.wait(RETRY_S):
            pass
        if not self._token:
            return
        client = self._installations.bare_client(self._token)
        refusals = 0
        while not stopping.is_set():
            wait = RETRY_S
            try:
                if self._tried(lambda: self._remember_own(client)):
                    return
            except SlackApiError as exc:
                if refusal(exc) != self._refused:
                    log.error("Slack refuses SLACK_BOT_TOKEN: %s; `rapport doctor` says more", refusal(exc))
                self._refused = refusal(exc)
                refusals += 1
                wait = back_off(refusals, longest_s=REFUSED_RETRY_S)
            self._asked = True
            stopping.wait(wait)

    def _remember_own(self, client: WebClient) -> None:
        self._own = self.remember(client)
        self._refused, self._asked = "", True

    def remember(
        self,
        client: WebClient,
        *,
        token: str | None = None,
        app_id: str | None = None,
        installed_by: str | None = None,
        scopes: Collection[str] | None = None,
    ) -> str:
        """Store the workspace that a client's token belongs to and return its id.

        A `token` is stored sealed; without it the row holds ids only. Raises SlackApiError where Slack refuses, and
        what network and database raise.
        """
        who = client.auth_test()
        person = _installer(client, installed_by)
        granted = str(who.headers.get("x-oauth-scopes", "")).split(",") if scopes is None else scopes
        workspace_id = str(who["team_id"])
        with self._database.transaction(workspace_id) as session:
            workspaces.ensure(
                session,
                name=str(who.get("team") or workspace_id),
                url=who.get("url"),
                zone=person.get("tz"),
                locale=person.get("locale"),
            )
            workspaces.install(
                session,
                token=token,
                vault=self._vault,
                app_id=app_id,
                bot_id=who.get("bot_id"),
                bot_user_id=who.get("user_id"),
                scopes=[scope for scope in granted if scope],
                installed_by=installed_by or person.get("id"),
            )
            self._begin(session)
        self._installations.load()
        log.info("serving %s", workspace_id)
        return workspace_id

    def _ensure_jobs(self) -> None:
        for workspace_id in self._installations.all():
            with self._database.transaction(workspace_id) as session:
                if workspaces.get(session, workspace_id):
                    self._begin(session)

    @staticmethod
    def _tried(call: Callable[[], object]) -> bool:
        try:
            call()
        except NETWORK_ERRORS as exc:
            code = refusal(exc)
            if code not in PASSING:
                raise
            log.warning("Slack cannot be reached yet: %s", code)
            return False
        except Exception as exc:
            log.warning("the workspaces could not be looked after yet: %s", type(exc).__name__, extra={"cause": exc})
            return False
        return True


def _installer(client: WebClient, user_id: str | None) -> dict[str, Any]:
    """Return who installed the app, or else the primary owner, in whose zone a workspace starts; empty if unknown."""
    try:
        if user_id:
            return dict(client.users_info(user=user_id, include_locale=True)["user"])
        for person in client.users_list(limit=PEOPLE_A_PAGE, include_locale=True)["members"]:
            if person.get("is_primary_owner"):
                return dict(person)
    except SlackApiError as exc:
        log.warning("Slack does not say who installed the app: %s", refusal(exc))
    return {}
