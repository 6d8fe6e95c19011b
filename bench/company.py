"""Fill a database with a company's customers by SQL, and make up what its people ask about them."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import closing
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from bench.names import pieces
from bot.registry import load
from storage.crm import pipelines
from storage.database import migrate
from storage.database.engine import Database
from storage.database.policies import filling
from storage.names import name_key
from storage.records.counters import next_ids
from storage.records.search import find_key
from storage.workspace import members, workspaces

TEAM = "T0BENCH"
PEOPLE = [f"U0BENCH{number:02}" for number in range(20)]
CHINESE_EVERY = 12
RELATED_EVERY = 4
"""There is a deal, a ticket and a note for every four customers."""
CHECKED = 2_000
Connection = psycopg.Connection[Any]
Question = tuple[str, str]
"""A command's text, and the reference its answer must name."""

# One draw of a random number for each row and purpose, the same in every run.
DRAW = """
CREATE FUNCTION pg_temp.draw(row_number bigint, purpose bigint, below bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN (hashint8extended(row_number, purpose) & 9223372036854775807) % below
"""
PIECES = """
CREATE TEMP TABLE piece (chinese boolean, place int, n bigint, name text, key text, found text, domain text)
"""

CUSTOMERS = """
INSERT INTO customer (workspace_id, id, name, name_key, find_key, domain, tier, owner_id, version, created_at)
SELECT %(team)s, i,
    array_to_string(array_remove(ARRAY[a.name, b.name, c.name], ''), %(glue)s),
    array_to_string(array_remove(ARRAY[a.key, b.key, c.key], ''), %(glue)s),
    array_to_string(array_remove(ARRAY[a.found, b.found, c.found, site.domain], ''), ' '),
    site.domain,
    (ARRAY['gold', 'silver', 'bronze', NULL, NULL])[1 + pg_temp.draw(i, 5, 5)],
    (%(people)s::text[])[1 + pg_temp.draw(i, 6, cardinality(%(people)s::text[]))],
    1,
    now() - make_interval(hours => (i %% 26000)::int)
FROM generate_series(1, %(count)s::bigint) AS i
JOIN piece AS a ON a.chinese = %(chinese)s AND a.place = 0 AND a.n = pg_temp.draw(i, 1, %(first)s)
JOIN piece AS b ON b.chinese = %(chinese)s AND b.place = 1 AND b.n = pg_temp.draw(i, 2, %(second)s)
JOIN piece AS c ON c.chinese = %(chinese)s AND c.place = 2 AND c.n = pg_temp.draw(i, 3, %(third)s)
CROSS JOIN LATERAL (
    SELECT CASE WHEN a.domain <> '' AND pg_temp.draw(i, 4, 10) < 7 THEN concat(
        a.domain, (ARRAY['', '-'])[1 + pg_temp.draw(i, 7, 2)], b.domain,
        (ARRAY['.com', '.example', '.de', '.io'])[1 + pg_temp.draw(i, 8, 4)]
    ) END AS domain
) AS site
WHERE (i %% %(every)s = 0) = %(chinese)s
"""

DEALS = """
INSERT INTO deal (
    workspace_id, id, name, name_key, find_key, customer_id, stage_id, status, amount_minor, currency, close_on,
    owner_id, closed_at, version, created_at
)
SELECT %(team)s, i, name, lower(name), lower(name), 1 + pg_temp.draw(i, 11, %(customers)s),
    (%(stages)s::bigint[])[1 + pg_temp.draw(i, 12, cardinality(%(stages)s::bigint[]))], status,
    100 * (500 + pg_temp.draw(i, 13, 90000)), 'EUR', current_date + (pg_temp.draw(i, 14, 120) - 30)::int,
    (%(people)s::text[])[1 + pg_temp.draw(i, 15, cardinality(%(people)s::text[]))],
    CASE WHEN status <> 'open' THEN now() - make_interval(days => pg_temp.draw(i, 16, 700)::int) END,
    1, now() - make_interval(hours => (i %% 20000)::int)
FROM generate_series(1, %(count)s::bigint) AS i
CROSS JOIN LATERAL (
    SELECT (ARRAY['Renewal', 'Pilot', 'Expansion', 'New site', 'Support plan', 'Migration'])[1 + pg_temp.draw(i, 17, 6)]
        || ' ' || (2024 + pg_temp.draw(i, 18, 4)) AS name,
        (ARRAY['open', 'open', 'open', 'won', 'lost'])[1 + pg_temp.draw(i, 19, 5)] AS status
) AS made
"""

