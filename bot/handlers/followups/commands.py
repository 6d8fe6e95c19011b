"""Promise a follow-up and list what was promised."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.grammar import Args, When, next_time
from bot.grammar.types import WHEN
from bot.handlers.followups import cards
from bot.handlers.followups.declaration import plugin
from bot.handlers.followups.rights import mine_or_ours
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.crm import followups
from storage.crm.followups import Followup
from storage.records.about import Subject
from storage.subjects import called


@plugin.command(
    "followup add",
    usage='<record> [text] when:"friday 9am"',
    role=Role.VIEWER,
    example='D-88 when:"friday 9am" call back about pricing',
    when=WHEN,
)
def add(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Set a follow-up on a record, once or recurring; a DM reminds you each time it is due."""
    about = called(session, args["record"], field="record")
    followup = promise(session, about, args.get("text") or "", _when(args, reader), str(reader.zone), actor)
    return cards.card(session, followup, reader, notice=cards.reminding(followup, reader))


def promise(session: Session, about: Subject | None, text: str, when: When, zone: str, actor: Member) -> Followup:
    """Store a follow-up of this person; one without words is to follow up on its record."""
    name = getattr(about, "name", "")
    words = text.strip() or _("Follow up on {name}").format(name=name)
    return followups.add(
        session, text=words, due_at=when.at, zone=zone, owner_id=actor.id, about=about, recurrence=when.recurrence
    )


@plugin.command("followup show", usage="<followup>", role=Role.VIEWER, example="F-12")
def show(args: Args, session: Session, reader: Reader) -> Message:
    """Show a follow-up with what it is about."""
    return cards.card(session, followups.resolve(session, args["followup"]), reader, whole=True)


@plugin.command(
    "followup move",
    usage='<followup> when:"friday 9am"',
    role=Role.VIEWER,
    example='F-12 when:"every monday 9am"',
    when=WHEN,
)
def move(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Move a follow-up to another time, or make it recurring."""
    followup, when = mine_or_ours(session, args["followup"], actor), _when(args, reader)
    followups.reschedule(session, followup, when.at, recurrence=when.recurrence)
    return cards.card(session, followup, reader, notice=cards.reminding(followup, reader))


@plugin.command("followup done", usage="<followup>", role=Role.VIEWER, example="F-12")
def done(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Finish a follow-up; a recurring one gets its next date."""
    return finish(session, mine_or_ours(session, args["followup"], actor), reader)


def finish(session: Session, followup: Followup, me: Reader, *, replace: bool = False) -> Message:
    """Mark a follow-up as done, or have one that recurs due again, and say which."""
    next_at = _next(followup, me.now)
    followups.done(session, followup, next_at=next_at)
    notice = _("Done.") if next_at is None else b.markup(_("Done. It is due again {when}."), when=me.moment(next_at))
    return cards.card(session, followup, me, notice=notice, replace=replace)


def _next(followup: Followup, now: datetime) -> datetime | None:
    if followup.recurrence is None:
        return None
    return next_time(followup.recurrence, followup.zone, max(now, followup.due_at))


@plugin.command("followup cancel", usage="<followup>", role=Role.VIEWER, example="F-12")
def cancel(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Cancel a follow-up; a recurring one ends."""
    followup = followups.cancel(session, mine_or_ours(session, args["followup"], actor))
    return cards.card(session, followup, reader, notice=_("Cancelled."))


def _when(args: Args, me: Reader) -> When:
    when = args.when("when")
    assert when is not None, "the usage says that it is required"
    return when
