"""Let each workspace make nouns of its own; the records of all of them are in one table.

Revision ID: 0024
"""

import importlib

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.database.policies import search_function, tenant_table, workspace_id

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

words = importlib.import_module("storage.database.migrations.versions.0016_records")

KEY = sa.Text(collation="C")
MOMENT = sa.TIMESTAMP(timezone=True)

# As keep_record does, of the noun that each row names.
KEEP_OWN_RECORD = words.KEEP_RECORD.replace("keep_record()", "keep_own_record()").replace(
    "TG_ARGV[0]", "coalesce(NEW.noun, OLD.noun)"
)


def upgrade() -> None:
    op.create_table(
        "noun",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("plural", sa.Text, nullable=False),
        sa.Column("letter", KEY, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("retired_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "key", name="noun_key_key"),
        sa.UniqueConstraint("workspace_id", "letter", name="noun_letter_key"),
        sa.CheckConstraint("letter ~ '^[A-Z]$'", name="noun_letter_check"),
    )
    tenant_table(op, "noun")
    op.execute(
        "CREATE TRIGGER raise_schema_version AFTER INSERT OR UPDATE OR DELETE ON noun"
        " FOR EACH ROW EXECUTE FUNCTION public.raise_schema_version()"
    )
    op.create_table(
        "own_record",
        workspace_id(),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("noun", KEY, nullable=False),
        sa.Column("letter", KEY, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("find_key", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Text),
        sa.Column("merged_into_id", sa.BigInteger),
        sa.Column("archived_at", MOMENT),
        sa.Column("custom", JSONB, nullable=False, server_default="{}"),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "merged_into_id"],
            ["own_record.workspace_id", "own_record.id"],
            ondelete="SET NULL (merged_into_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "owner_id"], ["member.workspace_id", "member.id"], ondelete="SET NULL (owner_id)"
        ),
    )
    for columns in (("noun", "name_key", "id"), ("noun", "owner_id", "name_key", "id"), ("noun", "created_at", "id")):
        op.create_index(f"own_record_workspace_id_{'_'.join(columns)}_idx", "own_record", ["workspace_id", *columns])
    tenant_table(op, "own_record")
    op.execute("SELECT similarity('a', 'b')")
    search_function(op, "keep_own_record()", KEEP_OWN_RECORD, for_app=False)
    op.execute(
        "CREATE TRIGGER keep_record AFTER INSERT OR DELETE OR UPDATE OF"
        " name, name_key, merged_into_id, archived_at ON own_record"
        " FOR EACH ROW EXECUTE FUNCTION public.keep_own_record()"
    )


def downgrade() -> None:
    op.execute("DELETE FROM record WHERE (workspace_id, noun) IN (SELECT workspace_id, key FROM noun)")
    op.drop_table("own_record")
    op.execute("DROP FUNCTION keep_own_record()")
    op.drop_table("noun")
