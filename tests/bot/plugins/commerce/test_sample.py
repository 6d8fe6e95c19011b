"""Fill a demo with a year of the shop, in which no number contradicts another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.plugins.commerce import sample
from bot.plugins.commerce.carts import Cart
from bot.plugins.commerce.products import Product
from bot.plugins.commerce.reviews import Review
from bot.plugins.commerce.sales import CANCELLED, DELIVERED, GoodsReturn, OrderLine, SalesOrder
from storage.crm import customers
from storage.workspace.workspaces import Workspace


def test_a_year_of_the_shop_is_a_year(session: Session) -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    customers.add(session, name="Harbor Lines")
    sample.year(session, session.scalars(select(Workspace)).one(), now)
    session.expire_all()
    first, last = session.execute(select(func.min(SalesOrder.placed_at), func.max(SalesOrder.placed_at))).one()
    assert timedelta(days=300) < last - first < timedelta(days=366) and last < now
    states = set(session.scalars(select(SalesOrder.fulfilment)))
    assert {"unfulfilled", "shipped", DELIVERED} <= states
    late = SalesOrder.placed_at > now - timedelta(days=5), SalesOrder.fulfilment == DELIVERED
    assert session.scalars(select(SalesOrder).where(*late)).all() == []
    assert session.scalars(select(SalesOrder).where(SalesOrder.lifecycle == CANCELLED)).all()
    assert session.scalars(select(GoodsReturn)).all() and session.scalars(select(Cart)).all()
    stars = session.scalars(select(Review.stars)).all()
    assert {1, 5} <= set(stars)
    for product in session.scalars(select(Product)):
        held = select(func.coalesce(func.sum(OrderLine.held), 0)).where(OrderLine.product_id == product.id)
        assert product.reserved == session.scalar(held)
