"""Keep for which of a workspace's reasons a deal was won or lost.

No constraint ties it to closed deals, as the release before opens one again without knowing of it.

Revision ID: 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deal", sa.Column("closed_reason", sa.Text(collation="C")))
    op.create_index(
        "deal_closed_reason_idx",
        "deal",
        ["workspace_id", "closed_reason", sa.text("closed_at DESC NULLS LAST"), sa.text("id DESC")],
        postgresql_where=sa.text("closed_reason IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("deal_closed_reason_idx", "deal")
    op.drop_column("deal", "closed_reason")
