"""Keep the keys by which programs use a workspace.

Revision ID: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from storage.database.engine import composite_key
from storage.database.policies import keep_identity, queue_table, workspace_id

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "api_key",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text),
        sa.Column("role", sa.Text),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("created_by", sa.Text),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        composite_key("member_id", "member", ondelete="CASCADE"),
        sa.CheckConstraint("num_nonnulls(member_id, role) = 1", name="acts"),
        sa.CheckConstraint("role IN ('viewer', 'rep', 'agent', 'manager', 'admin')", name="role"),
        # Of all workspaces: it is looked up before anybody knows whose it is. No two are the same, by what it is.
        sa.Index("api_key_hash_idx", "hash"),
        sa.Index(
            "api_key_name_key_idx",
            "workspace_id",
            "name_key",
            unique=True,
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
    )
    queue_table(op, "api_key", rights="SELECT, INSERT, UPDATE")
    keep_identity(op, "api_key", "workspace_id", "id", "hash")


def downgrade() -> None:
    op.drop_table("api_key")
