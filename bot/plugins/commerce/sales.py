"""Keep orders and their lines, what came back of them, and what was paid back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, false, func, select
from sqlalchemy.orm import Mapped, Session, composite, mapped_column

from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Conflict
from storage.money import Money
from storage.records.history import Recorded
from storage.records.named import Key, Named, named_args, newest_first, one_of

OPEN, CANCELLED = "open", "cancelled"
PENDING, AUTHORISED, PAID = "pending", "authorised", "paid"
PARTLY_REFUNDED, REFUNDED = "partly refunded", "refunded"
UNFULFILLED, PARTLY, SHIPPED, DELIVERED = "unfulfilled", "partly", "shipped", "delivered"
LIFECYCLES = (OPEN, CANCELLED)
"""That an order is archived too is told by its `archived_at`, as of any record."""
PAYMENTS = (PENDING, AUTHORISED, PAID, PARTLY_REFUNDED, REFUNDED)
FULFILMENTS = (UNFULFILLED, PARTLY, SHIPPED, DELIVERED)
SCHEMA = {"schema": "commerce", "info": TENANT}


class SalesOrder(Named, Base):
    """Describe what a customer or a person ordered; that it stands, is paid and is shipped are three things.

    One that came from a shop has its `source`, `outside_id` and, as `outside_at`, the shop's time of its last change.
    Amounts are minor units of `currency`; `total_minor` is what all lines come to, less the discount, with shipping and
    other fees and the tax, unless that is in the prices.
    """

    __noun__, __letter__, __tablename__ = "order", "O", "orders"
    __table_args__ = (
        *named_args("commerce.orders"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("contact_id", "contact", ondelete="SET NULL"),
        newest_first("orders_customer_idx", "customer_id", "placed_at"),
        newest_first("orders_contact_idx", "contact_id", "placed_at"),
        newest_first("orders_placed_idx", "placed_at"),
        Index(None, "workspace_id", "source", "outside_id", unique=True),
        one_of("lifecycle", LIFECYCLES),
        one_of("payment", PAYMENTS),
        one_of("fulfilment", FULFILMENTS),
        CheckConstraint("discount_minor >= 0 AND tax_minor >= 0 AND total_minor >= 0", name="amounts"),
        CheckConstraint("0 <= refunded_minor AND refunded_minor <= total_minor", name="refunded"),
        SCHEMA,
    )

    customer_id: Mapped[int | None]
    contact_id: Mapped[int | None]
    lifecycle: Mapped[str] = mapped_column(default=OPEN)
    payment: Mapped[str] = mapped_column(default=PENDING)
    fulfilment: Mapped[str] = mapped_column(default=UNFULFILLED)
    currency: Mapped[str]
    discount_minor: Mapped[int]
    tax_minor: Mapped[int]
    shipping_minor: Mapped[int] = mapped_column(server_default="0", default=0)
    tax_included: Mapped[bool] = mapped_column(server_default=false(), default=False, info={"internal": True})
    total_minor: Mapped[int]
    refunded_minor: Mapped[int] = mapped_column(server_default="0", default=0)
    total: Mapped[Money] = composite("total_minor", "currency")
    placed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    source: Mapped[Key | None]
    outside_id: Mapped[Key | None]
    outside_at: Mapped[datetime | None] = mapped_column(info={"internal": True})

    wanted: ClassVar[str | None] = None
    """Stands for the lines as they are typed into a form; they are stored as such."""

    @property
    def kept_minor(self) -> int:
        """Return what is left of the total after refunds."""
        return self.total_minor - self.refunded_minor

    def check_archive(self) -> None:
        """Raise Conflict while it is to be shipped."""
        if self.lifecycle == OPEN and self.fulfilment in {UNFULFILLED, PARTLY}:
            raise Conflict("{reference} is still to be shipped.", reference=self.reference)

    def check_merge(self, kept: SalesOrder) -> None:
        """Raise Conflict: what was ordered stays as it was ordered."""
        raise Conflict("Orders cannot be merged.")


class _PartOfOrder(Recorded):
    """Carry the key of what belongs to an order; not a table itself."""

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    # That it counts up is said twice, so that SQLAlchemy tells many rows of one INSERT apart by it.
    id: Mapped[int] = mapped_column(Identity(), primary_key=True, autoincrement=True)
    order_id: Mapped[int]

    def history_subject(self) -> tuple[str, int | None]:
        """Return the order: its timeline shows its parts."""
        return SalesOrder.__noun__, self.order_id


class OrderLine(_PartOfOrder, Base):
    """Describe so many of a product at the price of the day.

    Of the `quantity`, `shipped` have left, `held` are on the shelf for it, and of those that left `returned` come back.
    A shop may have sold more than there is: then fewer are held than are still to be shipped.
    """

    __noun__, __tablename__ = "order_line", "order_line"
    __table_args__ = (
        composite_key("order_id", "commerce.orders", ondelete="CASCADE"),
        composite_key("product_id", "commerce.product", ondelete="SET NULL"),
        Index(None, "workspace_id", "order_id"),
        Index(None, "workspace_id", "product_id"),
        CheckConstraint("quantity > 0 AND 0 <= shipped AND shipped <= quantity", name="quantity"),
        CheckConstraint("0 <= held AND held <= quantity - shipped", name="held"),
        CheckConstraint("0 <= returned AND returned <= shipped", name="returned"),
        SCHEMA,
    )

    product_id: Mapped[int | None]
    sku: Mapped[str]
    name: Mapped[str]
    quantity: Mapped[int]
    price_minor: Mapped[int]
    shipped: Mapped[int] = mapped_column(server_default="0", default=0)
    held: Mapped[int] = mapped_column(server_default="0", default=0)
    returned: Mapped[int] = mapped_column(server_default="0", default=0)
    outside_id: Mapped[Key | None]

    @property
    def left(self) -> int:
        """Return how many are still to be shipped."""
        return self.quantity - self.shipped

    @property
    def out(self) -> int:
        """Return how many are with the customer, and to stay there."""
        return self.shipped - self.returned


class Refund(_PartOfOrder, Base):
    """Describe money that was paid back, in minor units of the order's currency."""

    __noun__, __tablename__ = "refund", "refund"
    __table_args__ = (
        composite_key("order_id", "commerce.orders", ondelete="CASCADE"),
        Index(None, "workspace_id", "order_id"),
        newest_first("refund_at_idx", "at"),
        CheckConstraint("amount_minor > 0", name="amount"),
        SCHEMA,
    )

    amount_minor: Mapped[int]
    reason: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    outside_id: Mapped[Key | None]


