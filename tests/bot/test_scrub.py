"""Show that no secret, nothing personal and no row's value is left in a text, however it is spelt."""

from __future__ import annotations

import json
import traceback
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.scrub import printable, scrub
from tests.support.cluster import connect

CANARY = "canary"
SECRETS = [
    # Tokens, of every kind there is and was.
    *(f"xox{kind}-1-2-canary" for kind in "abceoprs"),
    "xoxe.xoxp-1-canary",
    "xoxe.xoxb-1-canary",
    "XOXB-1-CANARY",
    "xoxb%2D1%2Dcanary",
    "xapp-1-A0-1-canary",
    "xwfp-1-canary",
    # Where answers go.
    "https://hooks.slack.com/commands/T1/2/canary",
    "http://hooks.slack.com/services/T1/B2/canary",
    "hooks.slack.com/workflows/canary",
    "https://hooks.slack-gov.com/commands/canary",
    "https%3A%2F%2Fhooks.slack.com%2Fcommands%2Fcanary",
    r"https:\/\/hooks.slack.com\/commands\/canary",
    '{"response_url": "http://127.0.0.1:4000/canary"}',
    "response_url=http%3A%2F%2F127.0.0.1%2Fcanary",
    # Addresses and connection strings.
    "postgresql://app:canary@db.example/crm",
    "postgresql+psycopg://app:ca%40canary@db:5432/crm",
    "postgresql://app:p@ss@canary@db/crm",
    "postgresql://app:p/canary@db/crm",
    "postgres://:canary@/crm?host=%2Ftmp",
    "https://canary@proxy.example:3128",
    "app:canary@db:5432/crm",
    "postgresql%3A%2F%2Fapp%3Acanary%40db%2Fcrm",
    "host=db user=app password=canary dbname=crm",
    "host=db password = 'the canary' dbname=crm",
    r"host=db password='it\'s a canary' dbname=crm",
    "PGPASSWORD=canary",
    "postgresql:///crm?user=app&password=canary&host=db",
    "?sslpassword=canary",
    "password%3Dcanary",
    '{"password": "canary"}',
    "password: canary",
    "Password:canary",
    r"{\"password\": \"canary\"}",
    "{'client_secret': 'canary'}",
    "code=canary&state=canary",
    'missing "=" after "canary" in connection info string',
    'could not translate host name "p@canary" to address: Name or service not known',
    "ValueError: invalid literal for int() with base 10: 'canary'",
    'invalid port number: "canary"',
    # What a request carries.
    "Authorization: Bearer canary",
    "{'Authorization': 'Basic Y2FuYXJ5Y2FuYXJ5 canary'}".replace(" canary", ""),
    "authorization=Token canary",
    "BEARER canary",
    "X-Slack-Signature: v0=canary",
    "RAPPORT_ENCRYPTION_KEYS=canary,canary",
    "SLACK_SIGNING_SECRET=canary",
    "SLACK_BOT_TOKEN='canary'",
    "access_token=canary",
    # People.
    "canary@example.com",
    "o'canary+x@example.co.uk",
    "canary@localhost",
    "canary%40example.com",
    "<mailto:canary@example.com|canary@example.com>",
    "canary@münchen.example",
]
ROWS = [
    "DETAIL:  Key (email)=(canary) already exists.",
    "DETAIL:  Key (email)=(jo@x) is a\ncanary) already exists.",
    "DETAIL:  Failing row contains (1, canary, null).",
    "Failing row contains (1, canary\nand a canary).",
    "Key (name, workspace_id)=(canary, T0) is not present in table",
    'invalid input syntax for type integer: "canary"',
    'invalid input syntax for type integer: "a\ncanary"',
    'invalid input syntax for type integer: "with "quotes" and a canary"',
    'invalid input value for enum mood: "canary"',
    'date/time field value out of range: "canary"',
    'value "canary" is out of range for type integer',
    'malformed array literal: "canary"',
    'time zone "canary" not recognized',
    'syntax error at or near "canary"\nLINE 1: SELECT canary\n               ^',
    'Token "canary" is invalid.',
    "CONTEXT:  COPY contact, line 1, column email: canary",
    "CONTEXT:  JSON data, line 1: canary...",
    "CONTEXT:  unnamed portal parameter $1 = 'canary'",
    "STATEMENT:  SELECT 'canary'",
    "[SQL: SELECT 'it''s canary', x FROM t]",
    "[parameters: {'name': 'canary'}]",
]
NUMBERS = [
    "+49 171 1234567",
    "+491711234567",
    "%2B491711234567",
    "0049 171 1234567",
    "(555) 123-4567",
    "555-123-4567",
    "555.123.4567",
    "0171 1234567",
    "0171/1234567",
    "020 7946 0958",
    "01 23 45 67 89",
    "13812345678",
    "138 1234 5678",
    "tel:5551234567",
    "f47ac10b58cc4372a5670e02b2c3d479",
    "v0=0123456789abcdef0123456789abcdef",
]
KEPT = [
    "api.slack.com/apps > your app > Basic Information > App-Level Tokens",
    "Slack refuses SLACK_APP_TOKEN: invalid_auth",
    "D-88 moved",
    "1732298000.123456",
    "10:30 on 2026-11-22",
    "2026-11-22T10:30:00.123456Z",
    "a v0=1 b",
    "127.0.0.1:8080",
    "the tick upkeep failed: OperationalError",
    'duplicate key value violates unique constraint "contact_email_key"',
    'new row for relation "ticket" violates check constraint "status"',
    'relation "ticket" does not exist',
    'password authentication failed for user "rapport"',
    "The database is at revision 0009 and needs 0010: run `rapport db upgrade`.",
    "f47ac10b-58cc-4372-a567-0e02b2c3d479 goes without pictures",
    "https://example.com/a?b=c",
    'File "/app/bot/schedule/clock.py", line 114, in _tick',
    "Python 3.11.2 on 10.0.0.1, version 18.0.1",
    "attempt 2: the token was refused",
    "SLACK_SIGNING_SECRET: must be 32 characters, 0-9 and a-f",
    "the password: is missing, though the name is there",
]


