"""Keep what shops send: numbers of theirs, carts that are not completed, and reviews.

Revision ID: commerce_0002
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import record_table

revision = "commerce_0002"
down_revision = "commerce_0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def to(column: str, table: str) -> sa.ForeignKeyConstraint:
    columns, target = ["workspace_id", column], [f"{table}.workspace_id", f"{table}.id"]
    return sa.ForeignKeyConstraint(columns, target, ondelete=f"SET NULL ({column})")


def words(name: str, *, empty: bool = True, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C") if key else sa.Text, nullable=empty)


def whole(name: str, *, empty: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=empty)


def upgrade() -> None:
    for table in ("order_line", "goods_return"):
        op.add_column(table, words("outside_id", key=True), schema="commerce")
    op.add_column("product", sa.Column("outside_at", MOMENT), schema="commerce")
    record_table(
        op,
        "commerce.cart",
        *(whole(name) for name in ("customer_id", "contact_id", "order_id")),
        words("state", empty=False),
        words("items", empty=False),
        whole("total_minor", empty=False),
        words("currency", empty=False),
        words("address"),
        words("source", empty=False, key=True),
        words("outside_id", empty=False, key=True),
        sa.Column("outside_at", MOMENT, nullable=False),
        to("customer_id", "customer"),
        to("contact_id", "contact"),
        to("order_id", "commerce.orders"),
        sa.CheckConstraint("state IN ('open', 'abandoned', 'completed')", name="cart_state_check"),
        sa.Index(None, "workspace_id", "source", "outside_id", unique=True),
        sa.Index(None, "workspace_id", "state", "outside_at"),
        sa.Index(None, "workspace_id", "customer_id"),
        sa.Index(None, "workspace_id", "contact_id"),
        sa.Index(None, "workspace_id", "order_id"),
        noun="cart",
    )
    record_table(
        op,
        "commerce.review",
        *(whole(name) for name in ("customer_id", "contact_id", "product_id")),
        whole("stars", empty=False),
        words("words"),
        words("category", key=True),
        whole("confidence"),
        words("answer"),
        words("answered_by"),
        sa.Column("answered_at", MOMENT),
        words("source", key=True),
        words("outside_id", key=True),
        to("customer_id", "customer"),
        to("contact_id", "contact"),
        to("product_id", "commerce.product"),
        to("answered_by", "member"),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="review_stars_check"),
        sa.Index(None, "workspace_id", "source", "outside_id", unique=True),
        sa.Index(None, "workspace_id", "customer_id"),
        sa.Index(None, "workspace_id", "contact_id"),
        sa.Index(None, "workspace_id", "product_id"),
        sa.Index(None, "workspace_id", "stars"),
        noun="review",
    )


def downgrade() -> None:
    for table in ("review", "cart"):
        op.drop_table(table, schema="commerce")
    op.drop_column("product", "outside_at", schema="commerce")
    for table in ("goods_return", "order_line"):
        op.drop_column(table, "outside_id", schema="commerce")
