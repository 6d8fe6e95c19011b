"""Place, ship and cancel orders: what is promised is held back on the shelf, and never more than is there.

Each change locks the rows of its products, in the order of their numbers, so that two orders wait for each other and
never for ever. Amounts are whole minor units: tax is on what is left after the discount, rounded half up, once for the
order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.plugins.commerce.tables import CANCELLED, OPEN, PARTLY, SHIPPED, UNFULFILLED, OrderLine, Product, SalesOrder
from storage.database.engine import current_workspace
from storage.errors import Conflict, Invalid, NotFound
from storage.money import LARGEST

WHOLE = 10_000
"""A rate of tax is in hundredths of a percent, so this is all of an amount."""


def tax_of(net_minor: int, rate: int) -> int:
    """Return the tax on minor units at a rate in hundredths of a percent, rounded half up to one minor unit."""
    return (net_minor * rate * 2 + WHOLE) // (2 * WHOLE)


def place(
    session: Session,
    customer_id: int,
    wanted: Mapping[str, int],
    *,
    discount_minor: int = 0,
    tax_rate: int = 0,
) -> SalesOrder:
    """Place an order for so many of each SKU and reserve them.

    `discount_minor` is in minor units of the products' one currency, `tax_rate` in hundredths of a percent. Raises
    Invalid for quantities below one, currencies that differ and a discount above the sum, NotFound for a SKU that
    nobody has, Conflict naming the product of which too few are left.
    """
    quantities = _by_key(wanted)
    if not quantities:
        raise Invalid("Say what is ordered.", hint="Such as `MUG:2`.", field="lines")
    products = _locked(session, Product.sku_key.in_(quantities), Product.merged_into_id.is_(None))
    lives = {one.sku_key: one for one in products if one.archived_at is None}
    for key in quantities:
        if key not in lives:
            raise NotFound("There is no product with the SKU {sku}.", sku=key, field="lines")
    ordered = [(lives[key], quantity) for key, quantity in quantities.items()]
    currencies = {product.currency for product, _quantity in ordered}
    if len(currencies) > 1:
        raise Invalid("One order is in one currency.", field="lines")
    net = sum(product.price_minor * quantity for product, quantity in ordered) - discount_minor
    if discount_minor < 0 or net < 0:
        raise Invalid("The discount is from nothing to all of the sum.", field="discount")
    if not 0 <= tax_rate <= WHOLE:
        raise Invalid("The tax is from 0 to 100 percent.", field="tax")
    tax = tax_of(net, tax_rate)
    if net + tax > LARGEST:
        raise Invalid("This is more than one order may come to.", field="lines")
    for product, quantity in ordered:
        if quantity > product.available:
            raise Conflict("Only {left} of {name} are left.", left=product.available, name=product.name)
        product.reserved += quantity
    order = SalesOrder.new(
        session,
        name=", ".join(f"{quantity} {product.name}" for product, quantity in ordered)[:200],
        customer_id=customer_id,
        currency=currencies.pop(),
        discount_minor=discount_minor,
        tax_minor=tax,
        total_minor=net + tax,
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
        )
        for product, quantity in ordered
    )
    session.flush()
    return order


def ship(session: Session, order: SalesOrder, parts: Mapping[str, int] | None = None) -> None:
    """Take from the shelf what is not shipped yet of an order, or so many of each SKU.

    Raises Conflict for an order that is cancelled, shipped, or has fewer to be shipped.
    """
    lines = _open_lines(session, order)
    if order.fulfilment == SHIPPED:
        raise Conflict("{reference} is shipped already.", reference=order.reference)
    leaving = _by_key(parts) if parts else {one.sku.casefold(): one.quantity - one.shipped for one in lines}
    by_key = {one.sku.casefold(): one for one in lines}
    products = {one.id: one for one in _locked(session, Product.id.in_([one.product_id for one in lines]))}
    for key, quantity in leaving.items():
        line = by_key.get(key)
        if line is None:
            raise NotFound("{reference} has no {sku}.", reference=order.reference, sku=key)
        if quantity > line.quantity - line.shipped:
            left = line.quantity - line.shipped
            raise Conflict("Only {left} of {name} are to be shipped.", left=left, name=line.name)
        line.shipped += quantity
        if (product := products.get(line.product_id or 0)) is not None:
            product.reserved -= quantity
            product.stock -= quantity
    order.fulfilment = SHIPPED if all(one.shipped == one.quantity for one in lines) else PARTLY
    session.flush()


def cancel(session: Session, order: SalesOrder) -> None:
    """Cancel an order and give back what it holds; raise Conflict where some of it has been shipped."""
    lines = _open_lines(session, order)
    if order.fulfilment != UNFULFILLED:
        raise Conflict("Some of {reference} is shipped, so it cannot be cancelled.", reference=order.reference)
    products = {one.id: one for one in _locked(session, Product.id.in_([one.product_id for one in lines]))}
    for line in lines:
        if (product := products.get(line.product_id or 0)) is not None:
            product.reserved -= line.quantity
    order.lifecycle = CANCELLED
    session.flush()


def lines_of(session: Session, order: SalesOrder) -> Sequence[OrderLine]:
    """Return the lines of an order as they were entered."""
    return session.scalars(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).all()


def of_customer(session: Session, customer_id: int) -> Sequence[SalesOrder]:
    """Return a customer's orders that stand, the newest first."""
    stand = SalesOrder.lifecycle == OPEN, SalesOrder.archived_at.is_(None), SalesOrder.merged_into_id.is_(None)
    found = select(SalesOrder).where(SalesOrder.customer_id == customer_id, *stand).order_by(SalesOrder.id.desc())
    return session.scalars(found).all()


def _open_lines(session: Session, order: SalesOrder) -> Sequence[OrderLine]:
    # Whoever ships and whoever cancels at once: the second sees what the first has done.
    session.refresh(order, with_for_update=True)
    if order.lifecycle != OPEN:
        raise Conflict("{reference} is cancelled.", reference=order.reference)
    found = select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)
    return session.scalars(found.execution_options(populate_existing=True)).all()


def _locked(session: Session, *where: ColumnElement[bool]) -> list[Product]:
    found = select(Product).where(*where).order_by(Product.id).with_for_update()
    return list(session.scalars(found.execution_options(populate_existing=True)))


def _by_key(wanted: Mapping[str, int]) -> dict[str, int]:
    added: dict[str, int] = {}
    for sku, quantity in _items(wanted.items()):
        added[sku] = added.get(sku, 0) + quantity
    return added


def _items(wanted: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
    for sku, quantity in wanted:
        if not 0 < quantity <= 1_000_000:
            raise Invalid("A quantity is from 1 to {most}.", most=1_000_000, field="lines")
        yield sku.strip().casefold(), quantity
