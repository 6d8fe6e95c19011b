"""Answer `/customer` commands."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import PERSON
from bot.handlers.customers import cards
from bot.handlers.customers.declaration import plugin
from bot.handlers.customers.wanted import WantedCustomer
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.crm import customers, notes


@plugin.command(
    "customer add",
    usage="<name> [domain:acme.com] [tier:gold] [owner:@x]",
    role=Role.REP,
    example="Acme Corp domain:acme.com tier:gold",
    owner=PERSON,
)
def add(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Add a customer; Rapport asks first about a likely duplicate."""
    wanted = WantedCustomer.check(
        session,
        name=args["name"],
        domain=args.get("domain"),
        tier=args.get("tier"),
        owner_id=args.user("owner") or actor.id,
    )
    alike = wanted.twins(session)
    if alike:
        return cards.twins(wanted, alike)
    return cards.card(session, wanted.add(session), reader, notice=_("Added."), undo=True)


@plugin.command("customer find", usage="<text>", role=Role.VIEWER, example="acme")
def find(args: Args, session: Session) -> Message:
    """Find customers by name or domain, even misspelt."""
    return cards.found(args["text"], customers.find(session, args["text"]))


@plugin.command("customer show", usage="<customer>", role=Role.VIEWER, example="acme")
def show(args: Args, session: Session, reader: Reader) -> Message:
    """Show a customer with its open deals, tickets and last notes."""
    return cards.card(session, customers.resolve(session, args["customer"]), reader)


@plugin.command("customer note", usage="<customer> <note>", role=Role.REP, example="acme asked for a quote")
def note(args: Args, session: Session) -> Message:
    """Note something about a customer."""
    customer = customers.resolve(session, args["customer"])
    notes.add(session, customer, args["note"])
    text = b.markup(_("Noted on {customer}."), customer=cards.headline(customer))
    return Message(text, [b.section(text), format.undo_hint()])
