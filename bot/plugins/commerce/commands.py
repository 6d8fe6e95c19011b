"""Answer what is typed of orders."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.amounts import parse_amount
from bot.grammar.types import AMOUNT, FLAG
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from bot.plugins.commerce import aftersales, cards, orders, plugin
from bot.plugins.commerce.sales import SalesOrder
from storage.crm import contacts, customers
from storage.errors import NotFound
from storage.money import Money
from storage.records import named
from storage.workspace.workspaces import Workspace


@plugin.command(
    "order add",
    usage="<customer> <lines> [name:PO-17] [discount:5] [tax:19]",
    role=Role.REP,
    example="harbor MUG-1:2 HAT-1:1 tax:19",
    discount=AMOUNT,
)
def add(args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """Place an order of a customer or a contact: so many of each SKU; what is ordered is reserved."""
    wanted = orders.read_lines(args["lines"])
    currency = orders.currency_of(session, wanted) or workspace.currency
    order = orders.place(
        session,
        wanted,
        name=args.get("name"),
        **whose(session, args["customer"]),
        discount=amount(args.get("discount"), "discount", currency, reader),
        tax_rate=orders.read_rate(args.get("tax") or "0"),
    )
    return cards.order(session, order, reader, actor, notice=_("Added."), undo=True)


@plugin.command("order ship", usage="<order> [lines]", role=Role.REP, example="O-1 MUG-1:1")
def ship(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Ship an order, or a part of it; it leaves the stock."""
    order = named.resolve(session, SalesOrder, args["order"])
    orders.ship(session, order, orders.read_lines(args.get("lines") or ""))
    return cards.order(session, order, reader, actor, notice=_("Shipped."), undo=True)


@plugin.command("order delivered", usage="<order>", role=Role.REP, example="O-1")
def deliver(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Say that a shipped order has arrived."""
    order = named.resolve(session, SalesOrder, args["order"])
    orders.deliver(session, order)
    return cards.order(session, order, reader, actor, notice=_("Delivered."), undo=True)


@plugin.command("order paid", usage="<order>", role=Role.REP, example="O-1")
def pay(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Say that an order is paid."""
    order = named.resolve(session, SalesOrder, args["order"])
    orders.pay(session, order)
    return cards.order(session, order, reader, actor, notice=_("Paid."), undo=True)


@plugin.command("order cancel", usage="<order>", role=Role.REP, example="O-1")
def cancel(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Cancel an order of which nothing is shipped; what it reserved is given back."""
    order = named.resolve(session, SalesOrder, args["order"])
    orders.cancel(session, order)
    return cards.order(session, order, reader, actor, notice=_("Cancelled."), undo=True)


@plugin.command(
    "order return", usage="<order> [lines] [reason:broken]", role=Role.REP, example='O-1 MUG-1:1 reason:"too small"'
)
def take_back(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Write down that goods of an order come back; money is another matter (`order refund`)."""
    order = named.resolve(session, SalesOrder, args["order"])
    aftersales.take_back(session, order, orders.read_lines(args.get("lines") or ""), args.get("reason"))
    return cards.order(session, order, reader, actor, notice=_("It is expected back."), undo=True)


@plugin.command("order received", usage="<order> [restock:no]", role=Role.REP, example="O-1", restock=FLAG)
def receive(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Say that goods are back; they are on the shelf again unless you write `restock:no`."""
    order = named.resolve(session, SalesOrder, args["order"])
    aftersales.receive(session, order, restock=args.flag("restock") if "restock" in args else True)
    return cards.order(session, order, reader, actor, notice=_("Received."), undo=True)


@plugin.command(
    "order refund",
    usage="<order> [amount:12.50] [reason:late]",
    role=Role.REP,
    example="O-1 amount:5 reason:late",
    amount=AMOUNT,
)
def refund(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Say that money of an order is paid back: an amount, or all that is left."""
    order = named.resolve(session, SalesOrder, args["order"])
    back = amount(args.get("amount"), "amount", order.currency, reader)
    aftersales.refund(session, order, back, args.get("reason"))
    return cards.order(session, order, reader, actor, notice=_("Paid back."), undo=True)


def amount(typed: str | None, field: str, currency: str, reader: Reader) -> Money | None:
    """Return an amount that was typed, in this currency where none is named; raise Invalid for anything else."""
    return parse_amount(typed, currency=currency, locale=reader.locale, field=field) if typed else None


def whose(session: Session, typed: str) -> dict[str, int | None]:
    """Return whose an order is, the customer or the person that was typed; raise Ambiguous or NotFound."""
    try:
        return {"customer_id": customers.resolve(session, typed).id}
    except NotFound as nobody:
        try:
            person = contacts.resolve(session, typed)
        except NotFound:
            raise nobody from None
        return {"contact_id": person.id, "customer_id": person.customer_id}
