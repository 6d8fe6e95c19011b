"""Promise a follow-up and list what was promised."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.grammar import Args
from bot.handlers.followups import cards
from bot.handlers.followups.declaration import plugin
from bot.plugin import Member, Role, _
from bot.replies import Message
from storage import followups
from storage.about import Subject, called
from storage.followups import Followup
from storage.workspaces import Workspace


@plugin.command(
    "followup add",
    usage='<record> [text] when:"friday 9am"',
    role=Role.VIEWER,
    example='D-88 when:"friday 9am" call back about pricing',
)
def add(args: Args, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """Promise to follow up on a record; you are reminded by DM when the time has come."""
    me = shown.reader(actor, workspace, now)
    about = called(session, args["record"], field="record")
    when = args.moment("when", zone=me.zone, now=now, locale=me.locale)
    assert when is not None, "the usage says that it is required"
    followup = promise(session, about, args.get("text") or "", when, str(me.zone), actor)
    notice = b.markup(_("I will remind you {when}."), when=me.moment(when))
    return cards.card(session, followup, me, notice=notice)


def promise(session: Session, about: Subject | None, text: str, when: datetime, zone: str, actor: Member) -> Followup:
    """Store a follow-up of this person; one without words is to follow up on its record."""
    name = getattr(about, "name", "")
    words = text.strip() or _("Follow up on {name}").format(name=name)
    return followups.add(session, text=words, due_at=when, zone=zone, owner_id=actor.id, about=about)


@plugin.command("followup list", usage="[owner:me]", role=Role.VIEWER)
def list_(args: Args, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """List open follow-ups, yours unless you name someone, the next one first."""
    owner_id = args.user("owner", me=actor.id) or actor.id
    found = followups.list_followups(session, owner_id=owner_id, limit=cards.LISTED + 1)
    if not found:
        mine = owner_id == actor.id
        return Message(
            cards.nothing() if mine else b.markup(_("{who} has nothing to follow up."), who=b.person(owner_id))
        )
    title = b.markup(_("*Open follow-ups of {who}*"), who=b.person(owner_id))
    more = [b.context(_("More are due later."))] if len(found) > cards.LISTED else []
    lines = cards.listing(session, found[: cards.LISTED], shown.reader(actor, workspace, now))
    return Message(title, [b.section(title), *lines, *more])
