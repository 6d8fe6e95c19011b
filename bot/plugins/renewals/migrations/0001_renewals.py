"""Create the table of renewals.

Revision ID: renewals_0001
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import tenant_table, workspace_id

revision = "renewals_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "renewal",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("on_date", sa.Date, nullable=False),
        sa.Column("reminded_for", sa.Date),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="renewal_pkey"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "customer_id"],
            ["customer.workspace_id", "customer.id"],
            name="renewal_workspace_id_customer_id_fkey",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("workspace_id", "customer_id", name="renewal_workspace_id_customer_id_key"),
        schema="renewals",
    )
    op.create_index("renewal_workspace_id_on_date_idx", "renewal", ["workspace_id", "on_date"], schema="renewals")
    tenant_table(op, "renewals.renewal")


def downgrade() -> None:
    op.drop_table("renewal", schema="renewals")
