"""Let people and bots join, react and arrive, and announce each."""

import time
from typing import TYPE_CHECKING

from sandbox.world.shapes import user_object
from sandbox.world.workspace import Channel, Json, Message, User

if TYPE_CHECKING:
    from sandbox.wire.core import Core


class Membership:
    """Change who is where and who reacted."""

    def __init__(self, core: "Core") -> None:
        self._core = core

    def join(self, channel: Channel, user: User, inviter: str = "") -> None:
        """Add a user to a channel, with the message that says so; a second time changes nothing."""
        workspace = self._core.world.workspace
        if user.id in channel.members:
            return
        channel.members.append(user.id)
        body: Json = {
            "type": "message",
            "subtype": "channel_join",
            "user": user.id,
            "text": f"<@{user.id}> has joined the channel",
            "ts": workspace.next_ts(),
            "team": user.team_id,
        }
        if inviter:
            body["inviter"] = inviter
        message = workspace.add(Message(channel.id, body["ts"], body))
        self._core.events.message(message)
        event: Json = {
            "type": "member_joined_channel",
            "user": user.id,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "public" else "G",
            "team": user.team_id,
            "event_ts": body["ts"],
        }
        if inviter:
            event["inviter"] = inviter
        self._core.events.in_channel(channel, event, user.team_id)

    def react(self, message: Message, user_id: str, name: str) -> bool:
        """Add a reaction; False when it is there already."""
        reactions: list[Json] = message.body.setdefault("reactions", [])
        entry = next((one for one in reactions if one["name"] == name), None)
        if entry is None:
            entry = {"name": name, "users": [], "count": 0}
            reactions.append(entry)
        if user_id in entry["users"]:
            return False
        entry["users"].append(user_id)
        entry["count"] = len(entry["users"])
        self._reaction("reaction_added", message, user_id, name)
        return True

    def unreact(self, message: Message, user_id: str, name: str) -> bool:
        """Remove a reaction; False when it is not there."""
        reactions: list[Json] = message.body.get("reactions", [])
        entry = next((one for one in reactions if one["name"] == name and user_id in one["users"]), None)
        if entry is None:
            return False
        entry["users"].remove(user_id)
        entry["count"] = len(entry["users"])
        if not entry["users"]:
            reactions.remove(entry)
        if not reactions:
            message.body.pop("reactions")
        self._reaction("reaction_removed", message, user_id, name)
        return True

    def rename(self, channel: Channel, name: str) -> None:
        """Give a channel another name."""
        channel.name = name
        self._core.world.workspace.changes.bump()
        event = {
            "type": "channel_rename",
            "channel": {"id": channel.id, "name": name, "created": channel.created},
            "event_ts": self._core.world.workspace.next_ts(),
        }
        for team_id in channel.teams:
            self._core.events.to_team(team_id, event)

    def arrive(self, user: User, *, told: bool = True) -> None:
        """Add a new person to a team; `told` says whether the apps hear of it."""
        workspace = self._core.world.workspace
        workspace.users[user.id] = user
        workspace.changes.bump()
        event = {"type": "team_join", "user": user_object(user, user.team_id), "event_ts": workspace.next_ts()}
        if told:
            self._core.events.to_team(user.team_id, event)

    def vanish(self, user: User) -> None:
        """Remove a person so that nobody knows them any more, as who is moved to another organisation."""
        workspace = self._core.world.workspace
        del workspace.users[user.id]
        for channel in workspace.channels.values():
            channel.members = [one for one in channel.members if one != user.id]
        workspace.changes.bump()

    def change_user(self, user: User, *, told: bool = True, **fields: object) -> None:
        """Change what is known of a person; `told` says whether the apps hear of it."""
        workspace, team_id = self._core.world.workspace, user.team_id
        for name, value in fields.items():
            if not hasattr(user, name):
                raise ValueError(f"a user has no {name!r}")
            setattr(user, name, value)
        user.updated = int(time.time())
        workspace.changes.bump()
        event = {
            "type": "user_change",
            "user": user_object(user, team_id, include_locale=True),
            "event_ts": workspace.next_ts(),
        }
        if told:
            self._core.events.to_team(team_id, event)

    def uninstall(self, app_id: str, team_id: str) -> None:
        """Remove an app from a team: its token dies at once, and it is told so."""
        workspace = self._core.world.workspace
        gone = [one for one in workspace.installations if one.app_id == app_id and one.team_id == team_id]
        for install in gone:
            install.revoked = True
        workspace.changes.bump()
        bots = [one.bot_user_id for one in gone]
        self._core.events.to_installations(gone, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": bots}})
        self._core.events.to_installations(gone, {"type": "app_uninstalled"})

    def _reaction(self, kind: str, message: Message, user_id: str, name: str) -> None:
        workspace = self._core.world.workspace
        workspace.changes.bump()
        event = {
            "type": kind,
            "user": user_id,
            "reaction": name,
            "item": {"type": "message", "channel": message.channel, "ts": message.ts},
            "item_user": message.body.get("user", ""),
            "event_ts": workspace.next_ts(),
        }
        channel = workspace.channels[message.channel]
        self._core.events.in_channel(channel, event, workspace.users[user_id].team_id)
