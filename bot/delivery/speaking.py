"""Post under an agent's own name and picture, and under Rapport's where Slack does not let the app do so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient

from bot.kit.replies import Speaker
from bot.slack.posting import CallRefused, call
from storage.names import short

NAME_LIMIT = 80
"""So long a name Slack shows."""
MAY_NOT = frozenset({"missing_scope", "not_allowed_token_type"})
"""With what Slack refuses a message under another name where the app lacks `chat:write.customize`."""


def arguments(speaker: Speaker) -> dict[str, str]:
    """Return what a post says of who speaks."""
    shown = {"username": short(speaker.name, NAME_LIMIT)}
    return {**shown, "icon_url": speaker.picture} if speaker.picture.startswith("https://") else shown


def post(client: WebClient, method: str, given: Mapping[str, Any], *, repeatable: bool) -> Mapping[str, Any]:
    """Make a call; where the name of who speaks is refused, which has no effect, make it under Rapport's own."""
    try:
        return call(client, method, repeatable=repeatable, **given)
    except CallRefused as exc:
        if exc.code not in MAY_NOT or "username" not in given:
            raise
    plain = {name: value for name, value in given.items() if name not in {"username", "icon_url"}}
    return call(client, method, repeatable=repeatable, **plain)
