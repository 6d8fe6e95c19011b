"""Add the shop's records under a name, and say what its buttons are given."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from bot.plugins.commerce import aftersales, carts, orders, reviews
from bot.plugins.commerce.carts import ABANDONED
from bot.plugins.commerce.products import Product
from storage.crm.customers import Customer
from storage.money import Money
from tests.support.hostile_rows import SeededPlugin

SKUS = itertools.count(1)
PLACES = {"order": "O-1", "lines": "SKU-1:1", "product": "S-1", "cart": "CT-1", "review": "RV-1"}
"""What there is to name in the places of the shop's commands."""


def seed(session: Session, name: str, customer: Customer, who: str) -> SeededPlugin:
    """Add a product, an order that waits and one that has come back, a cart and a review."""
    sku = f"SKU-{next(SKUS)}"
    Product.new(session, name=name, sku=sku, price_minor=1_250, currency="USD", stock=100)
    fresh = orders.place(session, {sku: 2}, name=name, customer_id=customer.id)
    done = orders.place(session, {sku: 2}, name=name, customer_id=customer.id)
    orders.pay(session, done)
    orders.ship(session, done)
    aftersales.take_back(session, done, {sku: 1}, name)
    aftersales.refund(session, done, Money(100, "USD"), name)
    cart = carts.add(session, name=name, total=Money(2_500, "USD"), items=name, customer_id=customer.id)
    cart.state = ABANDONED
    review = reviews.add(session, name=name, stars=1, words=name, customer_id=customer.id)
    reviews.answer(session, review, name, who)
    since, until = (int((datetime.now(UTC) + timedelta(days=days)).timestamp() * 1e6) for days in (-9, 9))
    controls = {"complete": (cart.reference, ""), "explain": ("", f"orders|{since}|{until}|*")}
    controls |= dict.fromkeys(("ship", "pay", "cancel"), (fresh.reference, ""))
    controls |= dict.fromkeys(("deliver", "receive", "refund", "return", "refunded", "returned"), (done.reference, ""))
    controls |= dict.fromkeys(("answer", "answering", "send"), (review.reference, ""))
    shown = [one.reference for one in (fresh, done, cart, review)]
    return SeededPlugin({f"commerce.{key}": value for key, value in controls.items()}, {}, shown)
