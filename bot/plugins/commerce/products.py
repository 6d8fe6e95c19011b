"""Keep products and their variants, each with a SKU, a price, and what is on the shelf."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import CheckConstraint, ColumnElement, Index, false, select
from sqlalchemy.orm import Mapped, Session, composite, mapped_column

from bot.plugins.commerce import plugin
from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Conflict, Invalid
from storage.money import Money
from storage.records import named
from storage.records.declaration import Values
from storage.records.named import Key, Named, named_args

plugin.tables(migrations=Path(__file__).parent / "migrations")


class Product(Named, Base):
    """Describe what is sold; of `stock`, which is on the shelf, `reserved` is promised to open orders.

    A variant (a size, a colour) is a product too, of another one. Of one that is `mirrored` the shop keeps the stock:
    it is shown here, and never reserved.
    """

    __noun__, __letter__, __tablename__ = "product", "S", "product"
    __table_args__ = (
        *named_args("commerce.product"),
        composite_key("variant_of_id", "commerce.product", ondelete="SET NULL"),
        Index(None, "workspace_id", "sku_key", unique=True, postgresql_where="merged_into_id IS NULL"),
        Index(None, "workspace_id", "variant_of_id"),
        Index("product_outside_idx", "workspace_id", "source", "outside_id"),
        CheckConstraint("0 <= reserved AND reserved <= stock", name="stock"),
        CheckConstraint("price_minor >= 0", name="price"),
        CheckConstraint("NOT mirrored OR reserved = 0", name="mirrored"),
        {"schema": "commerce", "info": TENANT},
    )

    sku: Mapped[str]
    sku_key: Mapped[Key]
    price_minor: Mapped[int]
    currency: Mapped[str]
    price: Mapped[Money] = composite("price_minor", "currency")
    stock: Mapped[int]
    reserved: Mapped[int] = mapped_column(server_default="0", default=0)
    variant_of_id: Mapped[int | None]
    mirrored: Mapped[bool] = mapped_column(server_default=false(), default=False)
    source: Mapped[Key | None] = mapped_column(info={"internal": True})
    outside_id: Mapped[Key | None] = mapped_column(info={"internal": True})
    outside_at: Mapped[datetime | None] = mapped_column(info={"internal": True})

    def found_by(self) -> Sequence[str | None]:
        """Return the texts a search looks at: name and SKU."""
        return (self.name, self.sku)

    def derive_keys(self) -> None:
        """Set the key of the SKU too: it is one in whatever case."""
        super().derive_keys()
        self.sku_key = sku_key(self.sku)

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


def sku_key(sku: str) -> str:
    """Return what two SKUs have in common that are one."""
    return sku.strip().casefold()


def resolve(session: Session, typed: str) -> Product:
    """Return the product a person means, by its SKU too; raise Ambiguous or NotFound with candidates."""
    return named.resolve(session, Product, typed, also=[Product.sku_key == sku_key(typed)])


def by_sku(session: Session, skus: Iterable[str]) -> dict[str, Product]:
    """Return the products with these SKUs by the keys of them, whether archived or not, locked in one order."""
    keys = sorted({sku_key(one) for one in skus})
    return {one.sku_key: one for one in lock(session, Product.sku_key.in_(keys), Product.merged_into_id.is_(None))}


def lock(session: Session, *where: ColumnElement[bool]) -> list[Product]:
    """Return products as they are now, held for this transaction, in the order of their numbers.

    Whoever changes a stock locks so, so that two wait for each other and never for ever.
    """
    found = select(Product).where(*where).order_by(Product.id).with_for_update()
    return list(session.scalars(found.execution_options(populate_existing=True)))


def variants(session: Session, product: Product) -> Sequence[Product]:
    """Return the variants of a product that are not archived, by name."""
    of = Product.variant_of_id == product.id, Product.archived_at.is_(None), Product.merged_into_id.is_(None)
    return session.scalars(select(Product).where(*of).order_by(Product.name_key, Product.id)).all()


def refuse(session: Session, record: Product | None, values: Values) -> None:
    """Raise Conflict for a SKU that another has or a stock below what is promised, Invalid for what cannot be."""
    sku, price, stock, parent = (values.get(key) for key in ("sku", "price", "stock", "variant-of"))
    if sku is not None:
        if not sku_key(sku) or any(one.isspace() or one == ":" for one in sku.strip()):
            raise Invalid("A SKU is one word without a colon.", field="sku")
        other = by_sku(session, [sku]).get(sku_key(sku))
        if other is not None and other is not record:
            raise Conflict("{reference} has this SKU already.", reference=other.reference, field="sku")
    if price is not None and price.minor < 0:
        raise Invalid("A price is not below zero.", field="price")
    if stock is not None and record is not None:
        session.refresh(record, with_for_update=True)
        if record.mirrored:
            raise Conflict("The shop keeps the stock of {name}: change it there.", name=record.name, field="stock")
        if stock < record.reserved:
            raise Conflict("Open orders hold {count} of {name}.", count=record.reserved, name=record.name)
    if parent is not None:
        whole = named.get(session, Product, parent)
        if whole is record or whole.variant_of_id is not None or (record is not None and variants(session, record)):
            raise Invalid("A variant is of a product that is no variant itself.", field="variant-of")
