"""Keep webhooks, and what each is to be told.

Revision ID: 0034
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.database.engine import composite_key
from storage.database.policies import keep_identity, queue_table, workspace_id

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("state IN ('pending', 'sending')")


def upgrade() -> None:
    op.create_table(
        "webhook",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", ARRAY(sa.Text), nullable=False),
        sa.Column("sensitive", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("paused_at", MOMENT),
        sa.Column("removed_at", MOMENT),
        sa.Column("created_by", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("old_secret", sa.Text),
        sa.Column("old_until", MOMENT),
        sa.Column("failures", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("failing_since", MOMENT),
        sa.Column("not_before", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("disabled_at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.Index(
            "webhook_name_key_idx",
            "workspace_id",
            "name_key",
            unique=True,
            postgresql_where=sa.text("removed_at IS NULL"),
        ),
    )
    queue_table(op, "webhook")
    keep_identity(op, "webhook", "workspace_id", "id")
    op.create_table(
        "webhook_delivery",
        workspace_id(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("seq", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("webhook_id", sa.BigInteger, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("record_id", sa.BigInteger, nullable=False),
        sa.Column("change_set_id", sa.BigInteger),
        sa.Column("changed", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("detail", JSONB, nullable=False, server_default="{}"),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempt", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("lease_until", MOMENT),
        sa.Column("not_before", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("status", sa.SmallInteger),
        sa.Column("took_ms", sa.BigInteger),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("tried_at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        composite_key("webhook_id", "webhook", ondelete="CASCADE"),
        sa.CheckConstraint("state IN ('pending', 'sending', 'sent', 'dead', 'cancelled')", name="state"),
        sa.CheckConstraint("state <> 'sending' OR lease_until IS NOT NULL", name="lease"),
        sa.Index("webhook_delivery_open_idx", "workspace_id", "webhook_id", "seq", postgresql_where=OPEN),
        sa.Index(
            "webhook_delivery_record_idx",
            "workspace_id",
            "webhook_id",
            "noun",
            "record_id",
            "seq",
            postgresql_where=OPEN,
        ),
        sa.Index("webhook_delivery_log_idx", "workspace_id", "webhook_id", "seq"),
        sa.Index("webhook_delivery_old_idx", "workspace_id", "created_at"),
    )
    queue_table(op, "webhook_delivery")
    keep_identity(op, "webhook_delivery", "workspace_id", "id")


def downgrade() -> None:
    op.drop_table("webhook_delivery")
    op.drop_table("webhook")
