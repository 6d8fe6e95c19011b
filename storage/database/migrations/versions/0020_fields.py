"""Let each workspace add fields of its own to nouns, and keep their values with the records.

`custom` holds a record's values by the numbers of the fields; `field_value` is derived from it for filters and sorts.
A change of any field raises the workspace's `schema_version`, which every transaction learns as it begins: it holds the
time, so that no version is used twice, not even after a backup was restored.

Revision ID: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.database.policies import tenant_table, workspace_id

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NOUNS = ("customer", "contact", "deal", "ticket")
KEY = sa.Text(collation="C")
MOMENT = sa.TIMESTAMP(timezone=True)
VALUES = ("key", "number", "day", "at")

RAISE_SCHEMA_VERSION = """
CREATE OR REPLACE FUNCTION raise_schema_version() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$ BEGIN
    UPDATE workspace SET schema_version = greatest(
        schema_version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
    ) WHERE id = coalesce(NEW.workspace_id, OLD.workspace_id);
    PERFORM pg_notify('rapport_workspaces', coalesce(NEW.workspace_id, OLD.workspace_id));
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.add_column("workspace", sa.Column("schema_version", sa.BigInteger, nullable=False, server_default="0"))
    for noun in NOUNS:
        op.add_column(noun, sa.Column("custom", JSONB, nullable=False, server_default="{}"))
    op.create_table(
        "field",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("required", sa.Boolean, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("hint", sa.Text),
        sa.Column("choices", JSONB, nullable=False, server_default="[]"),
        sa.Column("links_to", sa.Text),
        sa.Column("retired_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    )
    op.create_index(
        "field_key_key",
        "field",
        ["workspace_id", "noun", "key"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    tenant_table(op, "field")
    op.execute(RAISE_SCHEMA_VERSION)
    op.execute(
        "CREATE TRIGGER raise_schema_version AFTER INSERT OR UPDATE OR DELETE ON field"
        " FOR EACH ROW EXECUTE FUNCTION public.raise_schema_version()"
    )
    op.create_table(
        "field_value",
        workspace_id(),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("record_id", sa.BigInteger, nullable=False),
        sa.Column("field_id", sa.BigInteger, nullable=False),
        sa.Column("key", KEY),
        sa.Column("number", sa.BigInteger),
        sa.Column("day", sa.Date),
        sa.Column("at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id", "noun", "record_id", "field_id"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "noun", "record_id"],
            ["record.workspace_id", "record.noun", "record.id"],
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["workspace_id", "field_id"], ["field.workspace_id", "field.id"], ondelete="CASCADE"),
    )
    for column in VALUES:
        op.create_index(
            f"field_value_{column}_idx",
            "field_value",
            ["workspace_id", "field_id", column, "record_id"],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    tenant_table(op, "field_value")


def downgrade() -> None:
    op.drop_table("field_value")
    op.drop_table("field")
    op.execute("DROP FUNCTION raise_schema_version()")
    for noun in NOUNS:
        op.drop_column(noun, "custom")
    op.drop_column("workspace", "schema_version")
