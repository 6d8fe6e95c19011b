"""Keep the files of records that people asked for until they are sent.

Revision ID: 0031
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import tenant_table, workspace_id

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "export_file",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    )
    op.create_index(None, "export_file", ["workspace_id", "created_at"])
    tenant_table(op, "export_file")


def downgrade() -> None:
    op.drop_table("export_file")
