"""Keep up with which channels others than our own people can read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.plugin import Plugin
from storage.notifications import failures
from storage.support import sharing

plugin = Plugin(
    "sharing",
    contract=2,
    title="Sharing",
    description="Knows the channels that other organisations read, and keeps internal messages out of them.",
)


@plugin.event("channel_shared")
def shared(event: Mapping[str, Any], session: Session) -> None:
    """Send nothing of ours to a channel any more that another organisation reads from now on."""
    sharing.announced(session, str(event["channel"]), shared=True, at=_time(event))


@plugin.event("channel_unshared")
def unshared(event: Mapping[str, Any], session: Session) -> None:
    """Ask Slack before anything of ours goes to a channel that an organisation reads no longer: others may.

    What stands there is brought up to date, if Slack says that nobody else reads it.
    """
    sharing.announced(session, str(event["channel"]), shared=False, at=_time(event))
    failures.change_again(session, str(event["channel"]))


def _time(event: Mapping[str, Any]) -> datetime | None:
    stamp = event.get("event_ts")
    return datetime.fromtimestamp(float(stamp), UTC) if stamp else None
