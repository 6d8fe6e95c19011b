"""Shape the state for a page: who I am, what I may see, what is unread, the modal and the Home before me."""

from dataclasses import asdict

from sandbox.content.views import home_key
from sandbox.control.interactions import view_payload
from sandbox.world.markup import readable
from sandbox.world.workspace import Channel, Json, Message, User, View, Workspace


def state(workspace: Workspace, me: User) -> Json:
    """Return everything but the messages: me, my team, people, channels and apps."""
    apps = [
        {
            "id": install.app_id,
            "name": workspace.apps[install.app_id].name,
            "bot_user_id": install.bot_user_id,
            "has_home": home_key(install.app_id, me.id) in workspace.homes,
            "dm": next(
                (
                    c.id
                    for c in workspace.channels.values()
                    if c.is_im and set(c.members) == {me.id, install.bot_user_id}
                ),
                "",
            ),
        }
        for install in workspace.installations
        if install.team_id == me.team_id and not install.revoked
    ]
    return {
        "version": workspace.changes.version,
        "me": _user(me),
        "team": asdict(workspace.teams[me.team_id]),
        "teams": [asdict(team) for team in workspace.teams.values()],
        "users": {user.id: _user(user) for user in workspace.users.values()},
        "channels": [
            _channel(workspace, channel, me)
            for channel in workspace.channels.values()
            if workspace.sees_channel(channel, me)
        ],
        "apps": apps,
        "modal_open": me.id in workspace.modals,
    }


def _user(user: User) -> Json:
    return asdict(user) | {"label": user.label, "is_guest": user.is_restricted or user.is_ultra_restricted}


def _channel(workspace: Workspace, channel: Channel, me: User) -> Json:
    shown = workspace.visible(channel.id, me.id)
    read = channel.last_read.get(me.id, "0")
    unread = [m for m in shown if m.ts > read and not m.is_reply and m.body.get("user") != me.id]
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "topic": channel.topic,
        "purpose": channel.purpose,
        "members": channel.members,
        "is_member": me.id in channel.members,
        "is_archived": channel.is_archived,
        "is_ext_shared": channel.is_ext_shared,
        "teams": channel.teams,
        "with": next((m for m in channel.members if m != me.id), me.id) if channel.is_im else "",
        "unread": len(unread) if me.id in channel.members else 0,
        "mentions": sum(f"<@{me.id}" in str(m.body.get("text", "")) or channel.is_im for m in unread),
        "last_ts": shown[-1].ts if shown else "",
        "last_read": read,
    }


def channel(workspace: Workspace, one: Channel, me: User) -> Json:
    """Return a channel's messages and its threads as this person sees them."""
    shown = workspace.visible(one.id, me.id)
    replies: dict[str, list[Json]] = {}
    for message in shown:
        if message.is_reply:
            replies.setdefault(message.thread_ts, []).append(_message(workspace, message))
    top = [m for m in shown if not m.is_reply or m.body.get("subtype") == "thread_broadcast"]
    return {
        "version": workspace.changes.version,
        "channel": _channel(workspace, one, me),
        "messages": [
            _message(workspace, m) | {"replies": len(replies.get(m.ts, [])) if not m.is_reply else 0} for m in top
        ],
        "threads": replies,
    }


def _message(workspace: Workspace, message: Message) -> Json:
    return message.body | {
        "ephemeral": bool(message.visible_to),
        "plain": readable(workspace, str(message.body.get("text", ""))),
    }


def modal(workspace: Workspace, me: User) -> Json:
    """Return the modal in front, with what is filled in and what is wrong, or null."""
    stack = workspace.modals.get(me.id, [])
    shown = _view(workspace, stack[-1]) | {"depth": len(stack)} if stack else None
    return {"version": workspace.changes.version, "modal": shown}


def home(workspace: Workspace, me: User, app_id: str) -> Json:
    """Return the Home of an app, or null before the app has published one."""
    view = workspace.homes.get(home_key(app_id, me.id))
    return {"version": workspace.changes.version, "home": _view(workspace, view) if view else None}


def _view(workspace: Workspace, view: View) -> Json:
    return {
        "view": view_payload(view),
        "app": workspace.apps[view.app_id].name,
        "values": view.values,
        "errors": view.errors,
        "notice": view.notice,
    }


def commands(workspace: Workspace, team_id: str) -> Json:
    """Return the slash commands and shortcuts that the team's apps declare in their manifests."""
    found: Json = {"commands": [], "shortcuts": []}
    for install in workspace.installations:
        if install.team_id != team_id or install.revoked:
            continue
        app = workspace.apps[install.app_id]
        features = app.manifest.get("features", {})
        for command in features.get("slash_commands", []):
            found["commands"].append(command | {"app": app.name, "app_id": app.id})
        for shortcut in features.get("shortcuts", []):
            found["shortcuts"].append(shortcut | {"app": app.name, "app_id": app.id})
    return found
