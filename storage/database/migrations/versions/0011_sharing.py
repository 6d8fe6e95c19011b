"""Know which channels others can read, and since when that is known.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import tenant_table, workspace_id

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_sharing",
        workspace_id(),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("shared", sa.Boolean),
        sa.Column("known_at", sa.DateTime(timezone=True)),
        sa.Column("changes", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("event_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id"),
    )
    tenant_table(op, "channel_sharing")


def downgrade() -> None:
    op.drop_table("channel_sharing")
