"""Keep imports, the rows they refused, and the numbers that records have in other programs.

Revision ID: 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.database.policies import tenant_table, workspace_id

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STATES = ("drawn up", "running", "stopped", "done", "undoing", "undone")


def key(*columns: str, to: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    target = ("workspace_id", "noun", "id") if len(columns) == 3 else ("workspace_id", "id")
    return sa.ForeignKeyConstraint(list(columns), [f"{to}.{column}" for column in target], ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "import_run",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="drawn up"),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("columns_key", sa.Text, nullable=False),
        sa.Column("mapping", JSONB, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("counts", JSONB, nullable=False, server_default="{}"),
        sa.Column("actor_id", sa.Text),
        sa.Column("change_set_id", sa.BigInteger),
        sa.Column("undo_change_set_id", sa.BigInteger),
        sa.Column("undo_before", sa.BigInteger),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        key("workspace_id", "change_set_id", to="change_set"),
        key("workspace_id", "undo_change_set_id", to="change_set"),
        sa.CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name="state"),
    )
    op.create_index("import_run_workspace_id_columns_key_id_idx", "import_run", ["workspace_id", "columns_key", "id"])
    op.create_index("import_run_workspace_id_digest_id_idx", "import_run", ["workspace_id", "digest", "id"])
    op.create_table(
        "import_refusal",
        workspace_id(),
        sa.Column("import_id", sa.BigInteger, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "import_id", "line"),
        key("workspace_id", "import_id", to="import_run", ondelete="CASCADE"),
    )
    op.create_table(
        "external_id",
        workspace_id(),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text(collation="C"), nullable=False),
        sa.Column("record_id", sa.BigInteger, nullable=False),
        sa.Column("import_id", sa.BigInteger),
        sa.PrimaryKeyConstraint("workspace_id", "noun", "source", "external_id"),
        key("workspace_id", "noun", "record_id", to="record", ondelete="CASCADE"),
        key("workspace_id", "import_id", to="import_run", ondelete="SET NULL (import_id)"),
    )
    op.create_index("external_id_workspace_id_noun_record_id_idx", "external_id", ["workspace_id", "noun", "record_id"])
    op.create_index("external_id_workspace_id_import_id_idx", "external_id", ["workspace_id", "import_id"])
    for table in ("import_run", "import_refusal", "external_id"):
        tenant_table(op, table)


def downgrade() -> None:
    for table in ("external_id", "import_refusal", "import_run"):
        op.drop_table(table)
