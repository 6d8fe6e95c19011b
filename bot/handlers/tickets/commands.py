"""Answer `/ticket` commands about one ticket, and bring together or part what customers wrote."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.tickets.cards import card
from bot.handlers.tickets.declaration import plugin
from bot.handlers.tickets.wording import priority_words, status_words, typed
from bot.kit import blocks as b
from bot.kit import categories
from bot.kit.format import Reader
from bot.kit.links import read_address
from bot.kit.lookup import colleague, person_named
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.errors import Invalid
from storage.names import name_key
from storage.support import messages, tickets
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket, TicketStatus

NOBODY = frozenset({"nobody", "none", "no one", "niemand", "没有人"})


@plugin.command(
    "ticket status",
    usage="<ticket> <status>",
    role=Role.AGENT,
    example="T-1042 waiting on customer",
)
def status(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Set a ticket's status: new, open, waiting on customer, resolved, closed, or one of your own."""
    ticket = tickets.resolve(session, args["ticket"])
    return _now(session, ticket, typed(args, session, "status") or ticket.standing, actor, reader)


@plugin.command("ticket resolve", usage="<ticket>", role=Role.AGENT, example="T-1042")
def resolve(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Mark a ticket as resolved."""
    return _now(session, tickets.resolve(session, args["ticket"]), TicketStatus.RESOLVED, actor, reader)


@plugin.command("ticket close", usage="<ticket>", role=Role.AGENT, example="T-1042")
def close(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Close a ticket."""
    return _now(session, tickets.resolve(session, args["ticket"]), TicketStatus.CLOSED, actor, reader)


@plugin.command("ticket reopen", usage="<ticket>", role=Role.AGENT, example="T-1042")
def reopen(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Open a resolved or closed ticket again."""
    return _now(session, tickets.resolve(session, args["ticket"]), TicketStatus.OPEN, actor, reader)


def _now(session: Session, ticket: Ticket, wanted: str, actor: Member, reader: Reader) -> Message:
    if ticket.standing == wanted:
        notice = b.markup(_("It is already {status}."), status=status_words(session, ticket))
        return card(session, ticket, reader, actor, notice=notice)
    tickets.stand(session, ticket, wanted)
    notice = b.markup(_("Now {status}."), status=status_words(session, ticket))
    return card(session, ticket, reader, actor, notice=notice, undo=True)


@plugin.command("ticket priority", usage="<ticket> <priority>", role=Role.AGENT, example="T-1042 high")
def priority(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Set a ticket's priority: low, normal, high or urgent."""
    ticket = tickets.resolve(session, args["ticket"])
    wanted = typed(args, session, "priority") or ticket.priority
    if ticket.priority == wanted:
        notice = b.markup(_("Its priority is already {priority}."), priority=priority_words(session, wanted))
        return card(session, ticket, reader, actor, notice=notice)
    tickets.set_priority(session, ticket, wanted)
    notice = b.markup(_("Priority: *{priority}*"), priority=priority_words(session, wanted))
    return card(session, ticket, reader, actor, notice=notice, undo=True)


@plugin.command("ticket category", usage="<ticket> <category>", role=Role.AGENT, example="T-1042 billing")
def category(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Say what a ticket is about; the model learns from it."""
    ticket = tickets.resolve(session, args["ticket"])
    key = categories.find(session, args["category"])
    if ticket.category == key:
        notice = b.markup(_("It is already about {category}."), category=categories.name(session, key))
        return card(session, ticket, reader, actor, notice=notice)
    tickets.set_category(session, ticket, key, actor_id=actor.id)
    notice = b.markup(_("Now about {category}."), category=categories.name(session, key))
    return card(session, ticket, reader, actor, notice=notice, undo=True)


@plugin.command("ticket assign", usage="<ticket> <person>", role=Role.AGENT, example="T-1042 @rosa")
def assign(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Give a ticket to somebody, to “me”, or to “nobody”."""
    ticket = tickets.resolve(session, args["ticket"])
    assignee_id = None if name_key(args["person"]) in NOBODY else person_named(args, "person", session)
    who = _("nobody")
    if assignee_id:
        had = ticket.assignee_id
        who = b.person(colleague(session, assignee_id, field="person", role=Role.AGENT, had=had))
    if ticket.assignee_id == assignee_id:
        return card(session, ticket, reader, actor, notice=b.markup(_("It is already with {who}."), who=who))
    tickets.assign(session, ticket, assignee_id)
    notice = b.markup(_("It is now with {who}."), who=who)
    return card(session, ticket, reader, actor, notice=notice, undo=True)


@plugin.command("ticket split", usage="<message>", role=Role.AGENT, example="T-1042")
def split(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Split a message off into its own ticket: name its link, or a ticket for its last message."""
    message = _meant(session, args["message"])
    earlier = tickets.get(session, message.ticket_id) if message.ticket_id is not None else None
    own = tickets.split(session, message)
    notice = b.markup(_("Split off {ref}."), ref=earlier.reference if earlier else "")
    return card(session, own, reader, actor, notice=notice, undo=True)


def _meant(session: Session, typed: str) -> IncomingMessage:
    address = read_address(typed)
    if address is None:
        written = messages.newest_of_ticket(session, tickets.resolve(session, typed).id)
        if written is None:
            raise Invalid("No messages belong to that ticket.", field="message", typed=typed)
        return written
    message = messages.by_ts(session, *address)
    if message is None:
        raise Invalid("That message belongs to no ticket.", field="message", typed=typed)
    return message
