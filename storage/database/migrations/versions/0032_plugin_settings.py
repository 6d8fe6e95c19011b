"""Keep what admins choose for the settings of plugins.

Revision ID: 0032
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.database.policies import tenant_table, workspace_id

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plugin_setting",
        workspace_id(),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("value", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "key"),
    )
    tenant_table(op, "plugin_setting")


def downgrade() -> None:
    op.drop_table("plugin_setting")
