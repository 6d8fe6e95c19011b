"""Keep what is shown on cards, in lists, in forms and on the App Home, and in which order.

Revision ID: 0042
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from storage.database.policies import tenant_table, workspace_id

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "layout",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("shown", ARRAY(sa.Text), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "noun", "place", name="layout_place_key"),
    )
    tenant_table(op, "layout")
    op.execute(
        "CREATE TRIGGER raise_schema_version AFTER INSERT OR UPDATE OR DELETE ON layout"
        " FOR EACH ROW EXECUTE FUNCTION public.raise_schema_version()"
    )


def downgrade() -> None:
    op.drop_table("layout")
