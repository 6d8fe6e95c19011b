"""Answer `/ticket` commands about one ticket."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.grammar import Args
from bot.grammar.types import PERSON
from bot.handlers.tickets import cards
from bot.handlers.tickets.declaration import plugin
from bot.handlers.tickets.wanted import Wanted
from bot.handlers.tickets.wording import read_status, status_words
from bot.named import colleague
from bot.plugin import Member, Role, _
from bot.replies import Message
from storage import notes, tickets
from storage.names import name_key
from storage.workspaces import Workspace

NOBODY = frozenset({"nobody", "none", "no one", "niemand", "没有人"})


@plugin.command(
    "ticket add",
    usage="<title> [customer:acme] [priority:high] [assignee:@x]",
    assignee=PERSON,
    role=Role.AGENT,
    example="Login fails on Safari customer:acme priority:high",
)
def add(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Open a ticket, once it is clear that it is not there already."""
    wanted = Wanted.typed(session, args, actor)
    reader = shown.reader(actor, workspace, now)
    alike = wanted.twins(session)
    if alike:
        return cards.twins(session, wanted, alike, reader)
    return cards.card(session, wanted.add(session), reader, actor=actor, notice=_("Added."), undo=True)


@plugin.command("ticket show", usage="<ticket>", role=Role.VIEWER, example="T-1042")
def show(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Show a ticket."""
    ticket = tickets.resolve(session, args["ticket"])
    return cards.card(session, ticket, shown.reader(actor, workspace, now), actor=actor)


@plugin.command("ticket status", usage="<ticket> <status>", role=Role.AGENT, example="T-1042 waiting on customer")
def status(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Say where a ticket stands: new, open, waiting on customer, resolved or closed."""
    ticket = tickets.resolve(session, args["ticket"])
    wanted = read_status(args["status"])
    reader = shown.reader(actor, workspace, now)
    if ticket.status == wanted:
        notice = b.markup(_("It is {status} already."), status=status_words(wanted))
        return cards.card(session, ticket, reader, actor=actor, notice=notice)
    tickets.set_status(session, ticket, wanted)
    notice = b.markup(_("Now {status}."), status=status_words(wanted))
    return cards.card(session, ticket, reader, actor=actor, notice=notice, undo=True)


@plugin.command("ticket assign", usage="<ticket> <person>", role=Role.AGENT, example="T-1042 @rosa")
def assign(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Message:
    """Give a ticket to somebody, to “me”, or to “nobody”."""
    ticket = tickets.resolve(session, args["ticket"])
    assignee_id = None if name_key(args["person"]) in NOBODY else args.user("person")
    who = _("nobody")
    if assignee_id:
        had = ticket.assignee_id
        who = b.person(colleague(session, assignee_id, field="person", role=Role.AGENT, had=had))
    reader = shown.reader(actor, workspace, now)
    if ticket.assignee_id == assignee_id:
        return cards.card(
            session, ticket, reader, actor=actor, notice=b.markup(_("It is with {who} already."), who=who)
        )
    tickets.assign(session, ticket, assignee_id)
    notice = b.markup(_("It is with {who} now."), who=who)
    return cards.card(session, ticket, reader, actor=actor, notice=notice, undo=True)


@plugin.command("ticket note", usage="<ticket> <note>", role=Role.AGENT, example="T-1042 works after a cache reset")
def note(args: Args, session: Session) -> Message:
    """Note something about a ticket; the customer does not see it."""
    ticket = tickets.resolve(session, args["ticket"])
    notes.add(session, ticket, args["note"])
    text = b.markup(_("Noted on {ticket}."), ticket=cards.headline(ticket))
    return Message(text, [b.section(text), shown.undo_hint()])
