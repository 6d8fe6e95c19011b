"""Create what support's daily work needs: grouping, reactions, replies, routes, incidents, categories and models.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from storage.database.engine import composite_key
from storage.database.policies import tenant_table, workspace_id

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.func.now()
KEY = sa.Text(collation="C")
NEW_TABLES = ("reaction", "answer", "saved_reply", "reply", "route", "incident", "category", "example", "model_version")
ADDED = {
    "channel_link": ("grouping", "window_minutes", "cards_channel_id"),
    "message": ("second", "language", "urgency", "sentiment", "wants_to_cancel", "edited_at", "deleted_at"),
    "ticket": ("language", "incident_id"),
    "member": ("away_until",),
    "label": ("source",),
    "workspace": ("url",),
}


def upgrade() -> None:
    _known_tables()
    _reactions()
    _answers()
    _replies()
    _routes()
    _learning()
    for table in NEW_TABLES:
        tenant_table(op, table)


def _known_tables() -> None:
    op.add_column("channel_link", sa.Column("grouping", sa.Text, nullable=False, server_default="window"))
    op.add_column("channel_link", sa.Column("window_minutes", sa.SmallInteger, nullable=False, server_default="10"))
    op.add_column("channel_link", sa.Column("cards_channel_id", sa.Text))
    op.create_check_constraint("grouping", "channel_link", _one_of("grouping", "thread", "window", "message", "manual"))
    op.create_check_constraint("window_minutes", "channel_link", "window_minutes BETWEEN 1 AND 1440")
    for column in ("second", "language", "urgency", "sentiment"):
        op.add_column("message", sa.Column(column, sa.Text))
    op.add_column("message", sa.Column("wants_to_cancel", sa.Boolean))
    op.add_column("message", sa.Column("edited_at", MOMENT))
    op.add_column("message", sa.Column("deleted_at", MOMENT))
    op.create_check_constraint("urgency", "message", _one_of("urgency", "low", "normal", "high", "urgent"))
    op.create_check_constraint("sentiment", "message", _one_of("sentiment", "negative", "neutral", "positive"))
    op.create_index(None, "message", ["workspace_id", "channel_id", "author_id", "at"])
    op.create_index(None, "message", ["workspace_id", "at"])
    op.create_index(
        "message_thread_idx",
        "message",
        ["workspace_id", "channel_id", "thread_ts", "at"],
        postgresql_where=sa.text("thread_ts IS NOT NULL"),
    )
    op.add_column("workspace", sa.Column("url", sa.Text))
    op.add_column("member", sa.Column("away_until", MOMENT))
    op.add_column("label", sa.Column("source", sa.Text, nullable=False, server_default="corrected"))
    op.create_check_constraint("source", "label", _one_of("source", "corrected", "confirmed", "dismissed", "merged"))


def _reactions() -> None:
    op.create_table(
        "reaction",
        workspace_id(),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("held", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("ticket_id", sa.BigInteger),
        sa.Column("version", sa.BigInteger),
        sa.Column("before", JSONB),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id", "ts", "name", "member_id"),
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        sa.Index(None, "workspace_id", "ticket_id"),
    )


def _answers() -> None:
    op.create_table(
        "answer",
        workspace_id(),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("thread_ts", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id", "thread_ts", "at"),
    )


def _replies() -> None:
    op.create_table(
        "saved_reply",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "name_key"),
    )
    op.create_table(
        "reply",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("delivery_id", UUID),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        sa.Index(None, "workspace_id", "ticket_id", "at"),
    )


def _routes() -> None:
    op.create_table(
        "route",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("category", KEY),
        sa.Column("tier", KEY),
        sa.Column("language", sa.Text),
        sa.Column("channel_id", sa.Text),
        sa.Column("people", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("strategy", sa.Text, nullable=False, server_default="none"),
        sa.Column("last_member_id", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.CheckConstraint(_one_of("strategy", "none", "round_robin", "least_loaded"), name="strategy"),
        sa.CheckConstraint("strategy = 'none' OR people <> '{}'", name="people"),
    )
    op.create_table(
        "incident",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("last_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("told_at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.Index(None, "workspace_id", "last_at"),
    )
    op.add_column("ticket", sa.Column("language", sa.Text))
    op.add_column("ticket", sa.Column("incident_id", sa.BigInteger))
    op.create_foreign_key(
        None,
        "ticket",
        "incident",
        ["workspace_id", "incident_id"],
        ["workspace_id", "id"],
        ondelete="SET NULL (incident_id)",
    )
    op.create_index(
        "ticket_incident_idx",
        "ticket",
        ["workspace_id", "incident_id", "id"],
        postgresql_where=sa.text("incident_id IS NOT NULL"),
    )
    op.create_index(
        "ticket_resolved_category_idx",
        "ticket",
        ["workspace_id", "category", sa.text("resolved_at DESC NULLS LAST"), sa.text("id DESC")],
    )


def _learning() -> None:
    op.create_table(
        "category",
        workspace_id(),
        sa.Column("key", KEY, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("merged_into", KEY),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "key"),
        sa.CheckConstraint("merged_into <> key", name="merged_into"),
    )
    op.create_table(
        "example",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("category", KEY, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.Index(None, "workspace_id", "category", "id"),
    )
    op.create_table(
        "model_version",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("trained_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("live_at", MOMENT),
        sa.Column("last_label_id", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("figures", JSONB, nullable=False, server_default="{}"),
        sa.Column("weights", sa.LargeBinary),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.CheckConstraint(_one_of("state", "live", "retired", "refused"), name="state"),
        sa.CheckConstraint("state = 'refused' OR weights IS NOT NULL", name="weights"),
        sa.Index("model_version_live_key", "workspace_id", unique=True, postgresql_where=sa.text("state = 'live'")),
    )


def _one_of(column: str, *values: str) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def downgrade() -> None:
    op.drop_index("ticket_resolved_category_idx", "ticket")
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column)
    op.drop_index("message_workspace_id_channel_id_author_id_at_idx", "message")
    op.drop_index("message_workspace_id_at_idx", "message")
    op.drop_index("message_thread_idx", "message")
    for table in reversed(NEW_TABLES):
        op.drop_table(table)
