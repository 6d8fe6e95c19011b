"""Keep with which value of a workspace's own field records begin.

Revision ID: 0046
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("field", sa.Column("begins", JSONB))


def downgrade() -> None:
    op.drop_column("field", "begins")