TICKETS = """
INSERT INTO ticket (
    workspace_id, id, name, name_key, find_key, customer_id, status, standing, priority, category, assignee_id,
    resolved_at, version, created_at
)
SELECT %(team)s, i, name, lower(name), lower(name), 1 + pg_temp.draw(i, 21, %(customers)s), status, status,
    (ARRAY['low', 'normal', 'normal', 'high', 'urgent'])[1 + pg_temp.draw(i, 22, 5)],
    (ARRAY['billing', 'bug', 'howto', 'order'])[1 + pg_temp.draw(i, 23, 4)],
    (%(people)s::text[])[1 + pg_temp.draw(i, 24, cardinality(%(people)s::text[]))],
    CASE WHEN status IN ('resolved', 'closed') THEN now() - make_interval(days => pg_temp.draw(i, 25, 700)::int) END,
    1, now() - make_interval(hours => (i %% 20000)::int)
FROM generate_series(1, %(count)s::bigint) AS i
CROSS JOIN LATERAL (
    SELECT (ARRAY['Invoice is wrong', 'Cannot sign in', 'Export stops half-way', 'Where is my order', 'Add a user'])[
        1 + pg_temp.draw(i, 26, 5)] AS name,
        (ARRAY['new', 'open', 'waiting', 'resolved', 'closed'])[1 + pg_temp.draw(i, 27, 5)] AS status
) AS made
"""

NOTES = """
INSERT INTO note (workspace_id, about_noun, about_id, kind, text, at, created_by)
SELECT %(team)s, 'customer', 1 + pg_temp.draw(i, 31, %(customers)s), 'note',
    (ARRAY['Asked for a quote.', 'Call back next week about prices.', 'Happy with the pilot.'])[
        1 + pg_temp.draw(i, 32, 3)],
    now() - make_interval(hours => (i %% 20000)::int),
    (%(people)s::text[])[1 + pg_temp.draw(i, 33, cardinality(%(people)s::text[]))]
FROM generate_series(1, %(count)s::bigint) AS i
"""


FOR_THE_FLOOR = """
CREATE INDEX bare_customer_idx ON customer USING gin (find_key gin_trgm_ops) WHERE merged_into_id IS NULL
"""
"""What the bare app looks names up by; Rapport has no such index."""


def databases(admin_url: str, sizes: list[int]) -> dict[int, str]:
    """Return the URL of a database for each number of customers; a kept one is migrated, a missing one made."""
    found = {}
    for size in sizes:
        name = f"customers_{size}"
        with closing(connect(admin_url)) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                # Under another name until it is whole, so that one half filled is never measured.
                connection.execute("DROP DATABASE IF EXISTS being_filled")
                connection.execute("CREATE DATABASE being_filled TEMPLATE template0")
                fill(named(admin_url, "being_filled"), size)
                connection.execute(sql.SQL("ALTER DATABASE being_filled RENAME TO {}").format(sql.Identifier(name)))
        found[size] = named(admin_url, name)
        _upgrade(found[size])
    return found


def _upgrade(url: str) -> None:
    for line in load().lines:
        migrate.upgrade(url, line=line)


def fill(url: str, customers: int, related: int = 0) -> None:
    """Migrate an empty database and fill it, with `related` deals, tickets and notes, or one for every few customers.

    Raises AssertionError if a key is not what storage makes of the name.
    """
    _upgrade(url)
    stages = _begin(url, customers)
    with closing(connect(url)) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET session_replication_role = replica")  # each row would check its foreign keys
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('customer', 'deal', 'ticket', 'note')"
            " AND indexname NOT LIKE '%_pkey'"
        ).fetchall()
        for name, _definition in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        connection.execute(DRAW)
        _customers(connection, customers)
        values = {
            "team": TEAM,
            "people": PEOPLE,
            "customers": customers,
            "count": related or customers // RELATED_EVERY,
        }
        for query in (DEALS, TICKETS, NOTES):
            connection.execute(query.encode(), {**values, "stages": stages})
        for _name, definition in indexes:
            connection.execute(definition.encode())
        connection.execute("SET session_replication_role = origin")
        for noun, address in (("customer", "domain"), ("deal", None), ("ticket", None)):
            connection.execute(filling(noun, noun, address, batch=50_000).encode())
        connection.execute(FOR_THE_FLOOR.encode())
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
        _check_keys(connection, customers)