def spellings(said: str) -> list[str]:
    """Return a text as it is, and as it reads within others."""
    error = ValueError(f"before {said}")
    try:
        try:
            raise error
        except ValueError as inner:
            raise RuntimeError("it failed") from inner
    except RuntimeError as outer:
        chained = "".join(traceback.format_exception(outer))
    return [
        f"before {said}",
        f"before ({said})",
        json.dumps({"said": f"before {said}"}, ensure_ascii=False),
        json.dumps({"said": f"before {said}"}),
        repr(error),
        repr([repr(error)]),
        chained,
        "".join(traceback.format_exception(ExceptionGroup(f"before {said}", [error]))),
        " ".join(f"before {said}".split()),
    ]


@pytest.mark.parametrize("secret", [*SECRETS, *ROWS])
def test_what_is_secret_personal_or_a_rows_is_taken_out_of_every_spelling(secret: str) -> None:
    for said in spellings(secret):
        assert CANARY in said.lower() or "anary" in said or "Y2FuYXJ5" in said
        found = scrub(said)
        assert CANARY not in found.lower() and "Y2FuYXJ5" not in found, (said, found)
        assert "before" in found


@pytest.mark.parametrize("number", NUMBERS)
def test_no_number_of_a_telephone_or_a_secret_is_left(number: str) -> None:
    for said in spellings(number):
        assert "before" in scrub(said)
        assert sum(letter.isdigit() for letter in scrub(f"before {number}.")) == 0


@pytest.mark.parametrize("make", [Fernet.generate_key, lambda: Fernet(Fernet.generate_key()).encrypt(b"canary")])
def test_no_key_and_nothing_locked_is_left(make: Any) -> None:
    for _ in range(20):
        value = make().decode()
        for said in spellings(value):
            assert value not in scrub(said)


@pytest.mark.parametrize("kept", KEPT)
def test_what_is_neither_is_left_alone(kept: str) -> None:
    assert scrub(kept) == kept


def test_what_an_address_leads_to_is_still_there() -> None:
    assert scrub("like postgresql://user:password@host:5432/crm") == "like postgresql://[secret]@host:5432/crm"


def test_what_follows_a_row_is_still_there() -> None:
    said = (
        'duplicate key value violates unique constraint "x"\nDETAIL:  Key (a)=(canary\n\nb) already exists.\n'
        "HINT:  Mend it.\n[SQL: INSERT INTO x VALUES (%(a)s)]\n(Background on this error at: https://sqlalche.me/e/20/x)"
    )
    assert scrub(said).splitlines() == [
        'duplicate key value violates unique constraint "x"',
        "DETAIL:  [row]",
        "HINT:  Mend it.",
        "[SQL: INSERT INTO x VALUES (%(a)s)]",
        "(Background on this error at: https://sqlalche.me/e/20/x)",
    ]


