"""Share a channel with another organisation, or with a workspace of the same one, and end that again."""

from typing import TYPE_CHECKING

from sandbox.world.workspace import Channel, Json

if TYPE_CHECKING:
    from sandbox.wire.core import Core

HOW = {"connected": "connected", "invited": "invited", "sibling": "siblings"}


class Sharing:
    """Change who a channel is shared with, and announce what Slack announces of it."""

    def __init__(self, core: "Core") -> None:
        self._core = core

    def share(self, channel: Channel, team_id: str, how: str, *, told: bool = True) -> None:
        """Share a channel; only that an organisation is connected is told, to all that have the channel then."""
        if how not in HOW:
            raise ValueError(f"a channel is not shared {how!r}; known: {', '.join(HOW)}")
        teams: list[str] = getattr(channel, HOW[how])
        if team_id == channel.team_id or team_id in teams:
            raise ValueError(f"{team_id} has that channel already")
        if how == "connected" and team_id in channel.invited:
            channel.invited.remove(team_id)
        teams.append(team_id)
        self._core.world.workspace.changes.bump()
        if told and how == "connected":
            self._tell(channel, {"type": "channel_shared", "connected_team_id": team_id})

    def unshare(self, channel: Channel, team_id: str, *, told: bool = True) -> None:
        """End the sharing with a team in whatever way; its people leave."""
        workspace = self._core.world.workspace
        known = [teams for name in HOW.values() if team_id in (teams := getattr(channel, name))]
        if not known:
            raise ValueError(f"that channel is not shared with {team_id}")
        was_connected = team_id in channel.connected
        for teams in known:
            teams.remove(team_id)
        away = [one for one in channel.members if workspace.users[one].team_id == team_id]
        channel.members[:] = [one for one in channel.members if one not in away]
        workspace.changes.bump()
        if told and was_connected:
            ended = {"previously_connected_team_id": team_id, "is_ext_shared": channel.is_ext_shared}
            self._tell(channel, {"type": "channel_unshared", **ended})

    def _tell(self, channel: Channel, event: Json) -> None:
        told = event | {"channel": channel.id, "event_ts": self._core.world.workspace.next_ts()}
        for team_id in channel.teams:
            self._core.events.to_team(team_id, told, shared=channel.is_ext_shared)
