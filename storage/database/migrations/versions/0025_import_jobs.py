"""Keep the files of imports that were sent in Slack, and what is asked to be done with them.

Revision ID: 0025
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

from storage.database.policies import keep_identity, tenant_table, workspace_id

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

STATES = ("drawn up", "running", "stopped", "done", "undoing", "undone")
MORE = ("reading", "checking", "cancelled", "failed")
EVERYONES = "current_setting('rapport.workspace', true) = '*'"


def allow(states: tuple[str, ...]) -> None:
    op.drop_constraint("import_run_state_check", "import_run")
    op.create_check_constraint("state", "import_run", f"state IN ({', '.join(map(repr, states))})")


def upgrade() -> None:
    for column in (
        sa.Column("looked", JSONB),
        sa.Column("checked", JSONB),
        sa.Column("error", sa.Text),
        sa.Column("card_id", UUID),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("attempt", sa.BigInteger, nullable=False, server_default="0"),
    ):
        op.add_column("import_run", column)
    allow(STATES + MORE)
    op.create_index(
        "import_run_open_idx",
        "import_run",
        ["id"],
        postgresql_where=sa.text("card_id IS NOT NULL AND state IN ('reading', 'checking', 'running', 'undoing')"),
    )
    op.execute(f"CREATE POLICY every_workspace_read ON import_run FOR SELECT USING ({EVERYONES})")
    op.execute(
        f"CREATE POLICY every_workspace_claim ON import_run FOR UPDATE USING ({EVERYONES}) WITH CHECK ({EVERYONES})"
    )
    op.execute("ALTER TABLE import_run ADD CONSTRAINT import_run_one_workspace_check CHECK (workspace_id <> '*')")
    keep_identity(op, "import_run", "workspace_id", "id")
    op.create_table(
        "import_part",
        workspace_id(),
        sa.Column("import_id", sa.BigInteger, nullable=False),
        sa.Column("part", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "import_id", "part"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "import_id"], ["import_run.workspace_id", "import_run.id"], ondelete="CASCADE"
        ),
    )
    tenant_table(op, "import_part")


def downgrade() -> None:
    op.drop_table("import_part")
    op.execute("DELETE FROM import_run WHERE card_id IS NOT NULL AND change_set_id IS NULL")
    op.execute("DROP TRIGGER keep_identity ON import_run")
    op.drop_constraint("import_run_one_workspace_check", "import_run")
    for policy in ("every_workspace_read", "every_workspace_claim"):
        op.execute(f"DROP POLICY {policy} ON import_run")
    op.drop_index("import_run_open_idx", "import_run")
    for column in ("looked", "checked", "error", "card_id", "lease_until", "attempt"):
        op.drop_column("import_run", column)
    given_up = sa.column("state").not_in(STATES)
    op.execute(sa.update(sa.table("import_run", sa.column("state"))).where(given_up).values(state="stopped"))
    allow(STATES)
