"""Answer what is typed of orders, and the buttons on their cards."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import AMOUNT
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from bot.plugins.commerce import orders, plugin
from bot.plugins.commerce.nouns import card
from bot.plugins.commerce.tables import SalesOrder
from storage.crm import customers
from storage.errors import Invalid
from storage.records import named

PART = re.compile(r"(\S+?)(?::(\d{1,7}))?")


@plugin.command(
    "order add",
    usage="<customer> <lines> [discount:5] [tax:19]",
    role=Role.REP,
    example="harbor MUG-1:2 HAT-1:1 tax:19",
    discount=AMOUNT,
)
def add(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Place an order: so many of each SKU; what is ordered is reserved."""
    customer = customers.resolve(session, args["customer"])
    discount = args.amount("discount")
    order = orders.place(
        session,
        customer.id,
        parts(args["lines"]),
        discount_minor=discount.minor if discount else 0,
        tax_rate=rate(args.get("tax") or "0"),
    )
    return card(session, order, reader, actor, notice=_("Added."), undo=True)


@plugin.command("order ship", usage="<order> [lines]", role=Role.REP, example="O-1 MUG-1:1")
def ship(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Ship an order, or a part of it; it leaves the stock."""
    order = _order(session, args["order"])
    lines = args.get("lines")
    orders.ship(session, order, parts(lines) if lines else None)
    return card(session, order, reader, actor, notice=_("Shipped."), undo=True)


@plugin.command("order cancel", usage="<order>", role=Role.REP, example="O-1")
def cancel(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Cancel an order of which nothing is shipped; what it reserved is given back."""
    order = _order(session, args["order"])
    orders.cancel(session, order)
    return card(session, order, reader, actor, notice=_("Cancelled."), undo=True)


@plugin.action("ship", role=Role.REP)
def ship_all(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Ship what is left of the card's order."""
    order = _order(session, control.record)
    if overtaken := format.overtaken(session, order, control):
        return card(session, order, reader, actor, notice=overtaken, replace=True)
    orders.ship(session, order)
    return card(session, order, reader, actor, notice=_("Shipped."), undo=True, replace=True)


@plugin.action("cancel", role=Role.REP)
def cancel_it(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Cancel the card's order."""
    order = _order(session, control.record)
    if overtaken := format.overtaken(session, order, control):
        return card(session, order, reader, actor, notice=overtaken, replace=True)
    orders.cancel(session, order)
    return card(session, order, reader, actor, notice=_("Cancelled."), undo=True, replace=True)


def parts(typed: str) -> dict[str, int]:
    """Return so many of each SKU as people write them, `MUG-1:2 HAT-1`; raise Invalid for anything else."""
    wanted: dict[str, int] = {}
    for word in typed.split():
        found = PART.fullmatch(word)
        if found is None:
            raise Invalid("{word} is not a SKU with a quantity.", word=word, hint="Such as `MUG-1:2`.", field="lines")
        key = found[1].casefold()
        wanted[key] = wanted.get(key, 0) + int(found[2] or 1)
    return wanted


def rate(typed: str) -> int:
    """Return a percentage with up to two decimals in hundredths of a percent; raise Invalid for anything else."""
    found = re.fullmatch(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%?", typed, re.ASCII)
    if found is None:
        raise Invalid("{typed} is not a percentage.", typed=typed, field="tax")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _order(session: Session, typed: str) -> SalesOrder:
    return named.resolve(session, SalesOrder, typed)
