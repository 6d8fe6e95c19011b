"""Promise, take and give back what is on the shelf; never more than is there, and nothing twice.

Every function locks the products it changes, in one order, but those it is given by their numbers as `locked` by this
transaction already. Of mirrored products the shop keeps the stock, so here nothing of them is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from bot.plugins.commerce.products import Product, lock
from bot.plugins.commerce.sales import OrderLine
from storage.errors import Conflict

NONE: Mapping[int, Product] = {}


def promise(product: Product, quantity: int) -> int:
    """Hold so many of a locked product and return how many are held, none of a mirrored one.

    Raises Conflict naming how many are left.
    """
    if product.mirrored:
        raise Conflict("The shop keeps the stock of {name}: order it there.", name=product.name, field="lines")
    if quantity > product.available:
        left = product.available
        raise Conflict("Only {left} of {name} are left.", left=left, name=product.name, field="lines")
    product.reserved += quantity
    return quantity


def hold(product: Product, quantity: int) -> int:
    """Hold so many of a locked product, or what is left of it, and return how many are held."""
    held = 0 if product.mirrored else min(quantity, product.available)
    if held:
        product.reserved += held
    return held


def take(
    session: Session, leaving: Mapping[OrderLine, int], *, gone: bool = False, locked: Mapping[int, Product] = NONE
) -> None:
    """Let so many of each line leave the shelf.

    Raises Conflict where more are to leave than are there; where they are `gone` already, for the shop has sent them,
    what is held leaves the shelf and the rest was never on it.
    """
    products = _of(session, leaving, locked)
    for line, quantity in leaving.items():
        product = products.get(line.product_id or 0)
        if product is not None and not product.mirrored:
            missing = quantity - line.held
            if missing > 0:
                line.held += hold(product, missing)
            if quantity > line.held and not gone:
                raise Conflict("Only {left} of {name} are on the shelf.", left=line.held, name=line.name)
        taken = min(line.held, quantity)
        line.shipped += quantity
        line.held -= taken
        if product is not None and taken:
            product.reserved -= taken
            product.stock -= taken


def release(session: Session, lines: Sequence[OrderLine], *, locked: Mapping[int, Product] = NONE) -> None:
    """Give back what is held for lines."""
    products = _of(session, lines, locked)
    for line in lines:
        if line.held and (product := products.get(line.product_id or 0)) is not None:
            product.reserved -= line.held
        line.held = 0


def put_back(session: Session, coming: Mapping[OrderLine, int]) -> None:
    """Put so many of each line on the shelf again."""
    products = _of(session, coming)
    for line, quantity in coming.items():
        product = products.get(line.product_id or 0)
        if product is not None and not product.mirrored:
            product.stock += quantity


def _of(session: Session, lines: Iterable[OrderLine], locked: Mapping[int, Product] = NONE) -> Mapping[int, Product]:
    missing = {line.product_id for line in lines if line.product_id is not None} - locked.keys()
    return {one.id: one for one in lock(session, Product.id.in_(missing))} | dict(locked) if missing else locked