class GoodsReturn(_PartOfOrder, Base):
    """Describe goods that come back, and why; `received_at` says when they were here again."""

    __noun__, __tablename__ = "goods_return", "goods_return"
    __table_args__ = (
        composite_key("order_id", "commerce.orders", ondelete="CASCADE"),
        Index(None, "workspace_id", "order_id"),
        newest_first("goods_return_at_idx", "at"),
        SCHEMA,
    )

    reason: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    received_at: Mapped[datetime | None]
    outside_id: Mapped[Key | None]


class ReturnLine(_PartOfOrder, Base):
    """Describe how many of a line of an order come back."""

    __noun__, __tablename__ = "return_line", "return_line"
    __table_args__ = (
        composite_key("order_id", "commerce.orders", ondelete="CASCADE"),
        composite_key("return_id", "commerce.goods_return", ondelete="CASCADE"),
        composite_key("line_id", "commerce.order_line", ondelete="CASCADE"),
        Index(None, "workspace_id", "order_id"),
        CheckConstraint("quantity > 0", name="quantity"),
        SCHEMA,
    )

    return_id: Mapped[int]
    line_id: Mapped[int]
    quantity: Mapped[int]


def lines_of(session: Session, order: SalesOrder) -> Sequence[OrderLine]:
    """Return the lines of an order as they were entered."""
    return session.scalars(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).all()


def refunds_of(session: Session, order: SalesOrder) -> Sequence[Refund]:
    """Return what was paid back of an order, the first refund first."""
    return session.scalars(select(Refund).where(Refund.order_id == order.id).order_by(Refund.id)).all()


def returns_of(session: Session, order: SalesOrder) -> Sequence[tuple[GoodsReturn, Sequence[tuple[str, int]]]]:
    """Return what comes back of an order, each time with the names and numbers of what it is."""
    found = session.scalars(select(GoodsReturn).where(GoodsReturn.order_id == order.id).order_by(GoodsReturn.id)).all()
    parts = (
        select(ReturnLine.return_id, OrderLine.name, ReturnLine.quantity)
        .join(OrderLine, OrderLine.id == ReturnLine.line_id)
        .where(ReturnLine.order_id == order.id)
        .order_by(ReturnLine.id)
    )
    rows = session.execute(parts).all()
    return [(one, [(name, quantity) for of, name, quantity in rows if of == one.id]) for one in found]
