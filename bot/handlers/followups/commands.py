"""Promise a follow-up and list what was promised."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.grammar import Args, When, next_time, unescape
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
from storage.errors import CrmError, NotFound
from storage.names import name_key
from storage.records.about import Subject
from storage.records.named import Named
from storage.references import parse_reference
from storage.subjects import called

_LOOKED_AT = 8
_TELLING = 3
"""Shorter words name nothing by chance."""


@plugin.command(
    "followup add",
    usage='<record> [text] when:"friday 9am"',
    role=Role.VIEWER,
    example='D-88 when:"friday 9am" call back about pricing',
    when=WHEN,
)
def add(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Set a follow-up on a record, once or recurring; a DM reminds you each time it is due."""
    about = _about(session, args["record"], args.get("text") or "")
    text = _words(args, about)
    followup = promise(session, about, text, _when(args, reader), str(reader.zone), actor)
    return cards.card(session, followup, reader, notice=cards.reminding(followup, reader))


def _about(session: Session, first: str, text: str) -> Named:
    """Return what a follow-up is about, by the first word; where it names nothing, offer what other words name.

    A word that merely stands somewhere in a record's name does not name it: "call Carla" is about no ticket in which
    somebody asks for a call.
    """
    offered: dict[str, Named] = {}
    refusal: CrmError | None = None
    for word in dict.fromkeys([first, *text.split()[:_LOOKED_AT]]):
        try:
            found = called(session, word, field="record")
        except CrmError as error:
            if word == first:
                refusal = error
                offered |= {one.reference: one for one in getattr(error, "candidates", ())}
            continue
        inside = name_key(word) in name_key(found.name) and not name_key(found.name).startswith(name_key(word))
        if word == first and not inside:
            return found
        if word == first or (not inside and len(word) >= _TELLING):
            offered[found.reference] = found
    if refusal is not None and (not offered or parse_reference(first) or not isinstance(refusal, NotFound)):
        raise refusal
    raise NotFound("Nothing is called {name}.", candidates=list(offered.values()), field="record", name=first)


def _words(args: Args, about: Named) -> str:
    """Return the words of a follow-up, the first of what was typed too where that did not name its record."""
    text = args.get("text") or ""
    first = unescape(args.raw).split(maxsplit=1)[0]
    was_chosen = args["record"] == about.reference and not parse_reference(first) and ":" not in first
    named = name_key(about.name).startswith(name_key(first.strip('"“”')))
    return f"{first} {text}".strip() if was_chosen and not named else text


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
