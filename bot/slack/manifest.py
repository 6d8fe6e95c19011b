"""Generate the Slack app manifest from what plugins declare, so that scopes and commands are never out of step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.registry import Registry
from storage.names import short

CRM = "Find anything, undo, history, set-up and help"
"""What `/crm` is for, which reaches every command."""

CORE_SCOPES = frozenset(
    {
        "chat:write",
        "commands",
        "users:read",
        "users:read.email",
        "im:write",
        "im:history",
        "files:write",
        "chat:write.customize",
    }
)
"""What answering, also under an agent's name, DMs with their reconciliation, pictures, and knowing people need."""

_CHANNEL_SCOPES = {"channels:read", "channels:join", "channels:history", "groups:read", "groups:history", "team:read"}

EVENT_SCOPES: Mapping[str, frozenset[str]] = {
    "message": frozenset({"channels:history", "groups:history", "im:history"}),
    "app_mention": frozenset({"app_mentions:read"}),
    "app_home_opened": frozenset(),
    "member_joined_channel": frozenset({"channels:read", "groups:read"}),
    "channel_rename": frozenset({"channels:read"}),
    "channel_shared": frozenset({"channels:read", "groups:read"}),
    "channel_unshared": frozenset({"channels:read", "groups:read"}),
    "reaction_added": frozenset({"reactions:read"}),
    "reaction_removed": frozenset({"reactions:read"}),
    "user_change": frozenset({"users:read"}),
    "team_join": frozenset({"users:read"}),
    "app_uninstalled": frozenset(),
    "tokens_revoked": frozenset(),
}
"""The bot scopes each event asks for, from Slack's event reference."""

REDIRECT_PATH = "/slack/oauth_redirect"
"""Where Slack sends a browser back to when somebody installed the app."""

_MESSAGE_EVENTS = ("message.channels", "message.groups", "message.im")
CORE_EVENTS = ("app_uninstalled", "tokens_revoked", "user_change", "team_join")


def scopes(registry: Registry) -> list[str]:
    """Return the bot scopes that the core and every declared event need, sorted."""
    needed = set(CORE_SCOPES) | _CHANNEL_SCOPES
    for plugin in registry.plugins.values():
        for event in plugin.events:
            needed |= EVENT_SCOPES.get(event.type, frozenset()) | set(event.scopes)
    return sorted(needed)


def events(registry: Registry) -> list[str]:
    """Return the bot events to subscribe to, sorted; `message` is the three kinds of conversation we read."""
    types = set(CORE_EVENTS) | {e.type for p in registry.plugins.values() for e in p.events}
    if "message" in types:
        types = (types - {"message"}) | set(_MESSAGE_EVENTS)
    return sorted(types)


def slash_commands(registry: Registry) -> list[dict[str, Any]]:
    """Return the slash commands with their hints; `should_escape` makes Slack send people and channels as ids."""
    found = []
    for name, what in {"crm": CRM, **{slash.word: slash.description for slash in registry.slashes.values()}}.items():
        spelt = (registry.spell(words).split(maxsplit=1) for words in registry.commands)
        own = [rest[0] for slash, *rest in spelt if slash == f"/{registry.prefix}{name}" and rest]
        found.append(
            {
                "command": f"/{registry.prefix}{name}",
                "description": what,
                "usage_hint": short(" | ".join(own), 1_000),
                "should_escape": True,
            }
        )
    return found


def manifest(registry: Registry, *, socket_mode: bool, public_url: str | None = None) -> dict[str, Any]:
    """Return the app manifest, to be pasted into Slack; over HTTP every request goes to /slack/events."""
    url = f"{(public_url or 'https://YOUR-HOST').rstrip('/')}/slack/events"
    commands = slash_commands(registry)
    interactivity: dict[str, Any] = {"is_enabled": True}
    subscriptions: dict[str, Any] = {"bot_events": events(registry)}
    if not socket_mode:
        commands = [{**c, "url": url} for c in commands]
        interactivity |= {"request_url": url, "message_menu_options_url": url}
        subscriptions["request_url"] = url
    oauth: dict[str, Any] = {"scopes": {"bot": scopes(registry)}}
    if public_url:
        oauth["redirect_urls"] = [public_url.rstrip("/") + REDIRECT_PATH]
    shortcuts = [
        {
            "name": s.title,
            "type": "message" if s.on_message else "global",
            "callback_id": s.id,
            "description": s.title,
        }
        for s in registry.shortcuts.values()
    ]
    return {
        "display_information": {
            "name": "Rapport",
            "description": "The CRM that lives in Slack",
            "background_color": "#1d3557",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Rapport", "always_online": True},
            "slash_commands": commands,
            **({"shortcuts": shortcuts} if shortcuts else {}),
        },
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": subscriptions,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }
