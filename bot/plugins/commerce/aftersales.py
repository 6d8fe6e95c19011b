"""Take goods back, and pay money back: two things, as either happens without the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.plugins.commerce import stock
from bot.plugins.commerce.orders import held_lines, meant
from bot.plugins.commerce.sales import (
    PAID,
    PARTLY_REFUNDED,
    REFUNDED,
    GoodsReturn,
    OrderLine,
    Refund,
    ReturnLine,
    SalesOrder,
)
from storage.database.engine import current_workspace
from storage.errors import Conflict, Invalid
from storage.money import Money
from storage.names import check_name
from storage.records.named import moment


def refund(session: Session, order: SalesOrder, amount: Money | None = None, reason: str | None = None) -> Refund:
    """Pay an amount back, or what is left of an order.

    Raises Conflict for an order that is not paid or has less left, Invalid for another currency.
    """
    held_lines(session, order)
    if order.payment not in {PAID, PARTLY_REFUNDED}:
        was = "{reference} is refunded already." if order.payment == REFUNDED else "{reference} is not paid yet."
        raise Conflict(was, reference=order.reference)
    back = amount or Money(order.kept_minor, order.currency)
    left = Money(order.kept_minor, order.currency)
    if back.currency != left.currency:
        raise Invalid("{reference} is in {of}.", reference=order.reference, of=left.currency, field="amount")
    if not 0 < back.minor <= left.minor:
        most = f"{left.major} {left.currency}"
        raise Conflict("Up to {most} can be paid back, and not nothing.", most=most, field="amount")
    made = Refund(
        workspace_id=current_workspace(session),
        order_id=order.id,
        amount_minor=back.minor,
        reason=check_name(reason, field="reason") if reason else None,
    )
    session.add(made)
    order.refunded_minor += back.minor
    order.payment = REFUNDED if order.kept_minor == 0 else PARTLY_REFUNDED
    session.flush()
    return made


def take_back(
    session: Session, order: SalesOrder, parts: Mapping[str, int] | None = None, reason: str | None = None
) -> GoodsReturn:
    """Write down that so many of each SKU come back, or all that left and is not on its way back.

    Raises NotFound for a SKU that the order has not, Conflict where fewer have left.
    """
    lines = held_lines(session, order)
    out = {line: line.out for line in lines}
    asked = meant(order, parts, out, "Only {left} of {name} are with the customer.") if parts else out
    coming = {line: count for line, count in asked.items() if count}
    if not coming:
        raise Conflict("Nothing of {reference} is with the customer.", reference=order.reference)
    made = GoodsReturn(
        workspace_id=current_workspace(session),
        order_id=order.id,
        reason=check_name(reason, field="reason") if reason else None,
    )
    session.add(made)
    session.flush()
    list_lines(session, made, coming)
    session.flush()
    return made


def list_lines(session: Session, made: GoodsReturn, coming: Mapping[OrderLine, int]) -> None:
    """Add to a return how many of each line come back with it."""
    for line, quantity in coming.items():
        line.returned += quantity
        session.add(
            ReturnLine(
                workspace_id=made.workspace_id,
                order_id=made.order_id,
                return_id=made.id,
                line_id=line.id,
                quantity=quantity,
            )
        )


def receive(session: Session, order: SalesOrder, *, restock: bool = True) -> Sequence[GoodsReturn]:
    """Say that what comes back of an order is here, put it on the shelf again unless told not to, and return it.

    Raises Conflict where nothing is on its way.
    """
    lines = {line.id: line for line in held_lines(session, order)}
    expected = GoodsReturn.order_id == order.id, GoodsReturn.received_at.is_(None)
    found = session.scalars(select(GoodsReturn).where(*expected).order_by(GoodsReturn.id)).all()
    if not found:
        raise Conflict("Nothing of {reference} is on its way back.", reference=order.reference)
    coming: dict[OrderLine, int] = {}
    parts = select(ReturnLine).where(ReturnLine.return_id.in_([one.id for one in found]))
    for part in session.scalars(parts):
        line = lines[part.line_id]
        coming[line] = coming.get(line, 0) + part.quantity
    if restock:
        stock.put_back(session, coming)
    now = moment()
    for one in found:
        one.received_at = now
    session.flush()
    return found
