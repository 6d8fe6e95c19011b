"""Let deliveries say what kind they are of, and why they were held back.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0008"
branch_labels = None
depends_on = None

STATES = "'pending', 'sending', 'sent', 'dead', 'cancelled'"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("notice", sa.Text))
    op.add_column("outbox", sa.Column("held_by", sa.Text))
    op.add_column("outbox", sa.Column("held_at", sa.DateTime(timezone=True)))
    _check("state", f"state IN ({STATES}, 'held')")
    _check("held_by", "held_by IN ('quiet', 'muted', 'budget', 'asked')")
    _check("held", "(held_by IS NULL) = (held_at IS NULL)")
    op.create_index(
        "outbox_held_idx",
        "outbox",
        ["workspace_id", "lane", "held_at"],
        postgresql_where=sa.text("held_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("outbox_held_idx", "outbox")
    op.execute("ALTER TABLE outbox NO FORCE ROW LEVEL SECURITY")
    # A release that knows nothing of it could not read this state.
    op.execute("UPDATE outbox SET state = 'cancelled', reason = 'muted' WHERE state = 'held'")
    op.execute("ALTER TABLE outbox FORCE ROW LEVEL SECURITY")
    for name in ("held", "held_by"):
        op.execute(f"ALTER TABLE outbox DROP CONSTRAINT outbox_{name}_check")
    _check("state", f"state IN ({STATES})")
    for column in ("held_at", "held_by", "notice"):
        op.drop_column("outbox", column)


def _check(name: str, condition: str) -> None:
    """Put a check in the place of one of that name."""
    op.execute(f"ALTER TABLE outbox DROP CONSTRAINT IF EXISTS outbox_{name}_check")
    op.execute(f"ALTER TABLE outbox ADD CONSTRAINT outbox_{name}_check CHECK ({condition})")
