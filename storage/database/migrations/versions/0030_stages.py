"""Make pipelines and stages nouns: with a version, who made them and when, and a row among all records.

Revision ID: 0030
"""

import importlib

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.database.policies import kept_setting, search_function

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

words = importlib.import_module("storage.database.migrations.versions.0016_records")

TABLES = ("pipeline", "stage")
MOMENT = sa.TIMESTAMP(timezone=True)

# As keep_record does, of a table of settings.
KEEP_SETTING = words.KEEP_RECORD.replace("keep_record()", "keep_setting()").replace(
    "NEW.merged_into_id", "NEW.part_of_id"
)


def columns(*known: str) -> list[sa.Column[object]]:
    """Return what a table of settings lacks, but for those `known`; the defaults are for the release before."""
    every: list[sa.Column[object]] = [
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("created_by", sa.Text),
        sa.Column("find_key", sa.Text, nullable=False, server_default=""),
        sa.Column("part_of_id", sa.BigInteger),
        sa.Column("archived_at", MOMENT),
        sa.Column("custom", JSONB, nullable=False, server_default="{}"),
    ]
    return [column for column in every if column.name not in known]


def upgrade() -> None:
    op.execute("SELECT similarity('a', 'b')")
    search_function(op, "keep_setting()", KEEP_SETTING, for_app=False)
    # The only pipeline that the release before makes is called Sales.
    op.add_column("pipeline", sa.Column("name_key", sa.Text(collation="C"), nullable=False, server_default="sales"))
    op.execute("ALTER TABLE pipeline NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE pipeline SET name_key = lower(normalize(name, NFKC)) WHERE name <> 'Sales'")
    for table in TABLES:
        for column in columns():
            op.add_column(table, column)
        kept_setting(op, table, table)
    op.drop_index("stage_name_key", "stage")
    op.execute(
        "CREATE UNIQUE INDEX stage_live_name_key ON stage (workspace_id, pipeline_id, name_key)"
        " WHERE part_of_id IS NULL AND archived_at IS NULL"
    )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER keep_record ON {table}")
        for column in columns():
            op.drop_column(table, column.name)
    op.create_index("stage_name_key", "stage", ["workspace_id", "pipeline_id", "name_key"], unique=True)
    op.drop_column("pipeline", "name_key")
    op.execute("DELETE FROM record WHERE noun IN ('pipeline', 'stage')")
    op.execute("DROP FUNCTION keep_setting()")
