"""Hold what a Slack knows: teams, people, channels, messages, views, apps and their installations.

Everything here is plain state and look-ups; it is read and written on the server's event loop only (or before it
starts), so that nothing is locked.
"""

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Team:
    """Describe one organisation's workspace."""

    id: str
    name: str
    domain: str


@dataclass
class User:
    """Describe a person or a bot of one team; `team_id` differs from the reader's for a stranger."""

    id: str
    team_id: str
    name: str
    real_name: str = ""
    display_name: str = ""
    email: str = ""
    tz: str = "Europe/Berlin"
    locale: str = "en-US"
    title: str = ""
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False
    bot_id: str = ""
    app_id: str = ""
    updated: int = 0

    @property
    def label(self) -> str:
        """Return the name that others see."""
        return self.display_name or self.real_name or self.name


@dataclass
class Channel:
    """Describe a conversation; `kind` is public, private, im or mpim.

    `connected` are the other organisations of a shared one, `invited` those that have not accepted yet, `siblings` the
    other workspaces of the same Enterprise Grid that have it.
    """

    id: str
    team_id: str
    name: str = ""
    kind: str = "public"
    members: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)
    invited: list[str] = field(default_factory=list)
    siblings: list[str] = field(default_factory=list)
    topic: str = ""
    purpose: str = ""
    creator: str = ""
    created: int = 0
    is_archived: bool = False
    last_read: dict[str, str] = field(default_factory=dict)

    @property
    def is_im(self) -> bool:
        """Say whether this is a direct message of two."""
        return self.kind == "im"

    @property
    def is_ext_shared(self) -> bool:
        """Say whether another organisation is connected."""
        return bool(self.connected)

    @property
    def teams(self) -> list[str]:
        """Return the ids of the host team and of every connected one."""
        return [self.team_id, *self.connected]

    @property
    def event_type(self) -> str:
        """Return Slack's `channel_type`, which is also the prefix of the history scope."""
        return {"public": "channel", "private": "group"}.get(self.kind, self.kind)


@dataclass
class Message:
    """Keep one message: `body` as Slack returns it, and for an ephemeral one the only user who sees it."""

    channel: str
    ts: str
    body: Json
    app_id: str = ""
    visible_to: str = ""
    client_msg_id: str = ""

    @property
    def thread_ts(self) -> str:
        """Return the thread's root, which for a message outside threads is its own ts."""
        return str(self.body.get("thread_ts") or self.ts)

    @property
    def is_reply(self) -> bool:
        """Say whether the message lives in a thread without being its root."""
        return self.thread_ts != self.ts


@dataclass
class App:
    """Describe one Slack app; events and interactions go to `request_url` when set, else over Socket Mode."""

    id: str
    name: str
    app_token: str
    signing_secret: str
    verification_token: str = "sandbox-verification"  # noqa: S105  (deprecated by Slack, checked by nobody)
    request_url: str = ""
    manifest: Json = field(default_factory=dict)
    client_id: str = "1234567890.1234567890"
    client_secret: str = "0123456789abcdef0123456789abcdef"  # noqa: S105  (opens nothing but a sandbox)


@dataclass
class Installation:
    """Bind an app to a team with its bot; `scopes` of None grants every one but `chat:write.public`."""

    app_id: str
    team_id: str
    bot_token: str
    bot_user_id: str
    bot_id: str
    scopes: list[str] | None = None
    revoked: bool = False


@dataclass
class View:
    """Keep one modal or Home: `body` as Slack returns it, what the person has filled in, and what is shown wrong."""

    id: str
    app_id: str
    team_id: str
    user_id: str
    body: Json
    values: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""


@dataclass
class File:
    """Keep an uploaded file; `content` is base64, empty until it arrives; `sent` tells that people see it."""

    id: str
    team_id: str
    name: str
    length: int
    content: str = ""
    complete: bool = False
    title: str = ""
    sent: bool = False


@dataclass
class PendingEvent:
    """Keep an event that its app has not acknowledged; `due` is the wall-clock time of the next attempt."""

    id: str
    app_id: str
    payload: Json
    attempt: int = 0
    due: float = 0.0
    reason: str = ""


class Changes:
    """Count changes and wake those who wait for the next one."""

    def __init__(self) -> None:
        self.version = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def bump(self) -> None:
        """Note that something visible changed."""
        self.version += 1
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def wait(self, since: int, seconds: float) -> int:
        """Return the version once it is above `since`, or when the time is over."""
        if self.version <= since:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await asyncio.wait_for(future, max(seconds, 0))
            except TimeoutError:
                self._waiting.discard(future)
        return self.version


