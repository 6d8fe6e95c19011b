"""Look each word of a name up in the index, however little the planner knows of the table yet.

Revision ID: 0048
"""

from importlib import import_module

from alembic import op

from storage.database.policies import search_function

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

words = import_module("storage.database.migrations.versions.0016_records")
SIGNATURE = "learn_name_words(text, text[])"

# A subquery with a limit is asked for each word. Without one it becomes a join, which in a table that was never
# analysed reads all words for every name: 100,000 names at once took hours.
LEARN_NAME_WORDS = f"""
CREATE OR REPLACE FUNCTION learn_name_words(whose text, given text[]) RETURNS void
LANGUAGE plpgsql {words.DEFINER} SET enable_seqscan = off
AS $$
DECLARE
    unknown constant text[] := ARRAY(
        SELECT one FROM unnest(given) AS one
        WHERE (
            SELECT known.id FROM name_word AS known WHERE known.workspace_id = whose AND known.word = one LIMIT 1
        ) IS NULL
    );
BEGIN
    IF cardinality(unknown) > 0 THEN
        INSERT INTO name_word (workspace_id, word, near)
        SELECT DISTINCT whose, one, name_near(one) FROM unnest(unknown) AS one;
    END IF;
END
$$
"""  # noqa: S608 - all of it is written here


def upgrade() -> None:
    search_function(op, SIGNATURE, LEARN_NAME_WORDS, for_app=False)


def downgrade() -> None:
    search_function(op, SIGNATURE, words.LEARN_NAME_WORDS, for_app=False)
