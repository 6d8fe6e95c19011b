"""Keep what messages, notes and tickets mean, for search by meaning and for fits.

An index holds the signs too, so that a search which compares them reads a hundred bytes for each row. A row goes with
what it is of, and when that is written anew.

Revision ID: 0039
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BIT

from storage.database.engine import composite_key
from storage.database.policies import tenant_table, workspace_id

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

FORGET = """
CREATE OR REPLACE FUNCTION forget_meaning() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    IF TG_TABLE_NAME = 'note' THEN
        DELETE FROM public.meaning WHERE workspace_id = NEW.workspace_id AND note_id = NEW.id;
    ELSIF TG_TABLE_NAME = 'ticket' THEN
        DELETE FROM public.meaning WHERE workspace_id = NEW.workspace_id AND ticket_id = NEW.id;
    ELSE
        DELETE FROM public.meaning WHERE workspace_id = NEW.workspace_id AND message_id = NEW.id;
    END IF;
    RETURN NULL;
END $$
"""
TEXTS = {"message": "text", "note": "text", "ticket": "name"}


def upgrade() -> None:
    op.create_table(
        "meaning",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("message_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("note_id", sa.BigInteger),
        sa.Column("ticket_id", sa.BigInteger),
        sa.Column("signs", BIT(512), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "message_id", "message_at"],
            ["message.workspace_id", "message.id", "message.at"],
            ondelete="CASCADE",
        ),
        composite_key("note_id", "note", ondelete="CASCADE"),
        composite_key("ticket_id", "ticket", ondelete="CASCADE"),
        sa.CheckConstraint("num_nonnulls(message_id, note_id, ticket_id) = 1", name="one"),
        sa.CheckConstraint("(message_id IS NULL) = (message_at IS NULL)", name="message"),
    )
    for column in ("message_id", "note_id", "ticket_id"):
        op.create_index(
            f"meaning_{column}_key",
            "meaning",
            ["workspace_id", column],
            unique=True,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index("meaning_signs_idx", "meaning", ["workspace_id", "id"], postgresql_include=["signs"])
    tenant_table(op, "meaning")
    op.execute(FORGET)
    for table, column in TEXTS.items():
        op.execute(
            f"CREATE OR REPLACE TRIGGER forget_meaning AFTER UPDATE OF {column} ON {table} FOR EACH ROW"
            f" WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION forget_meaning()"
        )


def downgrade() -> None:
    for table in TEXTS:
        op.execute(f"DROP TRIGGER forget_meaning ON {table}")
    op.execute("DROP FUNCTION forget_meaning()")
    op.drop_table("meaning")
