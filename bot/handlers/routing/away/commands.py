"""Be away and back: who is away is given no tickets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.grammar import Args, parse
from bot.grammar.types import MOMENT
from bot.handlers.routing.declaration import plugin
from bot.kit import blocks as b
from bot.kit import fields
from bot.kit.format import Reader, paragraphs, undo_hint
from bot.kit.lookup import person_named
from bot.kit.replies import Instead, Message
from bot.plugin import Member, Role, _, ngettext
from storage.errors import Invalid, Refused
from storage.support import routes, tickets
from storage.support.tickets import TICKET
from storage.workspace import members
from storage.workspace.members import OPEN_END

LISTED = 20
_UNTIL = frozenset({"until", "till", "bis", "to"})
_OVER = frozenset({"off", "back", "no", "over", "end", "zurück"})


def _whom(args: Args, actor: Member, session: Session) -> Member:
    """Return who is meant: oneself, or somebody else where a manager says so."""
    member_id = person_named(args, "person", session) or actor.id
    if member_id != actor.id and not actor.has(Role.MANAGER):
        raise Refused("Only a manager can set that for somebody else.", field="person")
    member = members.get(session, member_id or actor.id)
    if member is None:
        raise Invalid("I do not know this person yet.", field="person", hint="They must use Rapport once first.")
    return member


@plugin.command("away", usage="[person] [until:monday]", role=Role.AGENT, example="until:monday", until=MOMENT)
def away(args: Args, session: Session, actor: Member, reader: Reader) -> Message | Instead:
    """Get no tickets, until a day or until `/crm back`; a manager can set it for others."""
    word, _space, rest = args.text.partition(" ")
    if args.text.casefold() in _OVER:
        return Instead("back", "")
    if word.casefold() in _UNTIL and "until" not in args:
        args = parse(f'until:"{rest}"', args.usage, args.writer)
    member = _whom(args, actor, session)
    until = args.moment("until")
    members.set_away(session, member, until or OPEN_END)
    when = reader.moment(until) if until else _("they are back (`/crm back`)")
    if member.id == actor.id and until is None:
        when = _("you are back (`/crm back`)")
    whose = _("You get no tickets until {when}.") if member.id == actor.id else _("{who} gets no tickets until {when}.")
    text = b.markup(whose, who=b.person(member.id), when=when)
    open_ = routes.open_tickets(session, [member.id]).get(member.id, 0)
    blocks = [b.section(text)]
    if open_:
        template = ngettext("{count} open ticket stays with {who}.", "{count} open tickets stay with {who}.", open_)
        stay = b.markup(template, count=open_, who=b.person(member.id))
        blocks += [b.section(stay, accessory=b.button(_("List them"), plugin.id("open"), b.Control(detail=member.id)))]
    return Message(text, [*blocks, undo_hint()])


@plugin.command("back", usage="[person]", role=Role.AGENT)
def back(args: Args, session: Session, actor: Member, now: datetime) -> Message:
    """Get tickets again; a manager can set it for others."""
    member = _whom(args, actor, session)
    if not member.is_away(now):
        return Message(b.markup(_("{who} is not away."), who=b.person(member.id)))
    members.set_away(session, member, None)
    text = b.markup(_("{who} gets tickets again."), who=b.person(member.id))
    return Message(text, [b.section(text), undo_hint()])


@plugin.action("open", role=Role.AGENT)
def listed(control: b.Control, session: Session) -> Message:
    """List the open tickets of who is away, most urgent first."""
    found = tickets.list_tickets(session, assignee_id=control.detail, limit=LISTED + 1)
    lines = [
        b.markup(
            "• *{ref}* {name}  {status}, {priority}",
            ref=ticket.reference,
            name=ticket.name,
            status=fields.called(session, TICKET, "status", ticket.standing),
            priority=fields.called(session, TICKET, "priority", ticket.priority),
        )
        for ticket in found[:LISTED]
    ]
    title = b.markup(_("*Open tickets of {who}*"), who=b.person(control.detail))
    more = [b.esc(_("… and more"))] if len(found) > LISTED else []
    hint = _("Give one to somebody else: `/ticket assign T-9 @ben`.")
    return Message(title, [*paragraphs([title, *lines, *more]), b.context(hint)])
