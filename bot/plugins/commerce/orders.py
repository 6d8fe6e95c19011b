"""Place, ship, deliver and cancel orders, and say that they are paid.

Each change holds the order's row, and then its products, so that whoever comes second sees what the first has done.
Amounts are whole minor units: tax is on what is left after the discount, rounded half up, once for the order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.plugins.commerce import stock
from bot.plugins.commerce.products import Product, by_sku, sku_key
from bot.plugins.commerce.sales import (
    AUTHORISED,
    CANCELLED,
    DELIVERED,
    OPEN,
    PAID,
    PARTLY,
    PENDING,
    SHIPPED,
    UNFULFILLED,
    OrderLine,
    SalesOrder,
)
from storage.database.engine import current_workspace
from storage.errors import Conflict, Invalid, NotFound
from storage.money import LARGEST, Money
from storage.names import NAME_LIMIT

WHOLE = 10_000
"""A rate of tax is in hundredths of a percent, so this is all of an amount."""
MOST_OF_ONE, MOST_LINES = 1_000_000, 200
_PART = re.compile(r"([^\s:]+?)(?::(\d{1,7}))?")
_RATE = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%?", re.ASCII)


def tax_of(net_minor: int, rate: int) -> int:
    """Return the tax on minor units at a rate in hundredths of a percent, rounded half up to one minor unit."""
    return (net_minor * rate * 2 + WHOLE) // (2 * WHOLE)


def read_lines(typed: str) -> dict[str, int]:
    """Return so many of each SKU as people write them, `MUG-1:2 HAT-1`; raise Invalid for anything else."""
    wanted: dict[str, int] = {}
    first: dict[str, str] = {}
    for word in typed.replace(",", " ").split():
        found = _PART.fullmatch(word)
        if found is None or not 0 < int(found[2] or 1) <= MOST_OF_ONE:
            hint = "Such as `MUG-1:2`, with a quantity from 1 to {most}."
            raise Invalid("{word} is not a SKU with a quantity.", word=word, hint=hint, most=MOST_OF_ONE, field="lines")
        key = first.setdefault(sku_key(found[1]), found[1])
        wanted[key] = wanted.get(key, 0) + int(found[2] or 1)
    return wanted


def read_rate(typed: str) -> int:
    """Return a percentage with up to two decimals in hundredths of a percent; raise Invalid for anything else."""
    found = _RATE.fullmatch(typed.strip())
    rate = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else WHOLE + 1
    if rate > WHOLE:
        raise Invalid("The tax is from 0 to 100 percent.", typed=typed, field="tax")
    return rate


def add(
    session: Session,
    *,
    name: str | None = None,
    customer_id: int | None = None,
    contact_id: int | None = None,
    wanted: str | None = None,
) -> SalesOrder:
    """Place the order of a form or a program, whose lines are as people type them; raise as `place` does."""
    return place(session, read_lines(wanted or ""), name=name, customer_id=customer_id, contact_id=contact_id)


def place(
    session: Session,
    wanted: Mapping[str, int],
    *,
    name: str | None = None,
    customer_id: int | None = None,
    contact_id: int | None = None,
    discount: Money | None = None,
    tax_rate: int = 0,
) -> SalesOrder:
    """Place an order for so many of each SKU and reserve them; without a name it is called after its lines.

    `tax_rate` is in hundredths of a percent. Raises Invalid for quantities below one, currencies that differ and a
    discount above the sum, NotFound for a SKU that nobody has, Conflict naming the product of which too few are left.
    """
    ordered = _ordered(session, wanted)
    (currency,) = {product.currency for product, _quantity in ordered}
    less = discount or Money(0, currency)
    if less.currency != currency:
        raise Invalid("The order is in {currency}, and so is its discount.", currency=currency, field="discount")
    gross = sum(product.price_minor * quantity for product, quantity in ordered)
    if not 0 <= less.minor <= gross:
        raise Invalid("The discount is from nothing to all of the sum.", field="discount")
    if not 0 <= tax_rate <= WHOLE:
        raise Invalid("The tax is from 0 to 100 percent.", field="tax")
    tax = tax_of(gross - less.minor, tax_rate)
    if (total := gross - less.minor + tax) > LARGEST:
        raise Invalid("This is more than one order may come to.", field="lines")
    held = [stock.promise(product, quantity) for product, quantity in ordered]
    order = SalesOrder.new(
        session,
        name=name or called_after((quantity, product.name) for product, quantity in ordered),
        customer_id=customer_id,
        contact_id=contact_id,
        currency=currency,
        discount_minor=less.minor,
        tax_minor=tax,
        total_minor=total,
    )
    session.add_all(
        OrderLine(
            workspace_id=current_workspace(session),
            order_id=order.id,
            product_id=product.id,
            sku=product.sku,
            name=product.name,
            quantity=quantity,
            price_minor=product.price_minor,
            held=count,
        )
        for (product, quantity), count in zip(ordered, held, strict=True)
    )
    session.flush()
    return order


def currency_of(session: Session, wanted: Mapping[str, int]) -> str | None:
    """Return the currency of the products with these SKUs; None where nobody has one, or they differ."""
    found = {one.currency for one in by_sku(session, wanted).values()}
    return found.pop() if len(found) == 1 else None


def called_after(lines: Any) -> str:
    """Return the name of an order of these quantities and names."""
    name = ", ".join(f"{quantity} {what}" for quantity, what in lines)
    return name if len(name) <= NAME_LIMIT else f"{name[: NAME_LIMIT - 1]}…"


def ship(session: Session, order: SalesOrder, parts: Mapping[str, int] | None = None) -> None:
    """Take from the shelf what is not shipped yet of an order, or so many of each SKU.

    Raises Conflict for an order that is cancelled, shipped, or has fewer to be shipped.
    """
    lines = open_lines(session, order)
    if order.fulfilment in {SHIPPED, DELIVERED}:
        raise Conflict("{reference} is shipped already.", reference=order.reference)
    there = {line: line.left for line in lines}
    leaving = meant(order, parts, there, "Only {left} of {name} are to be shipped.") if parts else there
    stock.take(session, {line: count for line, count in leaving.items() if count})
    order.fulfilment = SHIPPED if all(one.left == 0 for one in lines) else PARTLY
    session.flush()


def deliver(session: Session, order: SalesOrder) -> None:
    """Say that all of an order has arrived; raise Conflict where it is not shipped."""
    open_lines(session, order)
    if order.fulfilment == DELIVERED:
        raise Conflict("{reference} is delivered already.", reference=order.reference)
    if order.fulfilment != SHIPPED:
        raise Conflict("{reference} is still to be shipped.", reference=order.reference)
    order.fulfilment = DELIVERED
    session.flush()


def pay(session: Session, order: SalesOrder) -> None:
    """Say that an order is paid; raise Conflict where it was before, or is cancelled."""
    open_lines(session, order)
    if order.payment not in {PENDING, AUTHORISED}:
        raise Conflict("{reference} is paid already.", reference=order.reference)
    order.payment = PAID
    session.flush()


def cancel(session: Session, order: SalesOrder) -> None:
    """Cancel an order and give back what it holds; raise Conflict where some of it has been shipped."""
    lines = open_lines(session, order)
    if order.fulfilment != UNFULFILLED:
        raise Conflict("Some of {reference} is shipped, so it cannot be cancelled.", reference=order.reference)
    stock.release(session, lines)
    order.lifecycle = CANCELLED
    session.flush()


def held_lines(session: Session, order: SalesOrder) -> Sequence[OrderLine]:
    """Hold an order's row for this transaction and return its lines as they are now."""
    session.refresh(order, with_for_update=True)
    found = select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)
    return session.scalars(found.execution_options(populate_existing=True)).all()


