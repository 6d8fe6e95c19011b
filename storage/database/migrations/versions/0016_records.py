"""Make one row for every record of every noun, and the words of all names, by which records are found.

What folds a name and takes it apart is SQL alone, so that a name has the same words whoever writes it. The revision
after this one has the nouns' tables keep both in step.

Revision ID: 0016
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import ALL_RIGHTS, SEARCH, search_function, tenant_table, workspace_id

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.Text(collation="C")
MOMENT = sa.DateTime(timezone=True)

# Han and kana are written without spaces between words.
HAN = r"\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff"
# Marks of Latin, Greek, Cyrillic, Hebrew and Arabic; in other scripts they are letters.
MARKS = r"\u0300-\u036f\u0591-\u05c7\u064b-\u0652"

# What joins the parts of one word, and what ends one. An apostrophe does neither.
JOINS, OTHER_JOINS = ".&+/_@", "·・"
ENDS, OTHER_ENDS = ',;:|()[]{}<>"!?*#%=~^\\$', "“”„«»…、。"

# What is given is a name's key, so it is NFKC, case folded and without what cannot be seen.
NAME_FOLDED = rf"""
CREATE OR REPLACE FUNCTION name_folded(key text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(
    regexp_replace(
        translate(
            replace(replace(replace(
                normalize(regexp_replace(normalize(key, NFD), '[{MARKS}]', '', 'g'), NFC),
                'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'
            ),
            'øłđıðħ‐‑‒–—―−''’‘ʼ`´′', 'oldidh-------'
        ),
        '([{HAN}])\s+(?=[{HAN}])', '\1', 'g'
    ),
    '([{HAN}]+)', ' \1 ', 'g'
)
"""

# The words of a name: parts and whole of what punctuation joins, pairs of what is written without spaces. `find_key` is
# the whole name without what people leave out. `slots` are what a search has to find, each one by itself or all that
# are joined as the `whole`.
NAME_PARTS = rf"""
CREATE OR REPLACE FUNCTION name_parts(key text, OUT words text[], OUT find_key text, OUT slots text[], OUT whole text[])
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    plain constant boolean := octet_length(key) = length(key);
    legal constant text := ' gmbh mbh co kg kgaa ohg gbr ug ag se ltd limited inc incorporated llc llp lp plc corp'
        ' corporation company sa sas sarl srl spa bv nv oy oyj ab as aps kft zrt nyrt doo sro pty pte pvt bhd sdn kk'
        ' ооо оао пао зао ао ';
    before constant text := ' the ооо оао пао зао ао pt ';
    folded text; token text; joined text; parts text[]; wholes text[] := ARRAY[]::text[]; n integer;
BEGIN
    words := wholes; slots := wholes; whole := wholes;
    IF plain THEN
        folded := translate(key, $p${JOINS}{ENDS}'`$p$, '{"-" * len(JOINS)}{" " * len(ENDS)}');
    ELSE
        folded := translate(name_folded(key), $p${JOINS}{OTHER_JOINS}{ENDS}{OTHER_ENDS}$p$,
            '{"-" * len(JOINS + OTHER_JOINS)}{" " * len(ENDS + OTHER_ENDS)}');
    END IF;
    FOREACH token IN ARRAY string_to_array(folded, ' ') LOOP
        CONTINUE WHEN token = '';
        IF position('-' IN token) > 0 THEN
            joined := replace(token, '-', '');
            CONTINUE WHEN joined = '';
            parts := array_remove(string_to_array(token, '-'), '');
            n := (SELECT count(*) FROM unnest(parts) AS part WHERE length(part) > 1);
            words := words || joined || ARRAY(SELECT part FROM unnest(parts) AS part WHERE length(part) > 1);
            wholes := wholes || joined;
            IF n > 1 AND n = cardinality(parts) THEN
                slots := slots || parts; whole := whole || array_fill(joined, ARRAY[n]);
            ELSE
                slots := slots || joined; whole := whole || ''::text;
            END IF;
        ELSIF NOT plain AND token ~ '^[{HAN}]' THEN
            joined := regexp_replace(
                regexp_replace(token, '(股份|有限|责任|公司|株式会社|有限会社)+$', ''), '^(株式会社|有限会社)', ''
            );
            joined := CASE joined WHEN '' THEN token ELSE joined END;
            n := length(joined);
            parts := CASE n WHEN 1 THEN ARRAY[joined]
                ELSE ARRAY(SELECT substr(joined, i, 2) FROM generate_series(1, n - 1) AS i) END;
            words := words || parts; slots := slots || parts; wholes := wholes || joined;
            whole := whole || array_fill(''::text, ARRAY[cardinality(parts)]);
        ELSE
            words := words || token; slots := slots || token; whole := whole || ''::text;
            IF token NOT IN ('and', 'und', 'et') THEN wholes := wholes || token; END IF;
        END IF;
    END LOOP;
    IF cardinality(words) = 0 AND key <> '' THEN
        words := ARRAY[replace(key, ' ', '')]; slots := words; whole := ARRAY[''];
    END IF;
    IF cardinality(wholes) = 0 THEN wholes := words; END IF;
    n := cardinality(wholes);
    WHILE n > 1 AND position(' ' || wholes[n] || ' ' IN legal) > 0 LOOP n := n - 1; END LOOP;
    WHILE n > 1 AND position(' ' || wholes[1] || ' ' IN before) > 0 LOOP
        wholes := wholes[2:]; n := n - 1;
    END LOOP;
    find_key := array_to_string(wholes[1:n], '');
END
$$
"""  # noqa: S608 - all of it is written here

# An address is found by the whole of it, by its host, and by the parts of both that mean something.
ADDRESS_WORDS = r"""
CREATE OR REPLACE FUNCTION address_words(address text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN address IS NULL THEN ARRAY[]::text[] ELSE (
    WITH labels AS (
        SELECT label FROM (
            SELECT label, at, count(*) OVER () AS last
            FROM unnest(string_to_array(replace(address, '@', '.'), '.')) WITH ORDINALITY AS one (label, at)
        ) AS numbered WHERE at < last
    )
    SELECT ARRAY[address, split_part(address, '@', -1)] || ARRAY(
        SELECT part FROM (
            SELECT translate(label, '-_+', '') AS part FROM labels
            UNION SELECT unnest(string_to_array(translate(label, '-_+', '   '), ' ')) FROM labels
        ) AS parts WHERE length(part) > 1
    )
) END
"""

# Of two words with one letter more, less, other or swapped with the next, some of these are the same. A long word's are
# those of its beginning, so that no word has more than eight.
NAME_NEAR = r"""
CREATE OR REPLACE FUNCTION name_near(word text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN length(word) < 4 OR word ~ '^[0-9]+$' THEN '' ELSE (
    SELECT string_agg(key, ' ') FROM (
        SELECT overlay(left(word, 7) PLACING '' FROM i FOR 1) AS key
        FROM generate_series(1, least(length(word), 7)) AS i
        UNION SELECT left(word, 7)
    ) AS keys
) END
"""

NAME_CLOSENESS = r"""
CREATE OR REPLACE FUNCTION name_closeness(one text, other text) RETURNS real
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    n constant integer := length(one); m constant integer := length(other);
    alike integer := 0; after integer := 0;
BEGIN
    WHILE alike < least(n, m) AND substr(one, alike + 1, 1) = substr(other, alike + 1, 1) LOOP
        alike := alike + 1;
    END LOOP;
    WHILE after < least(n, m) - alike AND substr(one, n - after, 1) = substr(other, m - after, 1) LOOP
        after := after + 1;
    END LOOP;
    IF alike + after >= greatest(n, m) - 1 OR n = m AND alike + after = n - 2
        AND substr(one, alike + 1, 1) = substr(other, alike + 2, 1)
        AND substr(one, alike + 2, 1) = substr(other, alike + 1, 1)
    THEN
        RETURN 0.85;
    END IF;
    RETURN CASE WHEN alike + after >= greatest(n, m) - 2 THEN 0.6 ELSE 0.4 END;
END
$$
"""


def word_keys(row: str = "") -> str:
    """Return the keys of a record's words in the index over all workspaces.

    They begin with whose they are, so that a large workspace makes no other's search slower, nor one noun another's.
    Made by functions that PostgreSQL has itself, as ours would be planned again at each insert.
    """
    tag = f"{row}workspace_id || '/' || {row}noun || '/'"
    return f"string_to_array({tag} || replace({row}words, ' ', ' ' || {tag}), ' ')"


def near_keys(row: str = "") -> str:
    """Return the keys by which a word is found from those that are nearly the same."""
    return f"string_to_array({row}workspace_id || '/' || replace({row}near, ' ', ' ' || {row}workspace_id || '/'), ' ')"


OWN = "NULLIF(current_setting('rapport.workspace', true), '')"
DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
LIVE = "merged_into_id IS NULL AND archived_at IS NULL"

# The words that may have been meant, and how sure that is: the typed one, those near it, those it begins. The typed one
# comes again where it is known.
NAME_MEANT = f"""
CREATE OR REPLACE FUNCTION name_meant(typed text) RETURNS TABLE (word text, sure real)
LANGUAGE plpgsql STABLE {DEFINER} SET enable_seqscan = off
AS $$
DECLARE
    own constant text := {OWN};
    tag constant text := own || '/';
    keys constant text := name_near(typed);
BEGIN
    word := typed; sure := 1; RETURN NEXT;
    IF keys <> '' THEN
        FOR word IN
            SELECT DISTINCT known.word FROM name_word AS known
            WHERE {near_keys("known.")} && string_to_array(tag || replace(keys, ' ', ' ' || tag), ' ') LIMIT 60
        LOOP
            CONTINUE WHEN word = typed;
            sure := name_closeness(typed, word); RETURN NEXT;
        END LOOP;
    END IF;
    IF length(typed) > 1 THEN
        FOR word IN
            SELECT known.word FROM name_word AS known
            WHERE known.workspace_id = own AND known.word >= typed AND known.word < typed || chr(1114111)
            ORDER BY known.word LIMIT 30
        LOOP
            sure := CASE word WHEN typed THEN 1 ELSE 0.6 + 0.35 * length(typed) / length(word) END;
            RETURN NEXT;
        END LOOP;
    END IF;
END
$$
"""  # noqa: S608 - all of it is written here

# What has the typed word within, or much in common with it. Only the index for it has the workspace in this form: the
# planner may take a small workspace's words for quicker to read.
NAME_ALIKE = f"""
CREATE OR REPLACE FUNCTION name_alike(typed text) RETURNS TABLE (word text, sure real)
LANGUAGE plpgsql STABLE {DEFINER} SET enable_seqscan = off SET pg_trgm.similarity_threshold = 0.4
AS $$
BEGIN
    RETURN QUERY EXECUTE $alike$
        SELECT word, (0.3 + 0.4 * similarity($1, word))::real AS alike FROM (
            (SELECT word FROM name_word WHERE workspace_id || '' = $2 AND word LIKE $3 LIMIT 30)
            UNION (SELECT word FROM name_word WHERE workspace_id || '' = $2 AND word % $1 LIMIT 100)
        ) AS known ORDER BY alike DESC, word LIMIT 10
        $alike$
        USING typed, {OWN}, '%' || typed || '%';
END
$$
"""  # noqa: S608 - all of it is written here

NAME_BEGINS = f"""
CREATE OR REPLACE FUNCTION name_begins(searched text, key text)
RETURNS TABLE (noun text, id bigint, name text, find_key text, words text)
LANGUAGE sql STABLE {DEFINER} SET enable_seqscan = off
AS $$
    SELECT noun, id, name, find_key, words FROM record
    WHERE workspace_id = {OWN} AND noun = searched AND find_key >= key AND find_key < key || chr(1114111) AND {LIVE}
    ORDER BY find_key LIMIT 30
$$
"""  # noqa: S608 - all of it is written here

# A word has no unique key: whoever writes a new one would keep others waiting for the commit. That one is there twice
# now and then does no harm.
LEARN_NAME_WORDS = f"""
CREATE OR REPLACE FUNCTION learn_name_words(whose text, given text[]) RETURNS void
LANGUAGE plpgsql {DEFINER}
AS $$
DECLARE
    unknown constant text[] := ARRAY(
        SELECT one FROM unnest(given) AS one
        WHERE NOT EXISTS (SELECT FROM name_word AS known WHERE known.workspace_id = whose AND known.word = one)
    );
BEGIN
    IF cardinality(unknown) > 0 THEN
        INSERT INTO name_word (workspace_id, word, near)
        SELECT DISTINCT whose, one, name_near(one) FROM unnest(unknown) AS one;
    END IF;
END
$$
"""  # noqa: S608 - all of it is written here

# Writers of names share a lock that `forget_name_words` takes alone: it does not see names that are not committed, and
# would forget their words. Its first argument is the noun, its second the column of an address.
KEEP_RECORD = f"""
CREATE OR REPLACE FUNCTION keep_record() RETURNS trigger
LANGUAGE plpgsql {DEFINER}
AS $$
DECLARE
    whose constant text := coalesce(NEW.workspace_id, OLD.workspace_id);
    parts record; words text[]; had text[]; lives boolean := false;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('name words ' || whose, 0));
    IF TG_OP <> 'INSERT' THEN
        SELECT string_to_array(record.words, ' ') INTO had FROM record
        WHERE workspace_id = whose AND noun = TG_ARGV[0] AND id = OLD.id;
    END IF;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM record WHERE workspace_id = whose AND noun = TG_ARGV[0] AND id = OLD.id;
    ELSE
        SELECT * INTO parts FROM name_parts(NEW.name_key);
        words := parts.words;
        IF TG_NARGS > 1 THEN
            words := words || address_words(to_jsonb(NEW) ->> TG_ARGV[1]);
        END IF;
        INSERT INTO record (workspace_id, noun, id, name, name_key, find_key, words, merged_into_id, archived_at)
        VALUES (whose, TG_ARGV[0], NEW.id, NEW.name, NEW.name_key, parts.find_key, array_to_string(words, ' '),
            NEW.merged_into_id, NEW.archived_at)
        ON CONFLICT (workspace_id, noun, id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key,
            find_key = excluded.find_key, words = excluded.words, merged_into_id = excluded.merged_into_id,
            archived_at = excluded.archived_at;
        lives := NEW.merged_into_id IS NULL AND NEW.archived_at IS NULL;
    END IF;
    IF lives THEN
        PERFORM learn_name_words(whose, parts.words);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        BEGIN
            INSERT INTO name_word_left (workspace_id, word)
            SELECT whose, one FROM unnest(had) AS one WHERE NOT (lives AND one = ANY (words));
        EXCEPTION WHEN foreign_key_violation THEN
            NULL;  -- the workspace is being deleted, and its words with it
        END;
    END IF;
    RETURN NULL;
END
$$
"""  # noqa: S608 - all of it is written here

# Returns how many words were looked at, 0 also where somebody is writing names.
FORGET_NAME_WORDS = f"""
CREATE OR REPLACE FUNCTION forget_name_words(most integer) RETURNS integer
LANGUAGE plpgsql {DEFINER} SET enable_seqscan = off
AS $$
DECLARE
    own constant text := {OWN};
    left_behind text[]; nouns text[];
BEGIN
    FOR attempt IN 1..50 LOOP
        EXIT WHEN pg_try_advisory_xact_lock(hashtextextended('name words ' || own, 0));
        IF attempt = 50 THEN
            RETURN 0;
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    WITH taken AS (
        DELETE FROM name_word_left WHERE workspace_id = own AND id IN (
            SELECT waiting.id FROM name_word_left AS waiting WHERE waiting.workspace_id = own
            ORDER BY waiting.id LIMIT most
        ) RETURNING word
    )
    SELECT array_agg(DISTINCT word) INTO left_behind FROM taken;
    WITH RECURSIVE kinds AS (
        (SELECT noun FROM record WHERE workspace_id = own ORDER BY noun LIMIT 1)
        UNION ALL
        SELECT (SELECT next.noun FROM record AS next WHERE next.workspace_id = own AND next.noun > kinds.noun
            ORDER BY next.noun LIMIT 1) FROM kinds WHERE kinds.noun IS NOT NULL
    )
    SELECT array_agg(noun) INTO nouns FROM kinds WHERE noun IS NOT NULL;
    DELETE FROM name_word AS known WHERE known.workspace_id = own AND known.word = ANY (left_behind) AND NOT EXISTS (
        SELECT FROM unnest(nouns) AS kind WHERE EXISTS (
            SELECT FROM record AS r
            WHERE {word_keys("r.")} && ARRAY[own || '/' || kind || '/' || known.word] AND {LIVE}
        )
    );
    RETURN coalesce(cardinality(left_behind), 0);
END
$$
"""  # noqa: S608 - all of it is written here

# Takes in what stands in a noun's table after a key, and returns the last key it took, nothing after the last one. Then
# what was deleted while it was read goes again.
FILL_RECORD = f"""
CREATE OR REPLACE FUNCTION fill_record(
    kind text, kept_in regclass, address text, INOUT whose text, INOUT after bigint, most integer
) LANGUAGE plpgsql {DEFINER}
AS $$
DECLARE
    batch constant text := format(
        'SELECT * FROM %s WHERE (workspace_id, id) > ($1, $2) ORDER BY workspace_id, id LIMIT $3', kept_in
    );
    last_key record;
BEGIN
    EXECUTE format('SELECT workspace_id, id FROM (%s) AS b ORDER BY workspace_id DESC, id DESC LIMIT 1', batch)
    INTO last_key USING whose, after, most;
    EXECUTE format(
        'WITH put AS ('
        'INSERT INTO record (workspace_id, noun, id, name, name_key, find_key, words, merged_into_id, archived_at)'
        ' SELECT b.workspace_id, $4, b.id, b.name, b.name_key, parts.find_key,'
        ' array_to_string(parts.words || address_words(%s), %L), b.merged_into_id, b.archived_at'
        ' FROM (%s) AS b CROSS JOIN LATERAL name_parts(b.name_key) AS parts'
        ' ON CONFLICT DO NOTHING RETURNING workspace_id, name_key, merged_into_id, archived_at'
        '), word AS (SELECT DISTINCT put.workspace_id, unnest(parts.words) AS word FROM put'
        ' CROSS JOIN LATERAL name_parts(put.name_key) AS parts WHERE {LIVE})'
        ' INSERT INTO name_word (workspace_id, word, near) SELECT workspace_id, word, name_near(word) FROM word'
        ' WHERE NOT EXISTS (SELECT FROM name_word AS known'
        ' WHERE known.workspace_id = word.workspace_id AND known.word = word.word)',
        CASE WHEN address IS NULL THEN 'NULL' ELSE format('b.%I', address) END, ' ', batch
    ) USING whose, after, most, kind;
    IF last_key IS NULL THEN
        EXECUTE format(
            'DELETE FROM record WHERE noun = $1 AND NOT EXISTS (SELECT FROM %s AS own'
            ' WHERE own.workspace_id = record.workspace_id AND own.id = record.id)', kept_in
        ) USING kind;
    END IF;
    whose := last_key.workspace_id; after := last_key.id;
END
$$
"""  # noqa: S608 - all of it is written here

HELPERS = (NAME_FOLDED, NAME_PARTS, ADDRESS_WORDS, NAME_NEAR, NAME_CLOSENESS)
SEARCHES = {
    "name_meant(text)": NAME_MEANT,
    "name_alike(text)": NAME_ALIKE,
    "name_begins(text, text)": NAME_BEGINS,
    "forget_name_words(integer)": FORGET_NAME_WORDS,
}
# They write whatever workspace they are told: for triggers and revisions only.
KEEPING = {
    "learn_name_words(text, text[])": LEARN_NAME_WORDS,
    "keep_record()": KEEP_RECORD,
    "fill_record(text, regclass, text, text, bigint, integer)": FILL_RECORD,
}
INDEXES = {
    "record_words_idx": f"record USING gin (({word_keys()})) WITH (fastupdate = off) WHERE {LIVE}",
    "record_find_key_idx": "record (workspace_id, noun, find_key, id)",
    "name_word_word_idx": "name_word (workspace_id, word)",
    "name_word_near_idx": f"name_word USING gin (({near_keys()})) WITH (fastupdate = off)",
    "name_word_alike_idx": "name_word USING gin ((workspace_id || ''), word gin_trgm_ops) WITH (fastupdate = off)",
}


def upgrade() -> None:
    _tables()
    for definition in HELPERS:
        op.execute(definition)
    # A setting of an extension can be pinned only once the extension is loaded.
    op.execute("SELECT similarity('a', 'b')")
    for signature, definition in KEEPING.items():
        search_function(op, signature, definition, for_app=False)
    for signature, definition in SEARCHES.items():
        search_function(op, signature, definition)


def _tables() -> None:
    op.create_table(
        "record",
        workspace_id(),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("find_key", KEY, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("merged_into_id", sa.BigInteger),
        sa.Column("archived_at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id", "noun", "id"),
    )
    op.create_table(
        "name_word",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("word", KEY, nullable=False),
        sa.Column("near", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    )
    op.create_table(
        "name_word_left",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("word", KEY, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    )
    for table in ("record", "name_word", "name_word_left"):
        tenant_table(op, table, rights="SELECT")
        op.execute(f"GRANT {ALL_RIGHTS} ON {table} TO {SEARCH}")
        op.execute(f"CREATE POLICY search ON {table} TO {SEARCH} USING (true) WITH CHECK (true)")
    for name, what in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {what}")


def downgrade() -> None:
    for signature in [*KEEPING, *SEARCHES]:
        op.execute(f"DROP FUNCTION {signature}")
    for signature in (
        "name_closeness(text, text)",
        "name_near(text)",
        "address_words(text)",
        "name_parts(text)",
        "name_folded(text)",
    ):
        op.execute(f"DROP FUNCTION {signature}")
    for table in ("name_word_left", "name_word", "record"):
        op.drop_table(table)
