"""Keep what waits for a click, so that a button holds a number and not the values.

Revision ID: 0026
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.database.policies import tenant_table, workspace_id

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("values", JSONB, nullable=False),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("kept_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    )
    op.create_index("draft_kept_at_idx", "draft", ["workspace_id", "kept_at"])
    tenant_table(op, "draft")


def downgrade() -> None:
    op.drop_table("draft")
