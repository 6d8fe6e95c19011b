"""Create roles, extensions, workspaces, their people, their counters and their history.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.database.engine import composite_key
from storage.database.policies import (
    APP,
    SEARCH,
    append_only,
    create_make_partitions,
    create_role,
    partition_by_month,
    queue_table,
    tenant_table,
    workspace_id,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_role(op, APP)
    create_role(op, SEARCH)
    op.execute(f"GRANT USAGE ON SCHEMA public TO {APP}, {SEARCH}")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    create_make_partitions(op)
    _workspaces()
    _people()
    _history()


def _workspaces() -> None:
    op.create_table(
        "workspace",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False, server_default="USD"),
        sa.Column("zone", sa.Text, nullable=False, server_default="UTC"),
        sa.Column("locale", sa.Text, nullable=False, server_default="en-US"),
        sa.Column("default_roles", ARRAY(sa.Text), nullable=False, server_default="{rep,agent}"),
        sa.Column("triage_channel_id", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("set_up_at", MOMENT),
        sa.CheckConstraint("id <> '*' AND id <> ''", name="id"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    )
    tenant_table(op, "workspace", key="id", rights="SELECT, INSERT, UPDATE")
    op.create_table(
        "installation",
        workspace_id(),
        sa.Column("app_id", sa.Text),
        sa.Column("bot_id", sa.Text),
        sa.Column("bot_user_id", sa.Text),
        sa.Column("sealed_token", sa.Text),
        sa.Column("key_id", sa.Text),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("installed_by", sa.Text),
        sa.Column("installed_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id"),
        sa.CheckConstraint("revoked_at IS NULL OR sealed_token IS NULL", name="revoked"),
    )
    queue_table(op, "installation")


def _people() -> None:
    op.create_table(
        "member",
        workspace_id(),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("roles", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("manager_id", sa.Text),
        sa.Column("zone", sa.Text),
        sa.Column("locale", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("dm_channel_id", sa.Text),
        sa.Column("seen_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        composite_key("manager_id", "member", ondelete="SET NULL"),
        sa.CheckConstraint("kind IN ('staff', 'guest', 'outside', 'bot')", name="kind"),
        sa.CheckConstraint("roles <@ ARRAY['viewer', 'rep', 'agent', 'manager', 'admin']", name="roles"),
        sa.CheckConstraint("kind = 'staff' OR roles = '{}'", name="staff"),
        sa.Index(None, "workspace_id", "manager_id"),
    )
    tenant_table(op, "member")
    op.create_table(
        "counter",
        workspace_id(),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "noun"),
        sa.CheckConstraint("last_id > 0", name="last_id"),
    )
    # Numbers are never given twice, so nobody takes a counter away.
    tenant_table(op, "counter", rights="SELECT, INSERT, UPDATE")


def _history() -> None:
    op.create_table(
        "change_set",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("request_key", sa.Text),
        sa.Column("actor_id", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("summary", sa.Text),
        sa.Column("at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("undoes_id", sa.BigInteger),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "request_key"),
        sa.UniqueConstraint("workspace_id", "undoes_id"),
        composite_key("undoes_id", "change_set"),
        sa.Index(None, "workspace_id", "actor_id", "at"),
    )
    append_only(op, "change_set")
    op.create_table(
        "change_answer",
        workspace_id(),
        sa.Column("change_set_id", sa.BigInteger, nullable=False),
        sa.Column("answer", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "change_set_id"),
        composite_key("change_set_id", "change_set", ondelete="CASCADE"),
    )
    append_only(op, "change_answer")
    op.create_table(
        "activity",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("change_set_id", sa.BigInteger, nullable=False),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("record_id", sa.BigInteger),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("row_key", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("before", JSONB),
        sa.Column("after", JSONB),
        sa.PrimaryKeyConstraint("workspace_id", "id", "at"),
        composite_key("change_set_id", "change_set", ondelete="CASCADE"),
        sa.Index(None, "workspace_id", "noun", "record_id", "at"),
        sa.Index(None, "workspace_id", "entity", "row_key", "id"),
        sa.Index(None, "workspace_id", "change_set_id"),
        postgresql_partition_by="RANGE (at)",
    )
    append_only(op, "activity")
    partition_by_month(op, "activity")


def downgrade() -> None:
    for table in ("activity", "change_answer", "change_set", "counter", "member", "installation", "workspace"):
        op.drop_table(table)
    op.execute("DROP FUNCTION make_partitions(text, integer)")
    # The roles belong to the cluster, the extensions perhaps to others.
