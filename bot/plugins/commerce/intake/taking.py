"""Bring an order up to what its shop says of it, however often and in whichever order that is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.plugins.commerce import aftersales, carts, stock
from bot.plugins.commerce.intake.arriving import ArrivingLine, ArrivingOrder, ArrivingRefund, Buyer
from bot.plugins.commerce.orders import called_after
from bot.plugins.commerce.products import Product, by_sku, sku_key
from bot.plugins.commerce.sales import (
    CANCELLED,
    DELIVERED,
    OPEN,
    PARTLY,
    SHIPPED,
    UNFULFILLED,
    GoodsReturn,
    OrderLine,
    Refund,
    SalesOrder,
    lines_of,
    refunds_of,
)
from storage.crm import contacts
from storage.crm.contacts import Contact
from storage.crm.customers import Customer
from storage.database.engine import current_workspace
from storage.errors import Invalid
from storage.names import NAME_LIMIT, email_key, name_key, short
from storage.records.named import moment, namesakes


def take(session: Session, came: ArrivingOrder) -> SalesOrder:
    """Return the order that came, as it is now: what the shop said earlier than what we know is passed by."""
    once_at_a_time(session, came.source, came.outside_id)
    same = SalesOrder.source == came.source, SalesOrder.outside_id == came.outside_id
    order = session.scalars(select(SalesOrder).where(*same).with_for_update()).one_or_none()
    if order is not None and order.outside_at is not None and came.at < order.outside_at:
        return order
    products = by_sku(session, [one.sku for one in came.lines if one.sku])
    said = {one.outside_id: one for one in came.lines}
    begun = None if order is None else lines_of(session, order)
    order = order or _begun(session, came)
    again = order.lifecycle == CANCELLED and not came.cancelled
    # All that is new of an order is written at once, as a year of a shop's comes with many lines of many orders.
    with session.no_autoflush:
        order.outside_at, order.payment = came.at, came.payment
        order.refunded_minor = min(order.refunded_minor, came.total_minor)
        order.total_minor, order.discount_minor, order.tax_minor = came.total_minor, came.discount_minor, came.tax_minor
        order.shipping_minor, order.tax_included = came.shipping_minor, came.tax_included
        lines = _lines(session, order, said, begun or (), products)
        if again:
            order.lifecycle, order.archived_at = OPEN, None
            _hold_again(lines.values(), products)
        _ship(session, order, came, lines, products)
        if came.cancelled:
            stock.release(session, list(lines.values()), locked=_numbered(products))
            order.lifecycle = CANCELLED
    session.flush()
    session.add_all(lines.values())
    session.flush()
    if came.refunds or begun:
        _refunds(session, order, came.refunds, lines)
    if came.cart and (cart := carts.of_shop(session, came.source, came.cart)) is not None:
        carts.complete(session, cart, order)
    session.flush()
    return order


def gone(session: Session, source: str, outside_id: str) -> None:
    """Cancel and archive an order that its shop has deleted, until it is restored; nothing where it never came."""
    once_at_a_time(session, source, outside_id)
    same = SalesOrder.source == source, SalesOrder.outside_id == outside_id
    order = session.scalars(select(SalesOrder).where(*same).with_for_update()).one_or_none()
    if order is not None and order.archived_at is None:
        stock.release(session, lines_of(session, order))
        order.lifecycle, order.archived_at = CANCELLED, moment()
        # What the shop said before it deleted the order, and comes late, is passed by.
        order.outside_at = order.archived_at
        session.flush()


def once_at_a_time(session: Session, source: str, outside_id: str) -> None:
    """Let the webhooks about one thing of a shop's wait for each other, the first of them too."""
    key = f"{current_workspace(session)}/{source}/{outside_id}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def buyer(session: Session, who: Buyer) -> Contact | None:
    """Return the contact who bought, known by their address, added where nobody is; None for who left no address."""
    if not who.email:
        return None
    same = Contact.email_key == email_key(who.email), Contact.merged_into_id.is_(None)
    found = session.scalars(select(Contact).where(*same).order_by(Contact.id).limit(1)).first()
    if found is not None:
        return found
    name = who.name if name_key(who.name) else who.email
    company = namesakes(session, Customer, who.company) if name_key(who.company) else []
    customer_id = company[0].id if len(company) == 1 else None
    for phone in dict.fromkeys((who.phone or None, None)):
        try:
            return contacts.add(session, name=name, email=who.email, phone=phone, customer_id=customer_id)
        except Invalid:
            continue  # shops take whatever is typed as a number, or as an address
    return None


