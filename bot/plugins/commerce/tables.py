"""Keep products, orders and their lines in a schema of the plugin's own."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, composite, mapped_column

from bot.plugins.commerce import plugin
from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Conflict
from storage.money import Money
from storage.records.history import Recorded
from storage.records.named import Key, Named, named_args, one_of

OPEN, CANCELLED = "open", "cancelled"
PENDING, PAID, REFUNDED = "pending", "paid", "refunded"
UNFULFILLED, PARTLY, SHIPPED = "unfulfilled", "partly", "shipped"
SCHEMA = {"schema": "commerce", "info": TENANT}

plugin.tables(migrations=Path(__file__).parent / "migrations")


class Product(Named, Base):
    """Describe what is sold; of `stock`, which is on the shelf, `reserved` is promised to open orders."""

    __noun__, __letter__, __tablename__ = "product", "S", "product"
    __table_args__ = (
        *named_args("commerce.product"),
        Index(None, "workspace_id", "sku_key", unique=True, postgresql_where="merged_into_id IS NULL"),
        CheckConstraint("0 <= reserved AND reserved <= stock", name="stock"),
        CheckConstraint("price_minor >= 0", name="price"),
        SCHEMA,
    )

    sku: Mapped[str]
    sku_key: Mapped[Key]
    price_minor: Mapped[int]
    currency: Mapped[str]
    price: Mapped[Money] = composite("price_minor", "currency")
    stock: Mapped[int]
    reserved: Mapped[int] = mapped_column(server_default="0", default=0)

    def derive_keys(self) -> None:
        """Set the key of the SKU too: it is one in whatever case."""
        super().derive_keys()
        self.sku_key = self.sku.strip().casefold()

    def check_archive(self) -> None:
        """Raise Conflict while open orders hold some of it."""
        if self.reserved:
            raise Conflict("Open orders hold {count} of {name}.", count=self.reserved, name=self.name)

    def check_merge(self, kept: Product) -> None:
        """Raise Conflict: two shelves are not one."""
        raise Conflict("Products cannot be merged.", hint="Archive {reference} instead.", reference=self.reference)

    @property
    def available(self) -> int:
        """Return how many can still be ordered."""
        return self.stock - self.reserved


class SalesOrder(Named, Base):
    """Describe what a customer ordered; that it stands, is paid and is shipped are three things."""

    __noun__, __letter__, __tablename__ = "order", "O", "orders"
    __table_args__ = (
        *named_args("commerce.orders"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        Index(None, "workspace_id", "customer_id"),
        one_of("lifecycle", (OPEN, CANCELLED)),
        one_of("payment", (PENDING, PAID, REFUNDED)),
        one_of("fulfilment", (UNFULFILLED, PARTLY, SHIPPED)),
        CheckConstraint("discount_minor >= 0 AND tax_minor >= 0 AND total_minor >= 0", name="amounts"),
        SCHEMA,
    )

    customer_id: Mapped[int | None]
    lifecycle: Mapped[str] = mapped_column(default=OPEN)
    payment: Mapped[str] = mapped_column(default=PENDING)
    fulfilment: Mapped[str] = mapped_column(default=UNFULFILLED)
    currency: Mapped[str]
    discount_minor: Mapped[int]
    tax_minor: Mapped[int]
    total_minor: Mapped[int]
    total: Mapped[Money] = composite("total_minor", "currency")

    def check_archive(self) -> None:
        """Raise Conflict while it holds something on the shelf."""
        if self.lifecycle == OPEN and self.fulfilment != SHIPPED:
            raise Conflict("{reference} is still to be shipped.", reference=self.reference)

    def check_merge(self, kept: SalesOrder) -> None:
        """Raise Conflict: what was ordered stays as it was ordered."""
        raise Conflict("Orders cannot be merged.")


class OrderLine(Recorded, Base):
    """Describe so many of a product at the price of the day; `shipped` of the `quantity` have left the shelf."""

    __noun__, __tablename__ = "order_line", "order_line"
    __table_args__ = (
        composite_key("order_id", "commerce.orders", ondelete="CASCADE"),
        composite_key("product_id", "commerce.product", ondelete="SET NULL"),
        Index(None, "workspace_id", "order_id"),
        Index(None, "workspace_id", "product_id"),
        CheckConstraint("quantity > 0 AND 0 <= shipped AND shipped <= quantity", name="quantity"),
        SCHEMA,
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_id: Mapped[int]
    product_id: Mapped[int | None]
    sku: Mapped[str]
    name: Mapped[str]
    quantity: Mapped[int]
    price_minor: Mapped[int]
    shipped: Mapped[int] = mapped_column(server_default="0", default=0)

    def history_subject(self) -> tuple[str, int | None]:
        """Return the order: its timeline shows its lines."""
        return "order", self.order_id
