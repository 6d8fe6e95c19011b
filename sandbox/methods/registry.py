"""Keep the table of Web API methods and what every method gets to work with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.wire.core import Core
from sandbox.world.in_flight import SlackError
from sandbox.world.workspace import App, Channel, Installation, Json, Message, User, Workspace

HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
READ = ("channels:read", "groups:read", "im:read", "mpim:read")


@dataclass
class Call:
    """Give a method its caller and arguments; `install` is None for app-level tokens."""

    core: Core
    install: Installation | None
    app: App | None
    args: Json

    @property
    def workspace(self) -> Workspace:
        """Return the state of the sandbox."""
        return self.core.world.workspace

    @property
    def bot(self) -> Installation:
        """Return the calling installation."""
        assert self.install is not None
        return self.install

    @property
    def caller(self) -> App:
        """Return the calling app."""
        assert self.app is not None
        return self.app

    def text(self, name: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self.args.get(name)
        return default if value is None else str(value)

    def required(self, name: str, code: str = "invalid_arguments") -> str:
        """Return an argument that must be there."""
        value = self.text(name)
        if not value:
            detail = f"[ERROR] missing required field: {name}"
            extra = {"response_metadata": {"messages": [detail]}} if code == "invalid_arguments" else {}
            raise SlackError(code, **extra)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Return an argument as a boolean, however the SDK wrote it."""
        value = self.args.get(name)
        if value is None:
            return default
        return str(value).lower() in ("1", "true", "yes")

    def number(self, name: str, default: int, highest: int) -> int:
        """Return an argument as a positive number up to `highest`."""
        try:
            value = int(self.text(name, str(default)) or default)
        except ValueError as error:
            raise SlackError("invalid_limit") from error
        if value < 1:
            raise SlackError("invalid_limit")
        return min(value, highest)

    def channel(self, name: str = "channel") -> Channel:
        """Return the conversation an argument names, if this bot may know of it."""
        reference = self.required(name, "channel_not_found")
        channel = self.workspace.channels.get(reference)
        if channel is None or self.bot.team_id not in channel.teams:
            raise SlackError("channel_not_found")
        if channel.kind != "public" and self.bot.bot_user_id not in channel.members:
            raise SlackError("channel_not_found")
        return channel

    def member_channel(self) -> Channel:
        """Return the conversation an argument names, where this bot is a member."""
        channel = self.channel()
        if self.bot.bot_user_id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def user(self, name: str = "user") -> User:
        """Return the person an argument names: of this team, or a stranger met in a shared channel."""
        user = self.workspace.users.get(self.required(name, "user_not_found"))
        if user is None or not self.knows(user):
            raise SlackError("user_not_found")
        return user

    def knows(self, user: User) -> bool:
        """Say whether this installation may see a user."""
        if user.team_id == self.bot.team_id:
            return True
        return any(
            user.id in channel.members and self.bot.team_id in channel.teams
            for channel in self.workspace.channels.values()
        )

    def own_message(self, channel: Channel, denied: str) -> Message:
        """Return the message `ts` names, if this bot wrote it."""
        message = self.workspace.message(channel.id, self.required("ts", "message_not_found"))
        if message is None or message.visible_to:
            raise SlackError("message_not_found")
        if message.app_id != self.bot.app_id or message.body.get("bot_id") != self.bot.bot_id:
            raise SlackError(denied)
        return message


@dataclass
class Entry:
    """Describe one method: what it runs, which scopes allow it (any of them), and which kind of token."""

    run: Callable[[Call], Json | Awaitable[Json]]
    scopes: tuple[str, ...] = ()
    app_level: bool = False

    def scopes_for(self, call: Call) -> tuple[str, ...]:
        """Return the scopes of which one is needed; for a conversation, that of its kind."""
        if self.scopes not in (HISTORY, READ):
            return self.scopes
        channel = call.workspace.channels.get(call.text("channel"))
        if channel is None:
            return self.scopes
        kinds = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
        return (f"{kinds[channel.event_type]}:{self.scopes[0].split(':')[1]}",)


METHODS: dict[str, Entry] = {}


Method = Callable[[Call], Any]


def method(name: str, *scopes: str, app_level: bool = False) -> Callable[[Method], Method]:
    """Register a function as the Web API method of that name."""

    def register(function: Method) -> Method:
        METHODS[name] = Entry(function, scopes, app_level)
        return function

    return register
