"""Keep work in the workspace it belongs to: the setting '*', with which it is claimed, could move it to another.

Revision ID: 0012
"""

from alembic import op

from storage.database.policies import KEEP_IDENTITY, keep_identity

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

QUEUES = {
    "installation": ("workspace_id",),
    "outbox_pause": ("workspace_id", "method"),
    "due": ("workspace_id", "id"),
    "outbox": ("workspace_id", "id"),
    "inbox": ("workspace_id", "id"),
}


def upgrade() -> None:
    # Each on its own, as all of them locked at once would make whoever works on two of them wait in a circle.
    with op.get_context().autocommit_block():
        op.execute(KEEP_IDENTITY)
        for table, key in QUEUES.items():
            keep_identity(op, table, *key)


def downgrade() -> None:
    for table in QUEUES:
        op.execute(f"DROP TRIGGER keep_identity ON {table}")
    op.execute("DROP FUNCTION keep_identity()")
