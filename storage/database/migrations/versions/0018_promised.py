"""Keep with each message how sure its card may say that the model is.

Revision ID: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("promised", sa.Float))


def downgrade() -> None:
    op.drop_column("message", "promised")
