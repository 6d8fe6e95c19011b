"""Keep whether an answer to a review was told to another program.

Revision ID: commerce_0003
"""

import sqlalchemy as sa
from alembic import op

revision = "commerce_0003"
down_revision = "commerce_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = sa.Column("told", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("review", told, schema="commerce")


def downgrade() -> None:
    op.drop_column("review", "told", schema="commerce")
