"""Keep every noun's records in `record`, by triggers on the nouns' own tables, and search there.

So the release before, which knows nothing of it, is served as well: what it writes is found, and its search is the new
one. The indexes of the old search go.

Revision ID: 0017
"""

import importlib

import sqlalchemy as sa
from alembic import op

from storage.database.policies import filling, kept_record, search_function

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

words = importlib.import_module("storage.database.migrations.versions.0016_records")

NOUNS = {"customer": "domain", "contact": "email_key", "deal": None, "ticket": None}
"""The nouns that have a name, and the column of an address by which they are found as well."""

SEARCH = "search_records(text, text[], integer)"
FIND = "find_records(text, text[], integer)"

# `how` a record answers: it has the "same" name, it "has" the words or begins so, or it is "near".
#
# First the records of which every word was typed, nearly or in part, and those whose name begins so; where there are
# none, those that lack one word, then those that have any. Where more than 300 answer, any 300 are compared. Of records
# of one and the same name all but one come last: ten of them would hide what else there is. EXECUTE plans for what was
# typed.
SEARCH_RECORDS = f"""
CREATE OR REPLACE FUNCTION search_records(wanted text, nouns text[], most integer)
RETURNS TABLE (noun text, id bigint, name text, score real, how text)
LANGUAGE plpgsql STABLE {words.DEFINER} SET enable_seqscan = off
AS $$
DECLARE
    own constant text := {words.OWN};
    hushed constant text := ' gmbh co kg ag ltd limited inc llc plc corp corporation company sa bv nv and und et the ';
    answering constant text := 'SELECT r.noun, r.id, r.name, r.find_key, r.words FROM record AS r'
        ' WHERE workspace_id || '''' = $5 AND {words.LIVE} AND ';
    has constant text := $has${words.word_keys("r.")}
        && string_to_array(o.tag || replace($%s[%s], ' ', ' ' || o.tag), ' ')$has$;
    parts record; one record; typed text; hits text; n integer; known integer; wanted_words jsonb;
    slots text[] := ARRAY[]::text[]; whole text[] := slots; sets text[] := slots;
    place integer[] := ARRAY[]::integer[]; meant text[] := slots; sure real[] := ARRAY[]::real[];
BEGIN
    SELECT * INTO parts FROM name_parts(wanted);
    FOR one IN SELECT * FROM unnest(parts.slots, parts.whole) AS given (slot, whole) LOOP
        CONTINUE WHEN one.slot = ANY (slots);
        CONTINUE WHEN position(' ' || one.slot || ' ' IN hushed) > 0 AND cardinality(parts.slots) > 1;
        slots := slots || one.slot; whole := whole || one.whole;
    END LOOP;
    IF cardinality(slots) = 0 THEN
        slots := parts.slots; whole := parts.whole;
    END IF;
    slots := slots[1:6];
    n := cardinality(slots);
    IF own IS NULL OR n = 0 THEN
        RETURN;
    END IF;
    IF wanted ~ '^[^ ]+[.@][^ ]+$' THEN
        whole := array_fill(wanted, ARRAY[n]);
    END IF;
    FOR i IN 1..n LOOP
        known := 0;
        FOR one IN SELECT * FROM name_meant(slots[i]) LOOP
            known := known + 1;
            place := place || i; meant := meant || one.word; sure := sure || one.sure;
        END LOOP;
        FOREACH typed IN ARRAY ARRAY[whole[i], slots[i - 1] || slots[i], slots[i] || slots[i + 1]] LOOP
            CONTINUE WHEN typed IS NULL OR typed = '';
            place := place || i; meant := meant || typed; sure := sure || 0.95::real;
        END LOOP;
        IF known = 1 AND length(slots[i]) > 2 THEN
            FOR one IN SELECT * FROM name_alike(slots[i]) LOOP
                CONTINUE WHEN one.word = slots[i];
                place := place || i; meant := meant || one.word; sure := sure || one.sure;
            END LOOP;
        END IF;
        sets := sets || (SELECT string_agg(c.word, ' ') FROM unnest(place, meant) AS c (at, word) WHERE c.at = i);
    END LOOP;
    SELECT jsonb_object_agg(meaning.word, meaning.at) INTO wanted_words FROM (
        SELECT best.word, jsonb_object_agg(best.at, best.sure) AS at FROM (
            SELECT c.word, c.at, max(c.sure) AS sure FROM unnest(meant, place, sure) AS c (word, at, sure) GROUP BY 1, 2
        ) AS best GROUP BY 1
    ) AS meaning;
    FOR lacking IN 0..2 LOOP
        EXIT WHEN lacking >= n;
        IF lacking = 0 THEN
            SELECT format(
                '(%s %s LIMIT 200) UNION (%s %s LIMIT 300) UNION SELECT * FROM name_begins(o.noun, $4)',
                answering, string_agg(format(has, 3, k), ' AND '), answering, string_agg(format(has, 2, k), ' AND ')
            ) INTO hits FROM generate_series(1, n) AS k;
        ELSIF lacking = 1 THEN
            SELECT format('%s (%s) LIMIT 300', answering, string_agg(format('(%s)', (
                SELECT string_agg(format(has, 2, k), ' AND ') FROM generate_series(1, n) AS k WHERE k <> without
            )), ' OR ')) INTO hits FROM generate_series(1, n) AS without;
        ELSE
            SELECT format('%s (%s) LIMIT 300', answering, string_agg(format(has, 2, k), ' OR '))
            INTO hits FROM generate_series(1, n) AS k;
        END IF;
        RETURN QUERY EXECUTE format($find$
            SELECT ranked.noun, ranked.id, ranked.name, ranked.score, ranked.how FROM (
                SELECT found.*, row_number() OVER (PARTITION BY found.noun, found.name ORDER BY found.id DESC) AS again
                FROM (
                    SELECT hit.noun, hit.id, hit.name, (CASE
                        WHEN hit.find_key = $4 THEN 1
                        WHEN starts_with(hit.find_key, $4)
                            THEN greatest(matched.score, 0.8 + 0.18 * length($4) / length(hit.find_key))
                        ELSE matched.score END)::real AS score,
                        CASE WHEN hit.find_key = $4 THEN 'same'
                            WHEN starts_with(hit.find_key, $4) OR matched.certain = cardinality($3) THEN 'has'
                            ELSE 'near' END AS how
                    FROM (SELECT noun, $5 || '/' || noun || '/' AS tag FROM unnest($6) AS noun) AS o
                    CROSS JOIN LATERAL (%s) AS hit
                    CROSS JOIN LATERAL (
                        SELECT coalesce(
                            0.78 * sum(best.sure * best.weight) / length(array_to_string($3, ''))
                                + 0.2 * least(1, sum(best.weight)::real / greatest(1, length(hit.find_key))),
                            0
                        ) AS score, count(*) FILTER (WHERE best.sure >= 0.95) AS certain
                        FROM (
                            SELECT max(c.sure::real) AS sure, length($3[c.at::integer]) AS weight
                            FROM unnest(string_to_array(hit.words, ' ')) AS own (word)
                            CROSS JOIN LATERAL jsonb_each_text($1 -> own.word) AS c (at, sure) GROUP BY c.at
                        ) AS best
                    ) AS matched
                ) AS found
            ) AS ranked ORDER BY ranked.again > 1, ranked.score DESC, ranked.id DESC LIMIT $7
            $find$, hits)
        USING wanted_words, sets, slots, parts.find_key, own, nouns, most;
        EXIT WHEN FOUND;
    END LOOP;
END
$$
"""  # noqa: S608 - all of it is written here