def _begun(session: Session, came: ArrivingOrder) -> SalesOrder:
    """Return a new order, which is written with the next flush."""
    person = buyer(session, came.buyer)
    who = "" if person else came.buyer.name
    what = called_after((one.quantity, one.name) for one in came.lines)
    return SalesOrder.unsaved(
        session,
        **SalesOrder.numbered(session),
        name=short(" ".join(filter(None, (came.number, who, what))), NAME_LIMIT) or came.outside_id,
        customer_id=person.customer_id if person else None,
        contact_id=person.id if person else None,
        source=came.source,
        outside_id=came.outside_id,
        placed_at=came.placed_at,
        currency=came.currency,
        lifecycle=OPEN,
        refunded_minor=0,
    )


def _lines(
    session: Session,
    order: SalesOrder,
    said: Mapping[str, ArrivingLine],
    begun: Sequence[OrderLine],
    products: Mapping[str, Product],
) -> dict[str, OrderLine]:
    """Return the lines by the shop's numbers: those that are new are held as far as there is stock."""
    known = {str(line.outside_id): line for line in begun}
    kept: dict[str, OrderLine] = {}
    for number, one in said.items():
        line = known.pop(number, None)
        if line is None:
            product = products.get(sku_key(one.sku))
            line = OrderLine(
                workspace_id=order.workspace_id,
                order_id=order.id,
                product_id=product.id if product else None,
                outside_id=number,
                sku=one.sku,
                name=one.name,
                quantity=one.quantity,
                price_minor=one.price_minor,
                shipped=0,
                returned=0,
                held=stock.hold(product, one.quantity) if product else 0,
            )
        elif (quantity := max(one.quantity, line.shipped)) != line.quantity:
            _resize(session, line, quantity, products)
        kept[number] = line
    for line in known.values():
        if line.shipped:
            kept[str(line.outside_id)] = line
        else:
            stock.release(session, [line], locked=_numbered(products))
            session.delete(line)
    return kept


def _numbered(products: Mapping[str, Product]) -> dict[int, Product]:
    return {one.id: one for one in products.values()}


def _resize(session: Session, line: OrderLine, quantity: int, products: Mapping[str, Product]) -> None:
    stock.release(session, [line], locked=_numbered(products))
    line.quantity = quantity
    product = products.get(sku_key(line.sku))
    line.held = stock.hold(product, line.left) if product and product.id == line.product_id else 0


def _hold_again(lines: Iterable[OrderLine], products: Mapping[str, Product]) -> None:
    numbered = _numbered(products)
    for line in lines:
        if (product := numbered.get(line.product_id or 0)) is not None:
            line.held += stock.hold(product, line.left - line.held)


def _ship(
    session: Session,
    order: SalesOrder,
    came: ArrivingOrder,
    lines: Mapping[str, OrderLine],
    products: Mapping[str, Product],
) -> None:
    leaving = {}
    for one in came.lines:
        line = lines[one.outside_id]
        if (quantity := min(one.shipped, line.quantity) - line.shipped) > 0:
            leaving[line] = quantity
    stock.take(session, leaving, gone=True, locked=_numbered(products))
    if lines and all(line.left == 0 for line in lines.values()):
        arrived = came.delivered or order.fulfilment == DELIVERED
        order.fulfilment = DELIVERED if arrived else SHIPPED
    else:
        order.fulfilment = PARTLY if any(line.shipped for line in lines.values()) else UNFULFILLED


def _refunds(
    session: Session, order: SalesOrder, came: Sequence[ArrivingRefund], lines: Mapping[str, OrderLine]
) -> None:
    known = {one.outside_id for one in refunds_of(session, order)}
    back = set(session.scalars(select(GoodsReturn.outside_id).where(GoodsReturn.order_id == order.id)))
    for one in came:
        if one.amount_minor > 0 and one.outside_id not in known:
            session.add(
                Refund(
                    workspace_id=order.workspace_id,
                    order_id=order.id,
                    outside_id=one.outside_id,
                    amount_minor=one.amount_minor,
                    reason=one.reason or None,
                    at=one.at,
                )
            )
        if one.outside_id not in back and (parts := _back(one, lines)):
            _returned(session, order, one, parts)
    session.flush()
    order.refunded_minor = min(order.total_minor, sum(one.amount_minor for one in refunds_of(session, order)))


def _back(came: ArrivingRefund, lines: Mapping[str, OrderLine]) -> dict[OrderLine, int]:
    """Return how many of which lines came back with a refund, of those that had left."""
    return {
        line: count
        for number, quantity in came.back.items()
        if (line := lines.get(number)) is not None and (count := min(quantity, line.out)) > 0
    }


def _returned(session: Session, order: SalesOrder, came: ArrivingRefund, parts: Mapping[OrderLine, int]) -> None:
    """Put what came back with a refund on the shelf, once."""
    made = GoodsReturn(
        workspace_id=order.workspace_id,
        order_id=order.id,
        outside_id=came.outside_id,
        reason=came.reason or None,
        at=came.at,
        received_at=came.at,
    )
    session.add(made)
    session.flush()
    aftersales.list_lines(session, made, parts)
    stock.put_back(session, parts)
