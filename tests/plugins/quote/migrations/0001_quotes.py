"""Make the table of quotes.

Revision ID: quotes_0001
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import record_table

revision = "quotes_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    record_table(
        op,
        "quotes.quote",
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("until", sa.Date),
        sa.Column("customer_id", sa.BigInteger),
        sa.ForeignKeyConstraint(
            ["workspace_id", "customer_id"],
            ["customer.workspace_id", "customer.id"],
            ondelete="SET NULL (customer_id)",
        ),
        noun="quote",
    )


def downgrade() -> None:
    op.drop_table("quote", schema="quotes")
