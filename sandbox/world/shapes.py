"""Write users, channels, teams and messages in the shapes that Slack's API and payloads use."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.world.workspace import Channel, Installation, Json, Message, User, Workspace


def zone_offset(zone: str) -> int:
    """Return a zone's present distance from UTC in seconds, 0 for a zone nobody knows."""
    try:
        offset = datetime.now(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return 0
    return int(offset.total_seconds()) if offset else 0


def user_object(user: User, seen_by_team: str, include_locale: bool = False) -> Json:
    """Return `users.info`'s user; a stranger's lacks what Slack hides from other organisations."""
    stranger = user.team_id != seen_by_team
    shape: Json = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": user.tz,
        "tz_offset": zone_offset(user.tz),
        "profile": {
            "real_name": user.real_name,
            "real_name_normalized": user.real_name,
            "display_name": user.display_name,
            "display_name_normalized": user.display_name,
            "title": user.title,
            "team": user.team_id,
        },
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": user.updated,
    }
    if stranger:
        shape["is_stranger"] = True
        return shape
    shape |= {
        "is_admin": user.is_admin,
        "is_owner": user.is_owner,
        "is_primary_owner": user.is_owner,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
    }
    if user.email:
        shape["profile"]["email"] = user.email
    if user.bot_id:
        shape["profile"] |= {"bot_id": user.bot_id, "api_app_id": user.app_id}
    if include_locale:
        shape["locale"] = user.locale
    return shape


def channel_object(channel: Channel, for_user: str, seen_by_team: str) -> Json:
    """Return `conversations.info`'s channel as one member's team sees it."""
    shape: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_im": channel.is_im,
        "is_mpim": channel.kind == "mpim",
        "is_archived": channel.is_archived,
        "context_team_id": seen_by_team,
        "updated": channel.created * 1000,
    }
    if channel.is_im:
        shape["user"] = next((m for m in channel.members if m != for_user), for_user)
        shape["is_org_shared"] = False
        return shape
    return shape | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind in ("private", "mpim"),
        "is_private": channel.kind != "public",
        "is_general": channel.name == "general",
        "is_shared": channel.is_ext_shared or bool(channel.siblings),
        "is_ext_shared": channel.is_ext_shared,
        "is_org_shared": bool(channel.siblings),
        "is_pending_ext_shared": bool(channel.invited),
        "pending_shared": channel.invited,
        "pending_connected_team_ids": [],
        "shared_team_ids": [*channel.teams, *channel.siblings],
        "connected_team_ids": channel.connected,
        "internal_team_ids": channel.siblings,
        "conversation_host_id": channel.team_id,
        "is_member": for_user in channel.members,
        "num_members": len(channel.members),
        "creator": channel.creator,
        "topic": {"value": channel.topic, "creator": channel.creator, "last_set": channel.created},
        "purpose": {"value": channel.purpose, "creator": channel.creator, "last_set": channel.created},
        "previous_names": [],
        "unlinked": 0,
    }


def team_object(workspace: Workspace, team_id: str) -> Json:
    """Return the small team of a payload."""
    return {"id": team_id, "domain": workspace.teams[team_id].domain}


def payload_user(user: User) -> Json:
    """Return the small user of an interaction payload."""
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}


def payload_channel(channel: Channel) -> Json:
    """Return the small channel of an interaction payload; Slack calls a DM "directmessage"."""
    names = {"im": "directmessage", "private": "privategroup"}
    return {"id": channel.id, "name": names.get(channel.kind, channel.name)}


def bot_profile(workspace: Workspace, install: Installation) -> Json:
    """Return the `bot_profile` of a bot's message."""
    return {
        "id": install.bot_id,
        "app_id": install.app_id,
        "name": workspace.apps[install.app_id].name,
        "icons": {},
        "deleted": False,
        "updated": 0,
        "team_id": install.team_id,
    }


def message_object(workspace: Workspace, message: Message, include_metadata: bool = False) -> Json:
    """Return a message as history does: metadata only when asked for, reply counts on a thread's root."""
    shape = {key: value for key, value in message.body.items() if include_metadata or key != "metadata"}
    public = [m for m in workspace.replies(message.channel, message.ts) if not m.visible_to]
    if public and not message.is_reply:
        shape["thread_ts"] = message.ts
        shape["reply_count"] = len(public)
        shape["reply_users"] = list(dict.fromkeys(m.body.get("user", m.body.get("bot_id", "")) for m in public))
        shape["reply_users_count"] = len(shape["reply_users"])
        shape["latest_reply"] = public[-1].ts
        shape["subscribed"] = False
    return shape