def _begin(url: str, customers: int) -> list[int]:
    """Make the workspace with its people, and take the numbers that the rows will have; return the open stages."""
    database = Database(url, pool_size=1)
    with database.transaction(TEAM) as session:
        workspaces.ensure(session, name="Bench", zone="Europe/Berlin", currency="EUR")
        for person in PEOPLE:
            profile = {"id": person, "team_id": TEAM, "name": person.lower(), "tz": "Europe/Berlin", "locale": "en-US"}
            members.ensure(session, person, profile)
        next_ids(session, "customer", customers)
        for noun in ("deal", "ticket"):
            next_ids(session, noun, max(1, customers // RELATED_EVERY))
        stages = [stage.id for stage in pipelines.stages(session) if stage.outcome == "open"]
    database.dispose()
    return stages


def _customers(connection: Connection, count: int) -> None:
    connection.execute(PIECES.encode())
    counts: Counter[tuple[bool, int]] = Counter()
    with connection.cursor().copy("COPY piece FROM STDIN") as copy:
        for chinese, place, *texts in pieces():
            copy.write_row((chinese, place, counts[chinese, place], *texts))
            counts[chinese, place] += 1
    connection.execute("ANALYZE piece")
    for chinese in (False, True):
        values = {
            "team": TEAM,
            "people": PEOPLE,
            "count": count,
            "every": CHINESE_EVERY,
            "chinese": chinese,
            "glue": "" if chinese else " ",
            "first": counts[chinese, 0],
            "second": counts[chinese, 1],
            "third": counts[chinese, 2],
        }
        connection.execute(CUSTOMERS.encode(), values)


def _check_keys(connection: Connection, customers: int) -> None:
    rows = connection.execute(
        "SELECT name, domain, name_key, find_key FROM customer WHERE workspace_id = %s AND id %% %s = 0",
        [TEAM, max(1, customers // CHECKED)],
    ).fetchall()
    for name, domain, stored_key, stored_find_key in rows:
        assert (stored_key, stored_find_key) == (name_key(name), find_key(name, domain)), (
            f"the keys of {name} are wrong"
        )


def questions(url: str, customers: int, number: int) -> dict[str, list[Question]]:
    """Return `number` questions of each kind, `show` and `find_typo`, about customers drawn at random.

    Half of what is shown is named by its reference, half by a name that only one customer has. What is looked for is
    the beginning of a western name of at least two words, with one letter left out, doubled or swapped with the next.
    """
    chance = random.Random(number)
    with closing(connect(url)) as connection:
        drawn = connection.execute(
            "SELECT id, name, (SELECT count(*) FROM customer AS same WHERE same.workspace_id = customer.workspace_id"
            " AND same.name_key = customer.name_key) FROM customer WHERE workspace_id = %s AND id = ANY(%s)",
            [TEAM, [1 + chance.randrange(customers) for _ in range(6 * number)]],
        ).fetchall()
    chance.shuffle(drawn)
    names = [(f"C-{record}", name) for record, name, same in drawn if same == 1]
    show = [
        (f"/customer show {chance.choice((reference, name))}", reference) for reference, name in _cycle(names, number)
    ]
    western = [(reference, name) for reference, name in names if name.isascii() and " " in name]
    find = [(f"/customer find {_misspelt(name, chance)}", reference) for reference, name in _cycle(western, number)]
    return {"show": show, "find_typo": find}


def version(url: str) -> str:
    """Return the server's version."""
    with closing(connect(url)) as connection:
        return str(connection.info.parameter_status("server_version"))


def _cycle(given: list[Question], number: int) -> list[Question]:
    return [given[i % len(given)] for i in range(number)]


def _misspelt(name: str, chance: random.Random) -> str:
    words = name.lower().split()[:2]
    which = max(range(2), key=lambda at: (len(words[at]) >= 5, chance.random()))
    word = words[which]
    at = chance.randrange(1, len(word) - 1)
    words[which] = chance.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )
    return " ".join(words)


def connect(url: str) -> Connection:
    """Connect as whoever owns the database, each statement a transaction of its own."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def named(admin_url: str, database: str) -> str:
    """Return the URL of another database on the same server."""
    return make_url(admin_url).set(database=database).render_as_string(hide_password=False)
