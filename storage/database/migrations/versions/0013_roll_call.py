"""Keep when a workspace's people are read from Slack again.

Revision ID: 0013
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import keep_identity, queue_table, workspace_id

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "roll_call",
        workspace_id(),
        sa.Column("asked_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("began_at", MOMENT),
        sa.Column("done_at", MOMENT),
        sa.Column("listed_from", MOMENT),
        sa.Column("page", sa.Text),
        sa.Column("not_before", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("attempt", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("lease_until", MOMENT),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("workspace_id"),
    )
    queue_table(op, "roll_call")
    keep_identity(op, "roll_call", "workspace_id")


def downgrade() -> None:
    op.drop_table("roll_call")