STATEMENTS = [
    "INSERT INTO guest VALUES ('a canary', 1), ('a canary', 1)",
    "INSERT INTO guest VALUES ('two\nlines of canary', 1), ('two\nlines of canary', 1)",
    "INSERT INTO guest VALUES ('a canary', 101)",
    "INSERT INTO guest VALUES (NULL, 'canary')",
    "INSERT INTO stay VALUES ('a canary')",
    "SELECT CAST('a canary' AS integer)",
    "SELECT CAST('a \"quoted\" canary' AS date)",
    "SELECT CAST('{canary' AS integer[])",
    """SELECT CAST('{"name": canary}' AS jsonb)""",
    "SELECT CAST('a canary' AS uuid)",
    "SELECT now() AT TIME ZONE 'canary'",
    "SELECT nothing FROM guest WHERE name = 'canary'",
    "SELECT 'canary",
    "SELECT regexp_replace('x', 'canary(', '')",
    "SELECT interval 'canary'",
    "SELECT check_guest('a canary')",
    "SELECT to_date('canary', 'YYYY')",
    "SELECT inet 'canary'",
]


@pytest.fixture(scope="module")
def guests(cluster: Any) -> Any:
    """Make a database with rows to break."""
    url = cluster.create()
    with connect(url) as connection:
        connection.execute("CREATE TABLE guest (name text PRIMARY KEY, room integer NOT NULL CHECK (room < 100))")
        connection.execute("CREATE TABLE stay (name text REFERENCES guest)")
        connection.execute(
            "CREATE FUNCTION check_guest(name text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN"
            " RETURN CAST(name AS integer); END $$"
        )
    yield url
    cluster.drop(url)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_nothing_that_postgresql_quotes_of_rows_is_left(guests: str, statement: str) -> None:
    engine = create_engine(guests, hide_parameters=False)
    with pytest.raises(SQLAlchemyError) as raised, engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
    said = "".join(traceback.format_exception(raised.value))
    # Where in the code it was is no part of what the server says.
    shown = scrub(said.replace("canary(", "("))
    assert "canary" in said
    assert [line for line in shown.splitlines() if "canary" in line and "[SQL: " not in line] == []
    assert isinstance(raised.value, DBAPIError)
    assert "canary" not in scrub(str(raised.value.orig))
    assert "canary" not in scrub(" ".join(str(raised.value.orig).split()))


def test_nothing_of_a_copy_is_left(guests: str) -> None:
    with (
        pytest.raises(psycopg.Error) as raised,
        connect(guests) as connection,
        connection.cursor() as cursor,
        cursor.copy("COPY guest FROM STDIN") as copy,
    ):
        copy.write("name\ta canary\n")
    assert "canary" in str(raised.value) and "canary" not in scrub(str(raised.value))


def test_parameters_are_not_left(guests: str) -> None:
    engine = create_engine(guests, hide_parameters=False)
    with pytest.raises(SQLAlchemyError) as raised, engine.connect() as connection:
        connection.execute(text("INSERT INTO guest VALUES (:name, :room)"), {"name": "a\ncanary", "room": 200})
    engine.dispose()
    assert "canary" in str(raised.value) and "canary" not in scrub(str(raised.value))


def test_no_password_of_a_connection_that_fails_is_left() -> None:
    for url in ("postgresql://app:canary@127.0.0.1:1/crm", "host=127.0.0.1 port=1 password=canary canary", "canary x"):
        with pytest.raises(psycopg.Error) as raised:
            psycopg.connect(url, connect_timeout=2)
        assert "canary" not in scrub("".join(traceback.format_exception_only(raised.value)))


def test_a_terminal_gets_letters_only() -> None:
    shown = printable("a\x1b[31mred\x07 \x9b31m\u202e[bold]x\r\nsecond\tline xoxb-1-canary")
    assert not set(shown) & set("\x1b\x07\x9b\u202e\r")
    assert "[bold]x" in shown and "\nsecond\tline" in shown and "canary" not in shown
