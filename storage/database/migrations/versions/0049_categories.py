"""Make categories a noun, as saved replies are: with a number, a version and a row among all records.

Revision ID: 0049
"""

import importlib

import sqlalchemy as sa
from alembic import op

from storage.database.policies import kept_setting

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

stages = importlib.import_module("storage.database.migrations.versions.0030_stages")
numbers = importlib.import_module("storage.database.migrations.versions.0044_setting_numbers")

KNOWN = ("created_at", "created_by")
FORCED = ("category", "counter", "activity")

# The release before knows the key alone of what a category is part of, and writes no name_key.
KEEP_CATEGORY = """
CREATE OR REPLACE FUNCTION keep_category() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    IF NEW.name_key = '' OR (TG_OP = 'UPDATE' AND NEW.name <> OLD.name AND NEW.name_key = OLD.name_key) THEN
        NEW.name_key := lower(normalize(NEW.name, NFKC));
    END IF;
    NEW.part_of_id := CASE WHEN NEW.merged_into IS NOT NULL THEN coalesce((
        SELECT id FROM public.category AS kept
        WHERE kept.workspace_id = NEW.workspace_id AND kept.key = NEW.merged_into
    ), NEW.part_of_id) END;
    RETURN NEW;
END $$
"""

NUMBER = """
UPDATE category SET id = numbered.number FROM (
    SELECT workspace_id, key, row_number() OVER (PARTITION BY workspace_id ORDER BY created_at, key) AS number
    FROM category
) AS numbered
WHERE numbered.workspace_id = category.workspace_id AND numbered.key = category.key
"""

# What somebody did to a category is found by its number from now on, so that it can still be taken back.
HISTORY = """
UPDATE activity SET row_key = {now}, record_id = {number} FROM category
WHERE activity.workspace_id = category.workspace_id AND activity.noun = 'category' AND activity.entity = 'category'
AND activity.row_key = {before}
"""


def upgrade() -> None:
    for column in stages.columns(*KNOWN):
        op.add_column("category", column)
    op.add_column("category", sa.Column("name_key", sa.Text(collation="C"), nullable=False, server_default=""))
    op.add_column("category", sa.Column("shipped_name", sa.Text))
    op.add_column("category", sa.Column("id", sa.BigInteger))
    for table in FORCED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(NUMBER)
    op.execute("ALTER TABLE category ALTER COLUMN id SET NOT NULL")
    op.drop_constraint("category_pkey", "category")
    op.create_primary_key("category_pkey", "category", ["workspace_id", "id"])
    op.create_unique_constraint("category_workspace_id_key_key", "category", ["workspace_id", "key"])
    op.execute(numbers.COUNT.format(table="category", noun="category"))
    op.execute(
        "CREATE TRIGGER number_setting BEFORE INSERT ON category FOR EACH ROW WHEN (NEW.id IS NULL)"
        " EXECUTE FUNCTION public.number_setting('category')"
    )
    op.execute(KEEP_CATEGORY)
    op.execute(
        "CREATE TRIGGER keep_category BEFORE INSERT OR UPDATE ON category FOR EACH ROW"
        " EXECUTE FUNCTION public.keep_category()"
    )
    op.execute(HISTORY.format(now="category.id::text", number="category.id", before="category.key"))
    kept_setting(op, "category", "category")
    for table in FORCED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    for table in FORCED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(HISTORY.format(now="category.key", number="NULL", before="category.id::text"))
    for trigger in ("keep_record", "keep_category", "number_setting"):
        op.execute(f"DROP TRIGGER {trigger} ON category")
    op.execute("DROP FUNCTION keep_category()")
    op.execute("DELETE FROM category WHERE shipped_name = name AND merged_into IS NULL AND archived_at IS NULL")
    for column in (*(one.name for one in stages.columns(*KNOWN)), "name_key", "shipped_name"):
        op.drop_column("category", column)
    op.drop_constraint("category_pkey", "category")
    op.drop_constraint("category_workspace_id_key_key", "category")
    op.create_primary_key("category_pkey", "category", ["workspace_id", "key"])
    op.drop_column("category", "id")
    for table in FORCED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE record NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM record WHERE noun = 'category'")
    op.execute("ALTER TABLE record FORCE ROW LEVEL SECURITY")
