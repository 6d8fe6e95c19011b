"""Keep since when a clock has its target, so that no digest judges the time before by it.

Revision ID: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sla_clock", sa.Column("promised_at", sa.TIMESTAMP(timezone=True)))


def downgrade() -> None:
    op.drop_column("sla_clock", "promised_at")
