"""Hold the clients that call Slack: one per workspace for the bot, and the narrow one that plugins may use."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import IO, Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.slack.downloads import download
from bot.slack.posting import slack_time
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.database.secrets import Vault
from storage.errors import CrmError, NotFound, Refused
from storage.workspace import workspaces

log = logging.getLogger(__name__)

HTTP_TIMEOUT_S = 10
NETWORK_ERRORS = (SlackClientError, HTTPException, URLError, TimeoutError, ConnectionError, OSError)


UNREACHABLE = "unreachable"
PASSING = frozenset(
    {UNREACHABLE, "ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
"""Refusals that say nothing about what was asked, only that it is to be asked again later."""


def refusal(exc: Exception) -> str:
    """Return the code with which Slack refused; UNREACHABLE for what never came to an answer of Slack's own."""
    if isinstance(exc, SlackApiError) and isinstance(exc.response, SlackResponse):
        code = str(exc.response.get("error", ""))
        # For what is not JSON the SDK puts the body, a proxy's page for instance, where the code should be.
        if exc.response.status_code < 500 and re.fullmatch(r"[a-z_]{1,64}", code):
            return code
    return UNREACHABLE


@dataclass(frozen=True, slots=True)
class Installed:
    """Hold what authorising a request needs to know of an installation."""

    workspace_id: str
    token: str
    bot_id: str | None
    bot_user_id: str | None


class Installations:
    """Know every workspace's token and bot from memory, so that authorising needs neither database nor Slack."""

    def __init__(self, database: Database, *, api_url: str, vault: Vault | None, token: str | None) -> None:
        self._database = database
        self.api_url = api_url
        self._vault = vault
        self.token = token
        """The token of the environment, which is then every workspace's."""
        self._known: dict[str, Installed] = {}
        self._clients: dict[str, WebClient] = {}
        self._lock = threading.Lock()
        self.loaded = False
        """Whether the database has been asked: until then it is not known who has the app."""

    def load(self) -> None:
        """Read every installation that is not revoked; called at start and when one changes."""
        with self._database.transaction(EVERY_WORKSPACE) as session:
            rows = workspaces.installations(session)
            found = {
                row.workspace_id: Installed(row.workspace_id, token, row.bot_id, row.bot_user_id)
                for row in rows
                if (token := self.token or (self._vault and workspaces.token_of(row, self._vault)))
            }
        with self._lock:
            self._known = found
            self.loaded = True
            self._clients = {k: c for k, c in self._clients.items() if k in found and c.token == found[k].token}

    def all(self) -> list[str]:
        """Return the ids of the workspaces that have the app."""
        return list(self._known)

    def get(self, workspace_id: str) -> Installed | None:
        """Return an installation, None where the app is not installed."""
        return self._known.get(workspace_id)

    def client(self, workspace_id: str) -> WebClient:
        """Return the workspace's client, which never retries; raise Refused where the app is not installed."""
        found = self._known.get(workspace_id)
        if found is None:
            raise Refused("Rapport is not installed in this workspace.")
        with self._lock:
            if workspace_id not in self._clients:
                self._clients[workspace_id] = self.bare_client(found.token)
            return self._clients[workspace_id]

    def bare_client(self, token: str) -> WebClient:
        """Make a client for a token."""
        return WebClient(token=token, base_url=self.api_url, timeout=HTTP_TIMEOUT_S, retry_handlers=[])


class SlackDoor:
    """Ask Slack what a handler must know; the implementation of bot.plugin.Slack."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def channel(self, channel_id: str) -> Mapping[str, Any]:
        """Return conversations.info's `channel`."""
        return dict(self._ask("conversations_info", "channel", channel=channel_id))

    def join(self, channel_id: str) -> Mapping[str, Any]:
        """Join a public channel and return it; say how to invite the bot to a private one."""
        channel = self.channel(channel_id)
        if channel.get("is_archived"):
            raise Refused("That channel is archived.")
        if channel.get("is_im") or channel.get("is_mpim"):
            raise Refused("That is a direct message.", hint="Choose a channel.")
        if channel.get("is_member"):
            return channel
        if channel.get("is_private"):
            raise _invite(channel_id)
        return dict(self._ask("conversations_join", "channel", channel=channel_id))

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return users.info's `user`, with its locale, and as `read_at` when Slack said so, in whole seconds."""
        answer = self._call("users_info", user=user_id, include_locale=True)
        return {**answer["user"], "read_at": slack_time(answer.headers)}

    def permalink(self, channel_id: str, ts: str) -> str:
        """Return a message's permanent address."""
        return str(self._ask("chat_getPermalink", "permalink", channel=channel_id, message_ts=ts))

    def message(self, channel_id: str, ts: str) -> Mapping[str, Any]:
        """Return a message, also one in a thread; raise NotFound where there is none."""
        # The root of the thread always comes first; of the rest only what was written in this very moment.
        only = {"oldest": ts, "latest": ts, "inclusive": True, "limit": 2}
        found = self._ask("conversations_replies", "messages", channel=channel_id, ts=ts, **only)
        for message in found:
            if message.get("ts") == ts:
                return dict(message)
        raise NotFound("That message no longer exists.")

    def file(self, address: str, most: int) -> IO[bytes]:
        """Return a file that somebody sent, on this machine's disk; it is gone once nobody holds it."""
        return download(address, str(self._client.token), self._client.base_url, most)

    def _ask(self, method: str, key: str, **arguments: Any) -> Any:
        return self._call(method, **arguments)[key]

    def _call(self, method: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client, method)(**arguments)
        except NETWORK_ERRORS as exc:
            code = refusal(exc)
            if code not in PASSING:
                raise _refusal(code, arguments) from exc
            log.warning("Slack could not be reached for %s: %s", method, code)
            raise CrmError("I can't reach Slack right now, so nothing was done. Please try again in a minute.") from exc


def _invite(channel_id: str) -> CrmError:
    return Refused(
        "I am not in that channel yet.",
        hint="Write `/invite @Rapport` there, then repeat the command.",
        channel=channel_id,
    )


def _refusal(code: str, arguments: Mapping[str, Any]) -> CrmError:
    if code in {"channel_not_found", "not_in_channel", "method_not_supported_for_channel_type"}:
        return _invite(str(arguments.get("channel", "")))
    if code in {"user_not_found", "users_not_found", "user_not_visible"}:
        return NotFound("Slack does not know that person.")
    if code in {"thread_not_found", "message_not_found"}:
        return NotFound("That message no longer exists.")
    if code == "is_archived":
        return Refused("That channel is archived.")
    return CrmError("Slack refused: {code}.", code=code, hint="`rapport doctor` says more about tokens and scopes.")
