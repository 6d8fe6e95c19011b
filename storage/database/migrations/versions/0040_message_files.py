"""Keep the names, kinds and sizes of the files that customers send.

Revision ID: 0040
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("files", JSONB))


def downgrade() -> None:
    op.drop_column("message", "files")
