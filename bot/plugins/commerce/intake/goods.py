"""Take products and checkouts in as shops have them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.plugins.commerce.carts import Cart, complete, of_shop
from bot.plugins.commerce.intake.arriving import ArrivingCart, ArrivingProduct
from bot.plugins.commerce.intake.taking import buyer, once_at_a_time
from bot.plugins.commerce.products import Product, by_sku, lock, sku_key
from storage.records.named import moment


def take_product(session: Session, came: ArrivingProduct, *, mirrored: bool, restored: bool = False) -> Product | None:
    """Return the product that came, as its shop has it now; None for one without a SKU, which nothing can name.

    Where the shop's stock is `mirrored` it is taken too, unless orders here hold some of what was kept here before.
    One that its shop has `restored` is archived no more.
    """
    if not came.sku:
        return None
    once_at_a_time(session, "product", sku_key(came.sku))
    product = by_sku(session, [came.sku]).get(sku_key(came.sku))
    if product is not None and product.outside_at is not None and came.at < product.outside_at:
        return product
    if product is None:
        product = Product.new(
            session, name=came.name, sku=came.sku, price_minor=came.price_minor, currency=came.currency, stock=0
        )
    product.name, product.price_minor, product.currency = came.name, came.price_minor, came.currency
    product.source, product.outside_id, product.outside_at = came.source, came.outside_id, came.at
    if restored:
        product.archived_at = None
    if mirrored and came.stock is not None and product.reserved == 0:
        product.mirrored, product.stock = True, max(0, came.stock)
    session.flush()
    return product


def product_gone(session: Session, source: str, outside_id: str) -> None:
    """Archive a product that its shop has deleted, with its variants; nothing where it never came."""
    for product in lock(session, Product.source == source, Product.outside_id == outside_id):
        product.archived_at = product.archived_at or moment()
    session.flush()


def take_cart(session: Session, came: ArrivingCart) -> Cart:
    """Return the checkout that came, as it is now; what the shop said earlier than what we know is passed by."""
    once_at_a_time(session, came.source, f"cart/{came.outside_id}")
    cart = of_shop(session, came.source, came.outside_id)
    if cart is not None and came.at < cart.outside_at:
        return cart
    if cart is None:
        cart = Cart.new(
            session,
            name=came.buyer.name or came.buyer.email or came.outside_id,
            source=came.source,
            outside_id=came.outside_id,
            outside_at=came.at,
            currency=came.currency,
            total_minor=came.total_minor,
            items=came.items,
        )
    person = buyer(session, came.buyer)
    if person is not None:
        cart.contact_id, cart.customer_id, cart.name = person.id, person.customer_id, person.name
    cart.outside_at, cart.items, cart.address = came.at, came.items, came.address or None
    cart.total_minor, cart.currency = came.total_minor, came.currency
    if came.completed:
        complete(session, cart)
    session.flush()
    return cart
