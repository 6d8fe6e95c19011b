"""Make the tables of products, orders with their lines, returns and refunds.

Revision ID: commerce_0001
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import record_table, tenant_table, workspace_id

revision = "commerce_0001"
down_revision = None
branch_labels = None
depends_on = None

NOW = sa.text("now()")
MOMENT = sa.DateTime(timezone=True)


def to(column: str, table: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column], [f"{table}.workspace_id", f"{table}.id"], ondelete=ondelete
    )


def words(name: str, *, empty: bool = False, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C") if key else sa.Text, nullable=empty)


def whole(name: str, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=default)


def newest(name: str, table: str, *columns: str) -> None:
    *first, at = columns
    ordered = [sa.text(f"{at} DESC NULLS LAST"), sa.text("id DESC")]
    op.create_index(name, table, ["workspace_id", *first, *ordered], schema="commerce")


def part(table: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("order_id", sa.BigInteger, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        to("order_id", "commerce.orders", "CASCADE"),
        sa.Index(None, "workspace_id", "order_id"),
        schema="commerce",
    )
    tenant_table(op, f"commerce.{table}")


def upgrade() -> None:
    record_table(
        op,
        "commerce.product",
        words("sku"),
        words("sku_key", key=True),
        whole("price_minor"),
        words("currency"),
        whole("stock"),
        whole("reserved", "0"),
        sa.Column("variant_of_id", sa.BigInteger),
        sa.Column("mirrored", sa.Boolean, nullable=False, server_default=sa.false()),
        to("variant_of_id", "commerce.product", "SET NULL (variant_of_id)"),
        sa.CheckConstraint("0 <= reserved AND reserved <= stock", name="product_stock_check"),
        sa.CheckConstraint("price_minor >= 0", name="product_price_check"),
        sa.CheckConstraint("NOT mirrored OR reserved = 0", name="product_mirrored_check"),
        sa.Index(None, "workspace_id", "variant_of_id"),
        noun="product",
    )
    one = sa.text("merged_into_id IS NULL")
    columns = ["workspace_id", "sku_key"]
    name = "product_workspace_id_sku_key_idx"
    op.create_index(name, "product", columns, unique=True, postgresql_where=one, schema="commerce")
    record_table(
        op,
        "commerce.orders",
        sa.Column("customer_id", sa.BigInteger),
        sa.Column("contact_id", sa.BigInteger),
        *(words(name) for name in ("lifecycle", "payment", "fulfilment", "currency")),
        *(whole(name) for name in ("discount_minor", "tax_minor", "total_minor")),
        whole("refunded_minor", "0"),
        sa.Column("placed_at", MOMENT, nullable=False, server_default=NOW),
        words("source", empty=True, key=True),
        words("outside_id", empty=True, key=True),
        sa.Column("outside_at", MOMENT),
        to("customer_id", "customer", "SET NULL (customer_id)"),
        to("contact_id", "contact", "SET NULL (contact_id)"),
        sa.CheckConstraint("lifecycle IN ('open', 'cancelled')", name="orders_lifecycle_check"),
        sa.CheckConstraint(
            "payment IN ('pending', 'authorised', 'paid', 'partly refunded', 'refunded')", name="orders_payment_check"
        ),
        sa.CheckConstraint(
            "fulfilment IN ('unfulfilled', 'partly', 'shipped', 'delivered')", name="orders_fulfilment_check"
        ),
        sa.CheckConstraint("discount_minor >= 0 AND tax_minor >= 0 AND total_minor >= 0", name="orders_amounts_check"),
        sa.CheckConstraint("0 <= refunded_minor AND refunded_minor <= total_minor", name="orders_refunded_check"),
        sa.Index(None, "workspace_id", "source", "outside_id", unique=True),
        noun="order",
    )
    newest("orders_customer_idx", "orders", "customer_id", "placed_at")
    newest("orders_contact_idx", "orders", "contact_id", "placed_at")
    newest("orders_placed_idx", "orders", "placed_at")
    part(
        "order_line",
        sa.Column("product_id", sa.BigInteger),
        words("sku"),
        words("name"),
        whole("quantity"),
        whole("price_minor"),
        *(whole(name, "0") for name in ("shipped", "held", "returned")),
        to("product_id", "commerce.product", "SET NULL (product_id)"),
        sa.CheckConstraint("quantity > 0 AND 0 <= shipped AND shipped <= quantity", name="order_line_quantity_check"),
        sa.CheckConstraint("0 <= held AND held <= quantity - shipped", name="order_line_held_check"),
        sa.CheckConstraint("0 <= returned AND returned <= shipped", name="order_line_returned_check"),
        sa.Index(None, "workspace_id", "product_id"),
    )
    part(
        "refund",
        whole("amount_minor"),
        words("reason", empty=True),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        words("outside_id", empty=True, key=True),
        sa.CheckConstraint("amount_minor > 0", name="refund_amount_check"),
    )
    newest("refund_at_idx", "refund", "at")
    part(
        "goods_return",
        words("reason", empty=True),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("received_at", MOMENT),
    )
    newest("goods_return_at_idx", "goods_return", "at")
    part(
        "return_line",
        sa.Column("return_id", sa.BigInteger, nullable=False),
        sa.Column("line_id", sa.BigInteger, nullable=False),
        whole("quantity"),
        to("return_id", "commerce.goods_return", "CASCADE"),
        to("line_id", "commerce.order_line", "CASCADE"),
        sa.CheckConstraint("quantity > 0", name="return_line_quantity_check"),
    )


def downgrade() -> None:
    for table in ("return_line", "goods_return", "refund", "order_line", "orders", "product"):
        op.drop_table(table, schema="commerce")
