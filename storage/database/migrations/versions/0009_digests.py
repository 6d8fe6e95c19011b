"""Keep what each digest said, let it be about more, and read its numbers from indexes alone.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.database.engine import composite_key
from storage.database.policies import tenant_table, workspace_id

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ASKED = "merged_into_id IS NULL AND is_request IS TRUE"


def upgrade() -> None:
    op.add_column("digest", sa.Column("sections", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("digest", sa.Column("about_id", sa.Text))
    op.add_column("digest", sa.Column("pipeline_id", sa.BigInteger))
    op.add_column("digest", sa.Column("skip_empty", sa.Boolean, nullable=False, server_default=sa.text("false")))
    for column, table in (("about_id", "member"), ("pipeline_id", "pipeline")):
        op.create_foreign_key(
            None,
            "digest",
            table,
            ["workspace_id", column],
            ["workspace_id", "id"],
            ondelete=f"SET NULL ({column})",
        )
    op.create_table(
        "digest_run",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("delivery_id", sa.Uuid),
        sa.Column("digest_id", sa.BigInteger),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("target_user", sa.Text),
        sa.Column("target_channel", sa.Text),
        sa.Column("asked", sa.Boolean, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("numbers", JSONB, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        composite_key("digest_id", "digest", ondelete="SET NULL"),
        sa.Index("digest_run_delivery_key", "workspace_id", "delivery_id", unique=True),
        sa.Index("digest_run_digest_idx", "workspace_id", "digest_id", "until"),
        *(
            sa.Index(f"digest_run_{name}_idx", "workspace_id", f"target_{name}", sa.text("id DESC"))
            for name in ("user", "channel")
        ),
    )
    tenant_table(op, "digest_run")
    _indexes()


def _indexes() -> None:
    op.create_index(
        "deal_pipeline_idx",
        "deal",
        ["workspace_id", "stage_id", "currency"],
        postgresql_include=["amount_minor", "owner_id", "touched_at"],
        postgresql_where=sa.text("closed_at IS NULL AND merged_into_id IS NULL"),
    )
    op.create_index(
        "ticket_backlog_idx",
        "ticket",
        ["workspace_id", "category", "priority"],
        postgresql_include=["urgency", "first_response_at", "assignee_id"],
        postgresql_where=sa.text(f"resolved_at IS NULL AND {ASKED}"),
    )
    op.create_index(
        "ticket_asked_idx",
        "ticket",
        ["workspace_id", "created_at"],
        postgresql_include=["category", "assignee_id"],
        postgresql_where=sa.text(ASKED),
    )
    op.create_index(
        "ticket_unanswered_idx",
        "ticket",
        ["workspace_id", "created_at", "id"],
        postgresql_where=sa.text("resolved_at IS NULL AND first_response_at IS NULL"),
    )
    op.create_index("label_at_idx", "label", ["workspace_id", "at"])


def downgrade() -> None:
    op.drop_index("label_at_idx", "label")
    for name in ("unanswered", "asked", "backlog"):
        op.drop_index(f"ticket_{name}_idx", "ticket")
    op.drop_index("deal_pipeline_idx", "deal")
    op.drop_table("digest_run")
    for column in ("skip_empty", "pipeline_id", "about_id", "sections"):
        op.drop_column("digest", column)
