"""Keep by which filters a digest counts, and by which each of its runs counted.

Revision ID: 0050
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("digest", "digest_run"):
        op.add_column(table, sa.Column("only", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    for table in ("digest", "digest_run"):
        op.drop_column(table, "only")