def open_lines(session: Session, order: SalesOrder) -> Sequence[OrderLine]:
    """Hold an order's row and return its lines as they are now; raise Conflict where it is cancelled."""
    lines = held_lines(session, order)
    if order.lifecycle != OPEN:
        raise Conflict("{reference} is cancelled.", reference=order.reference)
    return lines


def meant(
    order: SalesOrder, parts: Mapping[str, int], there: Mapping[OrderLine, int], refusal: str
) -> dict[OrderLine, int]:
    """Return how many of each line are meant by so many of each SKU, of those that are `there`.

    Raises NotFound for a SKU that the order has not, Conflict with the `refusal` where there are fewer.
    """
    chosen: dict[OrderLine, int] = {}
    for sku, quantity in parts.items():
        own = [line for line in there if sku_key(line.sku) == sku_key(sku)]
        if not own:
            raise NotFound("{reference} has no {sku}.", reference=order.reference, sku=sku, field="lines")
        rest = quantity
        for line in own:
            if part := min(rest, there[line]):
                chosen[line] = part
                rest -= part
        if rest:
            raise Conflict(refusal, left=sum(there[line] for line in own), name=own[0].name, field="lines")
    return chosen


def of(session: Session, column: Any, record_id: int, limit: int) -> Sequence[SalesOrder]:
    """Return a customer's or a person's orders, the newest first, at most so many."""
    found = select(SalesOrder).where(column == record_id)
    newest = SalesOrder.placed_at.desc().nulls_last(), SalesOrder.id.desc()
    return session.scalars(found.order_by(*newest).limit(limit)).all()


def totals(session: Session, column: Any, record_id: int) -> tuple[int, list[Money]]:
    """Return how many orders of a customer or a person stand, and what is left of them after refunds by currency."""
    kept = func.sum(SalesOrder.total_minor - SalesOrder.refunded_minor)
    stands = column == record_id, SalesOrder.lifecycle == OPEN
    found = select(SalesOrder.currency, func.count(), kept).where(*stands).group_by(SalesOrder.currency)
    rows = session.execute(found.order_by(SalesOrder.currency)).all()
    return sum(count for _of, count, _sum in rows), [Money(int(whole), currency) for currency, _count, whole in rows]


def _ordered(session: Session, wanted: Mapping[str, int]) -> list[tuple[Product, int]]:
    quantities: dict[str, int] = {}
    for sku, quantity in wanted.items():
        if not 0 < quantity <= MOST_OF_ONE:
            raise Invalid("A quantity is from 1 to {most}.", most=MOST_OF_ONE, field="lines")
        quantities[sku_key(sku)] = quantities.get(sku_key(sku), 0) + quantity
    if not quantities:
        raise Invalid("Say what is ordered.", hint="Such as `MUG-1:2 HAT-1`.", field="lines")
    if len(quantities) > MOST_LINES:
        raise Invalid("An order has up to {most} lines.", most=MOST_LINES, field="lines")
    found = by_sku(session, quantities)
    typed = {sku_key(sku): sku for sku in wanted}
    for key in quantities:
        if key not in found or found[key].archived_at is not None:
            hint = "`/crm product list` shows them all."
            raise NotFound("There is no product with the SKU {sku}.", sku=typed[key], hint=hint, field="lines")
    if len({found[key].currency for key in quantities}) > 1:
        raise Invalid("One order is in one currency.", field="lines")
    return [(found[key], quantity) for key, quantity in quantities.items()]
