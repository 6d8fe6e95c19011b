"""Find the open cards of a channel, to put what says the same under one of them.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ticket", sa.Column("card_channel_id", sa.Text))
    # Forced, the policies would hide the rows from their owner as well.
    for table in ("ticket", "outbox"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE ticket SET card_channel_id = outbox.target_channel FROM outbox"
        " WHERE outbox.workspace_id = ticket.workspace_id AND outbox.id = ticket.card_delivery_id"
    )
    for table in ("ticket", "outbox"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.create_index(
        "ticket_card_idx",
        "ticket",
        ["workspace_id", "card_channel_id", sa.text("created_at DESC NULLS LAST"), sa.text("id DESC")],
        postgresql_where=sa.text("resolved_at IS NULL AND card_channel_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ticket_card_idx", "ticket")
    op.drop_column("ticket", "card_channel_id")
