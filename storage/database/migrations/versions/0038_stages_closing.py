"""Keep what the deals of a stage that goes out of use are about to become.

Revision ID: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stage", sa.Column("closing_into_id", sa.BigInteger))
    op.create_foreign_key(
        None,
        "stage",
        "stage",
        ["workspace_id", "closing_into_id"],
        ["workspace_id", "id"],
        ondelete="SET NULL (closing_into_id)",
    )


def downgrade() -> None:
    op.drop_column("stage", "closing_into_id")
