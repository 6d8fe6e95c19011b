"""Create what the clock needs: recurring follow-ups, service levels, and when people want to be left alone.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.database.engine import composite_key
from storage.database.policies import tenant_table, workspace_id

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.func.now()
KEY = sa.Text(collation="C")
NEW_TABLES = ("attention", "business_hours", "holiday", "sla_target", "sla_pause", "sla_clock")


def upgrade() -> None:
    op.add_column("followup", sa.Column("recurrence", sa.Text))
    op.create_table(
        "attention",
        workspace_id(),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("quiet_from", sa.Time),
        sa.Column("quiet_until", sa.Time),
        sa.Column("days_off", ARRAY(sa.SmallInteger), nullable=False, server_default="{}"),
        sa.Column("muted", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("daily_budget", sa.SmallInteger),
        sa.PrimaryKeyConstraint("workspace_id", "target"),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet"),
        sa.CheckConstraint("daily_budget >= 0", name="daily_budget"),
    )
    op.create_index("outbox_dead_idx", "outbox", ["workspace_id", "seq"], postgresql_where=sa.text("state = 'dead'"))
    op.create_index("inbox_dead_idx", "inbox", ["workspace_id", "id"], postgresql_where=sa.text("state = 'dead'"))
    _service_levels()
    for table in NEW_TABLES:
        tenant_table(op, table)


def _service_levels() -> None:
    op.create_table(
        "business_hours",
        workspace_id(),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("hours", JSONB, nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("workspace_id"),
    )
    op.create_table(
        "holiday",
        workspace_id(),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "day"),
    )
    op.create_table(
        "sla_target",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("priority", sa.Text),
        sa.Column("tier", KEY),
        sa.Column("first_response_minutes", sa.Integer),
        sa.Column("resolution_minutes", sa.Integer),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name="priority"),
        sa.CheckConstraint("first_response_minutes > 0 AND resolution_minutes > 0", name="minutes"),
        sa.CheckConstraint("num_nonnulls(first_response_minutes, resolution_minutes) > 0", name="promise"),
        sa.Index("sla_target_key", "workspace_id", "priority", "tier", unique=True, postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "sla_pause",
        workspace_id(),
        sa.Column("ticket_id", sa.BigInteger, nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id", "ticket_id", "starts_at"),
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        sa.CheckConstraint("ends_at >= starts_at", name="order"),
    )
    op.create_table(
        "sla_clock",
        workspace_id(),
        sa.Column("ticket_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("target_minutes", sa.Integer, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("used_seconds", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("running_since", MOMENT),
        sa.Column("due_at", MOMENT),
        sa.Column("breached_at", MOMENT),
        sa.Column("met_at", MOMENT),
        sa.Column("warn_at", MOMENT),
        sa.Column("alert_at", MOMENT),
        sa.Column("escalate_at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id", "ticket_id", "kind"),
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        sa.CheckConstraint("kind IN ('first_response', 'resolution')", name="kind"),
        sa.CheckConstraint("(running_since IS NULL) = (due_at IS NULL)", name="running"),
        sa.CheckConstraint("met_at IS NULL OR due_at IS NULL", name="met"),
        sa.Index("sla_clock_due_idx", "workspace_id", "due_at", postgresql_where=sa.text("due_at IS NOT NULL")),
        sa.Index("sla_clock_breached_idx", "workspace_id", "breached_at"),
        sa.Index("sla_clock_met_idx", "workspace_id", "met_at"),
    )
    op.create_index(
        "ticket_merged_into_idx",
        "ticket",
        ["workspace_id", "merged_into_id"],
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ticket_merged_into_idx", "ticket")
    for table in reversed(NEW_TABLES):
        op.drop_table(table)
    op.drop_index("inbox_dead_idx", "inbox")
    op.drop_index("outbox_dead_idx", "outbox")
    op.drop_column("followup", "recurrence")
