"""Make Events API envelopes and see them through to an acknowledgement, with Slack's retries."""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Iterable

from sandbox.wire.delivery import Courier
from sandbox.world.faults import Faults
from sandbox.world.in_flight import World
from sandbox.world.workspace import Channel, Installation, Json, Message, PendingEvent, User

RETRY_DELAYS = (0.0, 60.0, 300.0)
DELAYED_EVENTS = tuple(3600.0 for _ in range(24))
REASONS = {"timeout": "http_timeout", "connection_failed": "connection_failed", "http_error": "http_error"}
HISTORY_SCOPES = {"channel": "channels:history", "group": "groups:history", "im": "im:history", "mpim": "mpim:history"}
SUBSCRIPTIONS = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
SCOPES = {
    "app_mention": "app_mentions:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "team_join": "users:read",
    "user_change": "users:read",
    "member_joined_channel": "channels:read",
    "channel_rename": "channels:read",
    "channel_shared": "channels:read",
    "channel_unshared": "channels:read",
}


class Events:
    """Turn what happened into events for every installation that is entitled to them."""

    def __init__(self, world: World, courier: Courier, faults: Faults) -> None:
        self._world = world
        self._courier = courier
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def open_tasks(self) -> int:
        """Return how many deliveries have not ended."""
        return len(self._tasks)

    def in_channel(self, channel: Channel, event: Json, sender_team: str = "") -> None:
        """Send an event to each installation whose bot is in the channel, one a connected team."""
        for install in self._world.workspace.installations:
            if install.bot_user_id in channel.members and not install.revoked and self._wants(install, event):
                self._send(install, event, sender_team or install.team_id, channel.is_ext_shared)

    def to_team(self, team_id: str, event: Json, shared: bool = False) -> None:
        """Send an event that belongs to a team rather than to a channel's members."""
        for install in self._world.workspace.installations:
            if install.team_id == team_id and not install.revoked and self._wants(install, event):
                self._send(install, event, team_id, shared)

    def to_installations(self, installs: Iterable[Installation], event: Json) -> None:
        """Send an event to these installations, revoked ones too."""
        for install in installs:
            if self._wants(install, event):
                self._send(install, event, install.team_id, False)

    def message(self, message: Message) -> None:
        """Announce a new message, and to the bots it names their mention."""
        workspace = self._world.workspace
        channel = workspace.channels[message.channel]
        event = message_event(message, channel, workspace.users.get(str(message.body.get("user", ""))))
        sender_team = str(message.body.get("team", ""))
        self.in_channel(channel, event, sender_team)
        if channel.is_im or message.body.get("subtype"):
            return
        for install in workspace.installations:
            named = f"<@{install.bot_user_id}" in str(message.body.get("text", ""))
            if named and install.bot_user_id in channel.members and not install.revoked:
                mention = {key: value for key, value in event.items() if key != "channel_type"}
                mention["type"] = "app_mention"
                if self._wants(install, mention):
                    self._send(install, mention, sender_team or install.team_id, channel.is_ext_shared)

    def resume(self) -> None:
        """Take up the events that were not acknowledged before a restart."""
        for pending in list(self._world.workspace.pending.values()):
            self._start(pending)

    async def stop(self) -> None:
        """Stop delivering; what is not acknowledged stays pending."""
        self._stopping = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _wants(self, install: Installation, event: Json) -> bool:
        kind = str(event["type"])
        channel_type = str(event.get("channel_type", ""))
        scope = HISTORY_SCOPES.get(channel_type) if kind == "message" else SCOPES.get(kind)
        if install.scopes is not None and scope and scope not in install.scopes:
            return False
        manifest = self._world.workspace.apps[install.app_id].manifest
        if not manifest:
            return True
        listed = manifest.get("settings", {}).get("event_subscriptions", {}).get("bot_events", [])
        return (SUBSCRIPTIONS.get(channel_type, "") if kind == "message" else kind) in listed

    def _send(self, install: Installation, event: Json, sender_team: str, shared: bool) -> None:
        for _ in range(1 + self._faults.extra_copies(str(event["type"]), str(event.get("channel", "")))):
            pending = PendingEvent("Ev" + uuid.uuid4().hex[:10].upper(), install.app_id, {}, due=time.time())
            pending.payload = self._envelope(pending.id, install, event, sender_team, shared)
            self._world.workspace.pending[pending.id] = pending
            self._start(pending)

    def _envelope(self, event_id: str, install: Installation, event: Json, sender_team: str, shared: bool) -> Json:
        app = self._world.workspace.apps[install.app_id]
        context = {"et": event["type"], "tid": install.team_id, "aid": app.id, "cid": event.get("channel", "")}
        return {
            "token": app.verification_token,
            "team_id": sender_team,
            "context_team_id": install.team_id,
            "context_enterprise_id": None,
            "api_app_id": app.id,
            "event": event,
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": install.team_id,
                    "user_id": install.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": shared,
            "event_context": "4-" + base64.urlsafe_b64encode(json.dumps(context).encode()).decode().rstrip("="),
        }

    def _start(self, pending: PendingEvent) -> None:
        task = asyncio.get_running_loop().create_task(self._see_through(pending))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _see_through(self, pending: PendingEvent) -> None:
        workspace = self._world.workspace
        delays = RETRY_DELAYS + (DELAYED_EVENTS if self._world.settings.delayed_events else ())
        while not self._stopping:
            await asyncio.sleep(max(0.0, pending.due - time.time()))
            answer = await self._courier.carry(
                workspace.apps[pending.app_id], "events_api", pending.payload, pending.attempt, pending.reason
            )
            if answer.ok or pending.attempt >= len(delays):
                workspace.pending.pop(pending.id, None)
                workspace.changes.bump()
                return
            pending.due = time.time() + delays[pending.attempt] * self._world.settings.retry_scale
            pending.attempt += 1
            pending.reason = REASONS[answer.status]
            workspace.changes.bump()


def message_event(message: Message, channel: Channel, author: User | None) -> Json:
    """Return the `message` event of a new message; in a shared channel with the author's team and profile."""
    event: Json = {key: value for key, value in message.body.items() if key != "metadata"}
    event |= {
        "type": "message",
        "channel": channel.id,
        "event_ts": message.ts,
        "channel_type": channel.event_type,
    }
    if channel.is_ext_shared and author is not None:
        event |= {
            "user_team": author.team_id,
            "source_team": author.team_id,
            "user_profile": {
                "real_name": author.real_name,
                "display_name": author.display_name,
                "name": author.name,
                "team": author.team_id,
                "is_restricted": author.is_restricted,
                "is_ultra_restricted": author.is_ultra_restricted,
            },
        }
    return event
