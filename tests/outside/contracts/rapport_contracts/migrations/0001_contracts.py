"""Make the table of contracts.

Revision ID: contracts_0001
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import record_table

revision = "contracts_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    record_table(
        op,
        "contracts.contract",
        sa.Column("worth_minor", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("until", sa.Date),
        sa.Column("customer_id", sa.BigInteger),
        sa.ForeignKeyConstraint(
            ["workspace_id", "customer_id"], ["customer.workspace_id", "customer.id"], ondelete="CASCADE"
        ),
        noun="contract",
    )


def downgrade() -> None:
    op.drop_table("contract", schema="contracts")
