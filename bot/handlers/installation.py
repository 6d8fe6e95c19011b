"""Keep up with what Slack says of the installation and of people: uninstalled, revoked, changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.kit.replies import Home
from bot.plugin import Plugin
from storage.crm import contacts
from storage.events import MemberChanged
from storage.queues import outbox
from storage.workspace import members, workspaces

plugin = Plugin(
    "installation",
    contract=2,
    title="Installation",
    description="Cleans up after Rapport is removed from a workspace, and follows changes of profiles.",
)

RESOLUTION = timedelta(seconds=1)
"""Slack gives the time of these events in whole seconds."""


@plugin.event("app_uninstalled")
def uninstalled(event: Mapping[str, Any], session: Session) -> None:
    """Forget the token and send nothing more; the records stay until they are deleted."""
    _end(event, session)


@plugin.event("tokens_revoked")
def revoked(event: Mapping[str, Any], session: Session) -> None:
    """Forget the bot's token if it was revoked; those of people are not ours."""
    if (event.get("tokens") or {}).get("bot"):
        _end(event, session)


@plugin.event("team_join")
@plugin.event("user_change")
def changed(event: Mapping[str, Any], session: Session) -> Home | None:
    """Know somebody's new name, zone and standing, if we have met them and nothing newer is known."""
    profile = event["user"]
    before = members.get(session, str(profile["id"]))
    if before is None:
        return None
    was_ours = before.is_ours
    member = members.ensure(session, before.id, profile, at=_time(event))
    # Nothing may stay on the Home of who may no longer see it.
    return Home() if was_ours and not member.is_ours else None


@plugin.on(MemberChanged)
def renamed(fact: MemberChanged, session: Session) -> None:
    """Call the contact who is this person as they are called now."""
    contacts.follow(session, fact.record, was_called=fact.was_called, had_email=fact.had_email)


def _end(event: Mapping[str, Any], session: Session) -> None:
    """Revoke the installation, unless the app was installed again since: these events may come late, in any order."""
    installed = workspaces.installation(session)
    at = _time(event)
    if installed is None or (at is not None and at + RESOLUTION <= installed.installed_at):
        return
    workspaces.revoke(session)
    outbox.cancel_all(session, reason="uninstalled")


def _time(event: Mapping[str, Any]) -> datetime | None:
    stamp = event.get("event_ts")
    return datetime.fromtimestamp(float(stamp), UTC) if stamp else None
