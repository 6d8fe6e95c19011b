"""Keep carts: checkouts that customers began in a shop, until they are completed or given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, Session, composite, mapped_column

from bot.plugins.commerce.sales import SCHEMA, SalesOrder
from storage.crm import followups
from storage.database.engine import Base, composite_key
from storage.errors import Conflict
from storage.money import Money
from storage.records.named import Key, Named, moment, named_args, newest_first, one_of

OPEN, ABANDONED, COMPLETED = "open", "abandoned", "completed"
STATES = (OPEN, ABANDONED, COMPLETED)
HERE = "here"
"""The source of carts that no shop sent."""


class Cart(Named, Base):
    """Describe a checkout; `items` says what is in it in words, `outside_at` is the shop's time of its last change."""

    __noun__, __letter__, __tablename__ = "cart", "CT", "cart"
    __table_args__ = (
        *named_args("commerce.cart"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("contact_id", "contact", ondelete="SET NULL"),
        composite_key("order_id", "commerce.orders", ondelete="SET NULL"),
        Index(None, "workspace_id", "source", "outside_id", unique=True),
        Index(None, "workspace_id", "state", "outside_at"),
        Index(None, "workspace_id", "customer_id"),
        Index(None, "workspace_id", "contact_id"),
        Index(None, "workspace_id", "order_id"),
        newest_first("cart_created_idx", "created_at"),
        one_of("state", STATES),
        SCHEMA,
    )

    customer_id: Mapped[int | None]
    contact_id: Mapped[int | None]
    order_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(default=OPEN)
    items: Mapped[str]
    total_minor: Mapped[int]
    currency: Mapped[str]
    total: Mapped[Money] = composite("total_minor", "currency")
    address: Mapped[str | None]
    source: Mapped[Key]
    outside_id: Mapped[Key]
    outside_at: Mapped[datetime] = mapped_column(info={"internal": True})

    def check_merge(self, kept: Cart) -> None:
        """Raise Conflict: a checkout is the shop's."""
        raise Conflict("Carts cannot be merged.")


def add(
    session: Session,
    *,
    name: str,
    total: Money,
    items: str | None = None,
    customer_id: int | None = None,
    contact_id: int | None = None,
) -> Cart:
    """Keep a cart that somebody told us of, such as by telephone, from now on."""
    return Cart.new(
        session,
        name=name,
        items=items or "",
        total_minor=total.minor,
        currency=total.currency,
        customer_id=customer_id,
        contact_id=contact_id,
        source=HERE,
        outside_id=uuid4().hex,
        outside_at=moment(),
    )


def of_shop(session: Session, source: str, outside_id: str) -> Cart | None:
    """Return a shop's cart by its number there, held for this transaction; None for one that never came."""
    same = Cart.source == source, Cart.outside_id == outside_id
    found = select(Cart).where(*same).with_for_update().execution_options(populate_existing=True)
    return session.scalars(found).one_or_none()


def complete(session: Session, cart: Cart, order: SalesOrder | None = None) -> None:
    """Say that a cart became an order; the follow-ups about it are over."""
    if cart.state != COMPLETED:
        cart.state = COMPLETED
        followups.cancel_about(session, cart)
    if order is not None:
        cart.order_id = order.id
    session.flush()


def given_up(session: Session, before: datetime, limit: int) -> Sequence[Cart]:
    """Return open carts of people we know that nobody has changed since a moment, the oldest first, at most so many."""
    left = Cart.state == OPEN, Cart.outside_at < before, Cart.archived_at.is_(None)
    found = select(Cart).where(*left).order_by(Cart.outside_at, Cart.id).limit(limit).with_for_update(skip_locked=True)
    return session.scalars(found).all()