class Workspace:
    """Hold the whole state of the sandbox: every team in one place, as ids are unique across teams."""

    def __init__(self) -> None:
        self.teams: dict[str, Team] = {}
        self.users: dict[str, User] = {}
        self.files: dict[str, File] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, list[Message]] = {}
        self.apps: dict[str, App] = {}
        self.installations: list[Installation] = []
        self.modals: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.pending: dict[str, PendingEvent] = {}
        self.changes = Changes()
        self._last_ts = 0
        self._by_ts: dict[tuple[str, str], Message] = {}
        self._replies: dict[tuple[str, str], list[Message]] = {}

    def new_id(self, prefix: str) -> str:
        """Return an id in Slack's shape."""
        return prefix + uuid.uuid4().hex[:10].upper()

    def next_ts(self) -> str:
        """Return a message time that no message of this sandbox has."""
        self._last_ts = max(self._last_ts + 1, time.time_ns() // 1000)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def add(self, message: Message) -> Message:
        """Store a message in the order of its time and wake the watchers."""
        self.messages.setdefault(message.channel, []).append(message)
        self._by_ts[message.channel, message.ts] = message
        if message.is_reply:
            self._replies.setdefault((message.channel, message.thread_ts), []).append(message)
        self.changes.bump()
        return message

    def drop(self, message: Message) -> None:
        """Take a message away and wake the watchers."""
        self.messages[message.channel].remove(message)
        del self._by_ts[message.channel, message.ts]
        if message.is_reply:
            self._replies[message.channel, message.thread_ts].remove(message)
        self.changes.bump()

    def replies(self, channel: str, ts: str) -> list[Message]:
        """Return the replies to a thread's root, oldest first, ephemerals included."""
        return self._replies.get((channel, ts), [])

    def message(self, channel: str, ts: str) -> Message | None:
        """Return the message with that time, ephemerals included."""
        return self._by_ts.get((channel, ts))

    def installation_by_token(self, token: str) -> Installation | None:
        """Return whose bot token that is."""
        return next((one for one in self.installations if one.bot_token == token), None)

    def installation(self, app_id: str, team_id: str) -> Installation | None:
        """Return the app's live installation in that team."""
        for one in self.installations:
            if one.app_id == app_id and one.team_id == team_id and not one.revoked:
                return one
        return None

    def im_between(self, one: str, other: str) -> Channel:
        """Return the direct message of two people, made when there is none."""
        pair = {one, other}
        for channel in self.channels.values():
            if channel.is_im and set(channel.members) == pair:
                return channel
        channel = Channel(
            self.new_id("D"), self.users[one].team_id, kind="im", members=[one, other], created=int(time.time())
        )
        self.channels[channel.id] = channel
        self.changes.bump()
        return channel

    def find_channel(self, reference: str, user: User) -> Channel | None:
        """Return a conversation by id, `#name`, or `@name` for the direct message, as this user could write it."""
        if reference in self.channels:
            return self.channels[reference]
        if reference.startswith("@"):
            other = self.find_user(reference, user.team_id)
            return self.im_between(user.id, other.id) if other else None
        name = reference.removeprefix("#")
        return next((c for c in self.channels.values() if c.name == name and user.team_id in c.teams), None)

    def find_user(self, reference: str, team_id: str) -> User | None:
        """Return a person by id, or by `@name` or any of their names within a team."""
        if reference in self.users:
            return self.users[reference]
        wanted = reference.removeprefix("@").casefold()
        for user in self.users.values():
            if user.team_id == team_id and wanted in {
                user.name.casefold(),
                user.real_name.casefold(),
                user.display_name.casefold(),
            }:
                return user
        return None

    def visible(self, channel_id: str, user_id: str) -> list[Message]:
        """Return what this user sees in a channel: everyone's messages and their own ephemerals."""
        return [m for m in self.messages.get(channel_id, []) if m.visible_to in ("", user_id)]

    def sees_channel(self, channel: Channel, user: User) -> bool:
        """Say whether the user may read the channel: a member, or anyone of the team for a public one."""
        if user.id in channel.members:
            return True
        return channel.kind == "public" and user.team_id in channel.teams and not user.is_restricted
