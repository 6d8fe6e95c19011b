"""Finish or put off a follow-up from its reminder or from a list."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from bot.grammar import parse_moment
from bot.handlers.followups import cards
from bot.handlers.followups.commands import finish
from bot.handlers.followups.declaration import plugin
from bot.handlers.followups.forms import reschedule
from bot.handlers.followups.rights import mine_or_ours
from bot.kit import blocks as b
from bot.kit.format import Reader, overtaken
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.crm import followups
from storage.crm.followups import Followup
from storage.errors import Invalid

HOUR = "1h"
MORNING = {"tomorrow": "tomorrow 9am", "week": "next monday 9am"}


@plugin.action("done", role=Role.VIEWER)
def done(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Finish a follow-up."""
    followup = mine_or_ours(session, control.record, actor)
    if late := overtaken(session, followup, control):
        return cards.card(session, followup, reader, notice=late, replace=True)
    return finish(session, followup, reader, replace=True)


@plugin.action("done_in_list", role=Role.VIEWER)
def done_in_list(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Finish a follow-up and leave the list where it is."""
    followup = mine_or_ours(session, control.record, actor)
    if late := overtaken(session, followup, control):
        return cards.card(session, followup, reader, notice=late)
    return finish(session, followup, reader)


@plugin.action("snooze", role=Role.VIEWER, opens=reschedule, choice=cards.PICK)
def snooze(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Put a follow-up off."""
    followup = mine_or_ours(session, control.record, actor)
    if late := overtaken(session, followup, control):
        return cards.card(session, followup, reader, notice=late, replace=True)
    return _put_off(session, followup, control.detail, reader)


def _put_off(session: Session, followup: Followup, choice: str, me: Reader) -> Message:
    if choice in MORNING:
        until = parse_moment(MORNING[choice], zone=me.zone, now=me.now)
    elif choice == HOUR:
        until = me.now + timedelta(hours=1)
    else:
        raise Invalid("This menu is from an older version of Rapport.", hint="Open the follow-up again.")
    followups.snooze(session, followup, until)
    notice = b.markup(_("I will remind you again {when}."), when=me.moment(until))
    return cards.card(session, followup, me, notice=notice, replace=True)
