"""Keep what shipping cost, whether the tax is in the prices, and a shop's number of a product; list carts and reviews.

Revision ID: commerce_0004
"""

import sqlalchemy as sa
from alembic import op

revision = "commerce_0004"
down_revision = "commerce_0003"
branch_labels = None
depends_on = None
LISTED = ("cart", "review")


def upgrade() -> None:
    shipping = sa.Column("shipping_minor", sa.BigInteger, nullable=False, server_default="0")
    included = sa.Column("tax_included", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("orders", shipping, schema="commerce")
    op.add_column("orders", included, schema="commerce")
    op.add_column("product", sa.Column("source", sa.Text), schema="commerce")
    op.add_column("product", sa.Column("outside_id", sa.Text), schema="commerce")
    op.create_index("product_outside_idx", "product", ["workspace_id", "source", "outside_id"], schema="commerce")
    newest = [sa.text("workspace_id"), sa.text("created_at DESC NULLS LAST"), sa.text("id DESC")]
    for table in LISTED:
        op.create_index(f"{table}_created_idx", table, newest, schema="commerce")


def downgrade() -> None:
    for table in LISTED:
        op.drop_index(f"{table}_created_idx", table, schema="commerce")
    op.drop_column("product", "outside_id", schema="commerce")
    op.drop_column("product", "source", schema="commerce")
    op.drop_column("orders", "tax_included", schema="commerce")
    op.drop_column("orders", "shipping_minor", schema="commerce")
