"""Count what a workspace was asked for of each Web API method, so that all replicas keep within Slack's limits.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # now() is stable, so the table is not rewritten.
    op.add_column(
        "outbox_pause", sa.Column("full_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
    )


def downgrade() -> None:
    op.drop_column("outbox_pause", "full_at")