# The search of the release before; it goes when that one does.
FIND_RECORDS = f"""
CREATE OR REPLACE FUNCTION find_records(wanted text, nouns text[], most integer)
RETURNS TABLE (noun text, id bigint, name text, score real)
LANGUAGE sql STABLE {words.DEFINER}
AS 'SELECT noun, id, name, score FROM search_records(wanted, nouns, most)'
"""  # noqa: S608 - all of it is written here


def upgrade() -> None:
    # Each on its own, as all tables locked at once would make whoever works on two of them wait in a circle. What is
    # done already is done again without harm.
    with op.get_context().autocommit_block():
        for noun, address in NOUNS.items():
            op.execute(f"ALTER TABLE {noun} ADD COLUMN IF NOT EXISTS archived_at timestamptz")
            kept_record(op, noun, noun, address)
            op.execute(filling(noun, noun, address))
        op.execute("ANALYZE record, name_word")
        search_function(op, SEARCH, SEARCH_RECORDS)
        search_function(op, FIND, FIND_RECORDS)
        for noun in NOUNS:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {noun}_find_key_idx")


def downgrade() -> None:
    for noun in NOUNS:
        op.create_index(
            f"{noun}_find_key_idx",
            noun,
            ["workspace_id", "find_key"],
            postgresql_using="gin",
            postgresql_ops={"find_key": "gin_trgm_ops"},
            postgresql_where=sa.text("merged_into_id IS NULL"),
        )
    before = importlib.import_module("storage.database.migrations.versions.0002_crm")
    op.execute(f"DROP FUNCTION {FIND}")
    op.execute(f"DROP FUNCTION {SEARCH}")
    op.execute("SELECT similarity('a', 'b')")
    search_function(op, FIND, before.FIND_RECORDS)
    for noun in NOUNS:
        op.execute(f"DROP TRIGGER keep_record ON {noun}")
        op.drop_column(noun, "archived_at")
    op.execute("DELETE FROM record")
