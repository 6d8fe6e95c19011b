"""Keep how many decimals the numbers of a workspace's own field may have.

Revision ID: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("field", sa.Column("decimals", sa.SmallInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("field", "decimals")
