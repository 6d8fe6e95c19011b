"""Bind the workspace with what is in flight: triggers, response urls, faults, limits and the log of calls."""

import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from sandbox.world.clock import Clock
from sandbox.world.workspace import Installation, Json, Workspace

RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5
CODE_SECONDS = 10 * 60.0
KEPT = 10_000


class SlackError(Exception):
    """Refuse a Web API call with one of Slack's error codes."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra


@dataclass
class Trigger:
    """Allow one modal to be opened for one person, once and soon."""

    id: str
    app_id: str
    team_id: str
    user_id: str
    expires: float
    used: bool = False


@dataclass
class ResponseUrl:
    """Allow an app a few answers to one interaction."""

    id: str
    app_id: str
    team_id: str
    user_id: str
    channel: str
    expires: float
    message_ts: str = ""
    thread_ts: str = ""
    uses: int = 0


@dataclass
class Code:
    """Allow an app to be given a team's token once, after its person agreed."""

    app_id: str
    team_id: str
    user_id: str
    expires: float
    redirect_uri: str = ""


@dataclass
class Settings:
    """Hold the switches of a sandbox; Slack's own times are three seconds to answer and to open a form."""

    answer_seconds: float = 3.0
    trigger_seconds: float = 3.0
    retry_scale: float = 1.0
    honour_client_msg_id: bool = False
    delayed_events: bool = False
    per_minute: dict[str, int] = field(default_factory=dict)
    history_objects: int = 1000
    posts_per_second: float = 0.0
    whole_organisation: bool = False


class World:
    """Hold everything that lives in one sandbox process."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.clock = Clock()
        self.settings = Settings()
        self.base_url = ""
        self.hosts: dict[str, str] = {}
        self.triggers: dict[str, Trigger] = {}
        self.responses: dict[str, ResponseUrl] = {}
        self.codes: dict[str, Code] = {}
        self.calls: deque[Json] = deque(maxlen=50_000)
        self.deliveries: deque[Json] = deque(maxlen=10_000)

    def new_trigger(self, install: Installation, user_id: str) -> str:
        """Return a trigger id for this person and app."""
        now = self.clock.now()
        if len(self.triggers) > KEPT:
            self.triggers = {key: one for key, one in self.triggers.items() if one.expires > now}
        stamp = time.time_ns() // 1_000_000
        trigger_id = f"{stamp}.{len(self.triggers)}.{uuid.uuid4().hex}"
        expires = now + self.settings.trigger_seconds
        self.triggers[trigger_id] = Trigger(trigger_id, install.app_id, install.team_id, user_id, expires)
        return trigger_id

    def use_trigger(self, trigger_id: str, app_id: str) -> Trigger:
        """Take a trigger id, refusing one that is unknown, used or too old."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None or trigger.app_id != app_id:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.clock.now() > trigger.expires:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response_url(
        self, install: Installation, user_id: str, channel: str, message_ts: str = "", thread_ts: str = ""
    ) -> str:
        """Return a response url for an interaction in a channel."""
        one = ResponseUrl(
            uuid.uuid4().hex,
            install.app_id,
            install.team_id,
            user_id,
            channel,
            self.clock.now() + RESPONSE_SECONDS,
            message_ts,
            thread_ts,
        )
        if len(self.responses) > KEPT:
            now = self.clock.now()
            self.responses = {key: kept for key, kept in self.responses.items() if kept.expires > now}
        self.responses[one.id] = one
        return f"{self.base_for(install.app_id)}/response/{one.id}"

    def new_code(self, app_id: str, team_id: str, user_id: str, redirect_uri: str = "") -> str:
        """Return the code with which Slack sends a browser back to an app that a person agreed to install."""
        code = uuid.uuid4().hex
        self.codes[code] = Code(app_id, team_id, user_id, self.clock.now() + CODE_SECONDS, redirect_uri)
        return code

    def base_for(self, app_id: str) -> str:
        """Return this sandbox's address as the app itself last called it (localhost, a service name, an IP)."""
        host = self.hosts.get(app_id)
        return f"http://{host}" if host else self.base_url
