"""Let notes and follow-ups be about a record of any noun: by its noun and number, with a key to `record`.

The four columns of before are kept in step by a trigger, in both directions, for the release that knows no others.

Revision ID: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = {"note": "at, id", "followup": "due_at"}
"""The tables of rows about records, and what their lists are sorted by."""
NOUNS = ("customer", "contact", "deal", "ticket")

NUMBER = f"coalesce({', '.join(f'NEW.{noun}_id' for noun in NOUNS)})"
NOUN = " ".join(["CASE", *(f"WHEN NEW.{noun}_id IS NOT NULL THEN '{noun}'" for noun in NOUNS), "END"])
OLD_WROTE = " OR ".join(f"NEW.{noun}_id IS DISTINCT FROM OLD.{noun}_id" for noun in NOUNS)

# Who writes the old columns only is the release before; where both are written, the new ones count.
KEEP_ABOUT = f"""
CREATE OR REPLACE FUNCTION keep_about() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    IF NEW.about_id IS NULL AND (TG_OP = 'INSERT' OR OLD.about_id IS NULL) OR TG_OP = 'UPDATE'
        AND (NEW.about_noun, NEW.about_id) IS NOT DISTINCT FROM (OLD.about_noun, OLD.about_id) AND ({OLD_WROTE})
    THEN
        NEW.about_noun := {NOUN};
        NEW.about_id := {NUMBER};
    ELSE
        {"".join(f"NEW.{noun}_id := CASE NEW.about_noun WHEN '{noun}' THEN NEW.about_id END; " for noun in NOUNS)}
    END IF;
    RETURN NEW;
END $$
"""

FILL = """
DO $$ DECLARE
    whose text := ''; after bigint := 0;
BEGIN
    LOOP
        WITH batch AS (
            SELECT workspace_id, id FROM {table} WHERE (workspace_id, id) > (whose, after)
            ORDER BY workspace_id, id LIMIT {batch}
        ), filled AS (
            UPDATE {table} AS own SET about_id = NULL FROM batch
            WHERE own.workspace_id = batch.workspace_id AND own.id = batch.id AND own.about_id IS NULL
        )
        SELECT workspace_id, id INTO whose, after FROM batch ORDER BY workspace_id DESC, id DESC LIMIT 1;
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
END $$
"""
"""Have the trigger fill rows of before; each batch is a transaction of its own. Run again, it goes on."""


def filling(table: str, *, batch: int = 5_000) -> str:
    """Return the statement that fills a table's new columns; it runs in no transaction."""
    return FILL.format(table=table, batch=batch)


def upgrade() -> None:
    # Each on its own, as in 0017; what is done already is done again without harm.
    with op.get_context().autocommit_block():
        op.execute(KEEP_ABOUT)
        for table, then in TABLES.items():
            op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS about_noun text")
            op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS about_id bigint")
            op.execute(
                f"CREATE OR REPLACE TRIGGER keep_about BEFORE INSERT OR UPDATE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION keep_about()"
            )
            # Its owner sees no rows else.
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            op.execute(filling(table))
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {table}_about_idx")
            op.execute(
                f"CREATE INDEX CONCURRENTLY {table}_about_idx ON {table} (workspace_id, about_noun, about_id, {then})"
                " WHERE about_id IS NOT NULL"
            )
            _constrain(
                table,
                f"{table}_workspace_id_about_noun_about_id_fkey",
                "FOREIGN KEY (workspace_id, about_noun, about_id) REFERENCES record (workspace_id, noun, id)"
                " ON DELETE CASCADE",
            )
            _constrain(table, f"{table}_about_record_check", "CHECK ((about_noun IS NULL) = (about_id IS NULL))")
            if table == "note":
                _constrain(table, "note_subject_check", "CHECK (about_id IS NOT NULL)")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(f"ANALYZE {table}")


def _constrain(table: str, name: str, what: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {what} NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    others = f"about_noun NOT IN {NOUNS}"
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"DELETE FROM {table} WHERE {others}")  # noqa: S608 - names of our own
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"DROP TRIGGER keep_about ON {table}")
        if table == "note":
            op.drop_constraint("note_subject_check", table)
        op.drop_column(table, "about_noun")
        op.drop_column(table, "about_id")
    op.execute("DROP FUNCTION keep_about()")
    op.create_check_constraint(
        "subject", "note", sa.text("num_nonnulls(customer_id, contact_id, deal_id, ticket_id) = 1")
    )
