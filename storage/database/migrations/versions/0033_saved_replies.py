"""Make saved replies a noun, as pipelines and stages are.

Revision ID: 0033
"""

import importlib

from alembic import op

from storage.database.policies import kept_setting

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

stages = importlib.import_module("storage.database.migrations.versions.0030_stages")
TABLE = "saved_reply"
KNOWN = ("created_at", "created_by")
UNIQUE = f"{TABLE}_workspace_id_name_key_key"


def upgrade() -> None:
    for column in stages.columns(*KNOWN):
        op.add_column(TABLE, column)
    kept_setting(op, TABLE, "reply")
    op.drop_constraint(UNIQUE, TABLE)
    op.execute(
        f"CREATE UNIQUE INDEX {TABLE}_live_name_key ON {TABLE} (workspace_id, name_key)"
        " WHERE part_of_id IS NULL AND archived_at IS NULL"
    )


def downgrade() -> None:
    op.execute(f"DROP TRIGGER keep_record ON {TABLE}")
    for column in stages.columns(*KNOWN):
        op.drop_column(TABLE, column.name)
    op.create_unique_constraint(UNIQUE, TABLE, ["workspace_id", "name_key"])
    op.execute("DELETE FROM record WHERE noun = 'reply'")
