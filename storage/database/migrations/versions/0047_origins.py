"""Know a note or a follow-up by the number it has in the program that it came from.

Revision ID: 0047
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("note", "followup"):
        op.add_column(table, sa.Column("origin", sa.Text))
        op.create_index(
            f"{table}_origin_idx",
            table,
            ["workspace_id", "origin"],
            unique=True,
            postgresql_where=sa.text("origin IS NOT NULL"),
        )


def downgrade() -> None:
    for table in ("note", "followup"):
        op.drop_index(f"{table}_origin_idx", table)
        op.drop_column(table, "origin")
