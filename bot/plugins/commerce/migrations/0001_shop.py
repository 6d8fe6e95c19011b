"""Make the tables of products, orders and their lines.

Revision ID: commerce_0001
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import record_table, tenant_table, workspace_id

revision = "commerce_0001"
down_revision = None
branch_labels = None
depends_on = None


def to(column: str, table: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column], [f"{table}.workspace_id", f"{table}.id"], ondelete=ondelete
    )


def upgrade() -> None:
    whole, words = sa.BigInteger, sa.Text
    record_table(
        op,
        "commerce.product",
        sa.Column("sku", words, nullable=False),
        sa.Column("sku_key", sa.Text(collation="C"), nullable=False),
        sa.Column("price_minor", whole, nullable=False),
        sa.Column("currency", words, nullable=False),
        sa.Column("stock", whole, nullable=False),
        sa.Column("reserved", whole, nullable=False, server_default="0"),
        sa.CheckConstraint("0 <= reserved AND reserved <= stock", name="product_stock_check"),
        sa.CheckConstraint("price_minor >= 0", name="product_price_check"),
        noun="product",
    )
    one = sa.text("merged_into_id IS NULL")
    op.create_index(
        "product_workspace_id_sku_key_idx",
        "product",
        ["workspace_id", "sku_key"],
        unique=True,
        postgresql_where=one,
        schema="commerce",
    )
    record_table(
        op,
        "commerce.orders",
        sa.Column("customer_id", whole),
        *(sa.Column(name, words, nullable=False) for name in ("lifecycle", "payment", "fulfilment", "currency")),
        *(sa.Column(name, whole, nullable=False) for name in ("discount_minor", "tax_minor", "total_minor")),
        to("customer_id", "customer", "SET NULL (customer_id)"),
        sa.CheckConstraint("lifecycle IN ('open', 'cancelled')", name="orders_lifecycle_check"),
        sa.CheckConstraint("payment IN ('pending', 'paid', 'refunded')", name="orders_payment_check"),
        sa.CheckConstraint("fulfilment IN ('unfulfilled', 'partly', 'shipped')", name="orders_fulfilment_check"),
        sa.CheckConstraint("discount_minor >= 0 AND tax_minor >= 0 AND total_minor >= 0", name="orders_amounts_check"),
        sa.Index(None, "workspace_id", "customer_id"),
        noun="order",
    )
    op.create_table(
        "order_line",
        workspace_id(),
        sa.Column("id", whole, sa.Identity(), nullable=False),
        sa.Column("order_id", whole, nullable=False),
        sa.Column("product_id", whole),
        sa.Column("sku", words, nullable=False),
        sa.Column("name", words, nullable=False),
        sa.Column("quantity", whole, nullable=False),
        sa.Column("price_minor", whole, nullable=False),
        sa.Column("shipped", whole, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        to("order_id", "commerce.orders", "CASCADE"),
        to("product_id", "commerce.product", "SET NULL (product_id)"),
        sa.CheckConstraint("quantity > 0 AND 0 <= shipped AND shipped <= quantity", name="order_line_quantity_check"),
        sa.Index(None, "workspace_id", "order_id"),
        sa.Index(None, "workspace_id", "product_id"),
        schema="commerce",
    )
    tenant_table(op, "commerce.order_line")


def downgrade() -> None:
    for table in ("order_line", "orders", "product"):
        op.drop_table(table, schema="commerce")
