"""Group messages by what they are about, and keep with a message about which ticket people are asked.

The release before knows nothing of it and goes on by the window. Channels that are in use keep their window.

Revision ID: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("perhaps_ticket_id", sa.BigInteger))
    op.add_column("channel_link", sa.Column("by_matter", sa.Boolean, nullable=False, server_default=sa.false()))
    op.alter_column("channel_link", "by_matter", server_default=sa.true())


def downgrade() -> None:
    op.drop_column("channel_link", "by_matter")
    op.drop_column("message", "perhaps_ticket_id")
