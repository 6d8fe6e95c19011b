"""Keep who may change what for a day, and what customers say of how they were served.

Revision ID: 0036
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from storage.database.policies import tenant_table, workspace_id

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.execute(
        "INSERT INTO plugin_setting (workspace_id, key, value)"
        " SELECT id, 'rights.' || noun, '\"owner\"'::jsonb FROM workspace, unnest(guarded) AS noun"
    )
    op.drop_column("workspace", "guarded")
    op.create_table(
        "rating",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("agent_id", sa.Text),
        sa.Column("asked_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("delivery_id", UUID(as_uuid=True)),
        sa.Column("score", sa.SmallInteger),
        sa.Column("words", sa.Text),
        sa.Column("answered_at", TIME),
        sa.Column("version", sa.SmallInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "ticket_id"], ["ticket.workspace_id", "ticket.id"], ondelete="CASCADE"
        ),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name="rating_score_check"),
        sa.CheckConstraint("(score IS NULL) = (answered_at IS NULL)", name="rating_answered_check"),
    )
    for columns in (["ticket_id"], ["person_id", "asked_at"], ["answered_at"]):
        op.create_index(f"rating_workspace_id_{'_'.join(columns)}_idx", "rating", ["workspace_id", *columns])
    tenant_table(op, "rating")
    op.create_table(
        "permission",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("record_id", sa.BigInteger, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("why", sa.Text),
        sa.Column("asked_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", TIME),
        sa.Column("allowed_until", TIME),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "noun", "record_id"],
            ["record.workspace_id", "record.noun", "record.id"],
            ondelete="CASCADE",
        ),
    )
    asked = ["workspace_id", "noun", "record_id", "member_id"]
    op.create_index("permission_workspace_id_noun_record_id_member_id_idx", "permission", asked)
    tenant_table(op, "permission")


def downgrade() -> None:
    op.drop_table("permission")
    op.drop_table("rating")
    op.add_column("workspace", sa.Column("guarded", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.execute(
        "UPDATE workspace SET guarded = ARRAY(SELECT replace(key, 'rights.', '') FROM plugin_setting"
        " WHERE workspace_id = workspace.id AND key IN ('rights.customer', 'rights.deal')"
        " AND value = '\"owner\"'::jsonb)"
    )
    op.execute("DELETE FROM plugin_setting WHERE starts_with(key, 'rights.')")
