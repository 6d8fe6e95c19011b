"""Say what those are called whom a message mentions without their name, as most mentions do."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar.entities import EntityKind, NameOf
from bot.plugin import _
from storage.support import channels
from storage.workspace import members


def names(session: Session) -> NameOf:
    """Return what tells the names of people, channels and groups; of the unknown it says what they are."""

    def name_of(kind: EntityKind, identity: str) -> str:
        if kind is EntityKind.USER:
            member = members.get(session, identity)
            return (member.name if member else None) or _("somebody")
        if kind is EntityKind.CHANNEL:
            channel = channels.get(session, identity)
            return (channel.name if channel else None) or _("channel")
        # Slack tells a group's name with its mention, if at all.
        return _("group") if kind is EntityKind.GROUP else identity

    return name_of
